"""Every format of one audit tells the same, is valid by other people's judgement, and shows nothing raw."""

import re

import pytest

from harness import asff, inventory, junit, markdown, ocsf, oscal, page, sarif, table, tool

JUDGED = {"csv": table, "markdown": markdown, "ocsf": ocsf, "asff": asff, "oscal": oscal, "html": page}
FORMATS = ("json", "sarif", "junit", "text", *JUDGED)
# What a terminal or a reader would act on: controls but tab and line feed, C1 controls, bidi marks, lines.
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def every_format() -> list[str]:
    return [argument for kind in FORMATS for argument in ("-f", f"{kind}=a.{kind}")]


def reports(folder, *source) -> tool.Run:
    return tool.run(folder, "scan", "--details", *source, *every_format())


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    tool.run(folder, "collect", "--demo", "-o", "demo.jsonl").ended(0)
    return reports(folder, "--demo").ended(1)


def assert_valid(run: tool.Run) -> None:
    assert sarif.problems(run.folder / "a.sarif") == []
    assert junit.problems(run.folder / "a.junit") == []
    raw = RAW.search(run.text("a.text"))
    assert raw is None, f"{raw.group()!r} at {raw.start()}"
    for name in ("a.json", "a.sarif", "a.junit"):
        assert "\x1b" not in run.text(name), name
    for kind, judge in JUDGED.items():
        assert judge.problems(run.folder / f"a.{kind}") == [], kind
        raw = RAW.search(run.text(f"a.{kind}"))
        assert raw is None, f"{kind}: {raw.group()!r} at {raw.start()}"


def test_the_demo_shows_all_that_it_promises(demo):
    audit = demo.json("a.json")
    statuses = {}
    for finding in audit["findings"]:
        statuses.setdefault(finding["check"], set()).add(finding["status"])
    assert set().union(*statuses.values()) == {"pass", "fail", "unknown", "not_applicable"}
    assert len(audit["findings"]) >= 50
    assert {"pass"} in statuses.values() and {"unknown"} in statuses.values()
    assert "unreachable" in {a["status"] for a in audit["coverage"]["accounts"]}


def test_the_demo_is_its_own_inventory(demo, tmp_path):
    now = demo.json("a.json")["now"]
    again = reports(tmp_path, "--inventory", str(demo.folder / "demo.jsonl"), "--now", now).ended(1)
    for kind in FORMATS:
        assert again.text(f"a.{kind}") == demo.text(f"a.{kind}"), kind


def test_every_format_is_valid(demo):
    assert_valid(demo)


def test_sarif_has_every_open_failure_and_every_rule(demo):
    audit, (run,) = demo.json("a.json"), demo.json("a.sarif")["runs"]
    told = [
        (r["ruleId"], r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]) for r in run["results"]
    ]
    wanted = ("fail", "unknown")
    seen = [
        (f["check"], f["subject"]["id"])
        for f in audit["findings"]
        if f["status"] in wanted and "waiver" not in f
    ]
    assert sorted(told) == sorted(seen)
    assert sorted(r["id"] for r in run["tool"]["driver"]["rules"]) == sorted(c["id"] for c in audit["checks"])
    unknown = {(f["check"], f["subject"]["id"]) for f in audit["findings"] if f["status"] == "unknown"}
    levels = {r["level"] for r, key in zip(run["results"], told, strict=True) if key in unknown}
    assert levels == {"note"}


def test_junit_counts_are_those_of_the_audit(demo):
    summary = demo.json("a.json")["summary"]
    waived = summary["waived"]
    assert junit.totals(demo.folder / "a.junit") == {
        "passed": summary["pass"],
        "failure": summary["fail"] - waived,
        "error": summary["unknown"],
        "skipped": summary["not_applicable"] + waived,
    }
    said = junit.said(demo.folder / "a.junit")
    assert said["tests"] == len(demo.json("a.json")["findings"])
    assert (said["failures"], said["errors"]) == (summary["fail"] - waived, summary["unknown"])


@pytest.mark.parametrize("kind", JUDGED)
def test_every_format_has_the_totals_of_the_audit(demo, kind):
    summary = demo.json("a.json")["summary"]
    totals = JUDGED[kind].totals(demo.folder / f"a.{kind}")
    assert totals == {name: summary[name] for name in totals}
    assert len(totals) == 5


def open_failures(audit: dict) -> list[str]:
    failures = (f for f in audit["findings"] if f["status"] == "fail" and "waiver" not in f)
    return sorted(f["fingerprint"] for f in failures)


