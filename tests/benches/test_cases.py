"""What is said of who can tamper in many organizations with something amiss stays what it was, or was changed with a reason."""

import json
import lzma
from pathlib import Path

import pytest
from harness import tool

DATA = Path(__file__).parent.parent / "data"
# Few organizations, and what each case leaves out of one and adds to it.
ORGANIZATIONS = json.loads(lzma.decompress((DATA / "cases-organizations.json.xz").read_bytes()))
# Written with the evaluator as it was before it shared any work between principals, like `shapes.json`, for each case as
# far as it differs from what is said of most of the same organization. `since` holds what was changed on purpose, and why:
# where a verdict changes again, change it by hand, and say why.
KEPT = json.loads((DATA / "cases.json").read_text())
# Who can tamper; this one asks another question since.
ELSEWHERE = "access-cloudwatch-delivery-role"


def inventory(case):
    base = ORGANIZATIONS["bases"][case["base"]]
    dropped = set(case["drop"])
    records = case["add"] + [it for at, it in enumerate(base["records"]) if at not in dropped]

    def of(*kinds):
        return [it for it in records if it["record"] in kinds]

    middle = [it for it in records if it["record"] not in ("header", "trailer")]
    tail = of("trailer")[:1]
    for it in tail:
        kinds = [record["record"] for record in middle]
        it["value"]["counts"] = {kind: kinds.count(kind) for kind in kinds}
    return [*of("header")[:1], *middle, *tail]


@pytest.mark.parametrize("name", ORGANIZATIONS["cases"])
def test_verdicts(name, tmp_path):
    case = ORGANIZATIONS["cases"][name]
    base = ORGANIZATIONS["bases"][case["base"]]
    (tmp_path / "org.jsonl").write_text("".join(json.dumps(it) + "\n" for it in inventory(case)))
    settings = "".join(f"{key} = {json.dumps(value)}\n" for key, value in base["settings"].items())
    (tmp_path / "settings.toml").write_text(settings)
    now = ("--now", base["now"]) if base["now"] else ()
    ran = tool.run(tmp_path, "scan", "--inventory", "org.jsonl", "-c", "settings.toml", "-f", "json", *now)
    assert ran.code in (0, 1, 3), ran.err
    told = {}
    for it in json.loads(ran.out)["findings"]:
        if it["check"].startswith("access-") and it["check"] != ELSEWHERE:
            own = told.setdefault(it["check"], {}).setdefault(f"{it['status']} {it['severity']}", [])
            own.append(it["subject"]["id"])
    told = {check: {status: sorted(ids) for status, ids in own.items()} for check, own in told.items()}
    kept = KEPT["cases"][name]
    since = kept.get("since", {"says": {}})
    wanted = KEPT["bases"][case["base"]] | kept.get("said", {}) | since["says"]
    for check in sorted({*wanted, *told}):
        assert told.get(check) == wanted[check], check


def test_each_change_has_a_reason_and_is_one():
    for name, kept in KEPT["cases"].items():
        before = KEPT["bases"][ORGANIZATIONS["cases"][name]["base"]] | kept.get("said", {})
        if since := kept.get("since"):
            assert since["why"] and since["says"], name
            assert all(before.get(check) != says for check, says in since["says"].items()), name
    assert KEPT["cases"].keys() == ORGANIZATIONS["cases"].keys()


def test_something_is_said():
    """In many cases somebody can tamper, in many somebody cannot, and in many it is not known."""
    said = [KEPT["bases"][ORGANIZATIONS["cases"][name]["base"]] | it.get("said", {}) for name, it in KEPT["cases"].items()]
    statuses = [status.split()[0] for told in said for own in told.values() if own for status in own]
    assert all(statuses.count(status) > 50 for status in ("fail", "pass", "unknown"))