def test_every_format_has_every_open_failure(demo):
    wanted = open_failures(demo.json("a.json"))
    rows = [r for r in table.rows(demo.folder / "a.csv") if r["record"] == "finding"]
    assert sorted(r["fingerprint"] for r in rows if r["status"] == "fail" and not r["waiver_expires"]) == wanted
    events = [e for e in ocsf.events(demo.folder / "a.ocsf") if e["compliance"]["status_id"] == 3]
    assert sorted(e["finding_info"]["uid"] for e in events if e["status_id"] == 1) == wanted
    fields = [f["ProductFields"] for f in asff.findings(demo.folder / "a.asff") if f["RecordState"] == "ACTIVE"]
    told = [f for f in fields if f["trailaudit/Status"] == "fail" and "trailaudit/Waiver" not in f]
    assert sorted(f["trailaudit/Fingerprint"] for f in told) == wanted
    result = oscal.result(demo.folder / "a.oscal")
    of = {o["uuid"]: oscal.prop(o, "fingerprint") for o in result["observations"]}
    risks = [r for r in result["risks"] if r["status"] == "open"]
    assert sorted(of[r["related-observations"][0]["observation-uuid"]] for r in risks) == wanted
    comment = demo.text("a.markdown")
    told = [
        finding["check"] in comment and finding["subject"]["id"] in comment
        for finding in demo.json("a.json")["findings"]
        if finding["fingerprint"] in wanted
    ]
    # A page has a limit: what it does not tell, it counts.
    left_out = re.search(r"Left out: (\d+) open failures", comment)
    assert told.count(False) <= int(left_out[1] if left_out else 0) < len(wanted) * 2 / 3
    shown = "".join(page.tree(demo.folder / "a.html", []).itertext())
    for finding in demo.json("a.json")["findings"]:
        if finding["fingerprint"] in wanted:
            subject = finding["subject"]
            # A region is shown under its account, and not by its id `ACCOUNT/REGION`.
            parts = subject["id"].split("/") if subject["kind"] == "region" else [subject["id"]]
            assert finding["check"] in shown and all(part in shown for part in parts)


def test_oscal_rolls_up_by_control(demo):
    """The worst observation of a control decides; nothing but `satisfied` and `not-satisfied` is said."""
    result = oscal.result(demo.folder / "a.oscal")
    status = {o["uuid"]: oscal.prop(o, "status") for o in result["observations"]}
    assert result["findings"]
    for finding in result["findings"]:
        seen = {status[o["observation-uuid"]] for o in finding["related-observations"]}
        target = finding["target"]["status"]
        if "fail" in seen:
            wanted = ("not-satisfied", "fail")
        elif "unknown" in seen:
            wanted = ("not-satisfied", "other")
        else:
            wanted = ("satisfied", "pass")
        assert (target["state"], target["reason"]) == wanted, finding["title"]


def test_markdown_hides_what_is_asked_to_and_says_so(demo, tmp_path):
    tool.run(tmp_path, "scan", "--demo", "-f", "markdown=a.md", "--min-severity", "critical").ended(1)
    summary = demo.json("a.json")["summary"]
    hidden = summary["fail"] - summary["waived"] - summary["by_severity"]["critical"]
    told = (tmp_path / "a.md").read_text("utf-8")
    assert f"Not shown because of --min-severity critical: {hidden} fail" in told
    totals = markdown.totals(tmp_path / "a.md")
    assert totals == {name: summary[name] for name in totals}


def test_text_names_every_open_failure_and_every_total(demo):
    audit, text = demo.json("a.json"), demo.text("a.text")
    for finding in audit["findings"]:
        if finding["status"] in ("fail", "unknown"):
            assert finding["check"] in text, finding["check"]
    for status in ("pass", "fail", "unknown", "not_applicable"):
        assert re.search(rf"\b{audit['summary'][status]:,}\b", text), status


@pytest.mark.parametrize("kind", inventory.HOSTILE)
def test_hostile_text_stays_text(demo, tmp_path, kind):
    records, places = inventory.hostile(inventory.read(demo.folder / "demo.jsonl"), inventory.HOSTILE[kind])
    assert places >= 10
    inventory.write(tmp_path / "hostile.jsonl", records)
    run = reports(tmp_path, "--inventory", "hostile.jsonl").ended(1)
    assert_valid(run)
    assert run.json("a.json")["summary"] == demo.json("a.json")["summary"]


def test_a_megabyte_of_text(demo, tmp_path):
    records, _ = inventory.hostile(inventory.read(demo.folder / "demo.jsonl"), "")
    long = "<x> ]]> \x1b" * 100_000
    changed, places = inventory.hostile(records[:3], long)
    assert places >= 1
    inventory.write(tmp_path / "long.jsonl", [*changed, *records[3:]])
    run = reports(tmp_path, "--inventory", "long.jsonl").ended(1)
    assert_valid(run)
    assert run.json("a.json")["summary"] == demo.json("a.json")["summary"]


def test_hostile_text_in_an_answer_of_aws(org, scan, emulator):
    """Error messages come from outside as well."""
    text = " ".join(inventory.HOSTILE.values())
    emulator.refuse("AccessDeniedException", operation="kms:*", message=text)
    assert_valid(scan(*every_format()).ended(3))
