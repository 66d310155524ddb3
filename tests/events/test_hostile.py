"""Records that somebody made to do harm, through every answer and every format: no panic, nothing lost, nothing acts."""

import csv
import io
import json

import pytest

from harness import asff, inventory, junit, markdown, ocsf, oscal, page, records, sarif, table, tool, tree

FORMATS = {
    "detect": ("text", "json", "sarif", "junit", "csv", "markdown", "html", "ocsf", "asff", "oscal"),
    "timeline": ("text", "html", "json", "jsonl", "csv"),
    "ask": ("text", "html", "json", "jsonl", "csv", "ocsf"),
}
JUDGES = {"html": page, "csv": table, "ocsf": ocsf, "markdown": markdown, "junit": junit, "sarif": sarif, "asff": asff, "oscal": oscal}
# What each answer is asked, so that every record is part of it.
WORDS = {"detect": [], "timeline": ["--noise", "show"], "ask": ["what-did", "*"]}


def outputs(folder, command: str, *words) -> dict:
    """Every format of an answer, by name."""
    kinds = FORMATS[command]
    formats = [it for kind in kinds for it in ("-f", f"{kind}={command}.{kind}")]
    run = tool.run(folder, "events", command, *words, *formats)
    assert run.code == 3, (command, run.code, run.err[-500:])
    assert records.RAW.search(run.err.replace("\n", " ")) is None, run.err
    return {kind: folder / f"{command}.{kind}" for kind in kinds}


def assert_harmless(paths: dict, judged: bool = True) -> None:
    for kind, path in paths.items():
        # In JSON, what has no width is spelled out as well, and all of it is data.
        assert records.raw(path) == [], kind
        if judged and kind in JUDGES:
            assert JUDGES[kind].problems(path) == [], kind
    if "csv" in paths:
        cells = [cell for row in csv.reader(io.StringIO(paths["csv"].read_text("utf-8"))) for cell in row]
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "@", "\t"))]


@pytest.mark.parametrize("kind", records.HOSTILE)
def test_detect(tmp_path, kind):
    records.write(tmp_path / "log.json", records.hostile(kind))
    paths = outputs(tmp_path, "detect", "log.json")
    assert_harmless(paths)
    audit = json.loads(paths["json"].read_text("utf-8"))
    # Each key event keeps its records, whatever is written beside what makes it one.
    if kind in records.TEXTS:
        found = {it["check"] for it in audit["findings"] if it["subject"]["id"] != "all accounts of the logs"}
        assert {it["eventID"].split()[0] for it in records.key_events()} - found <= CHANGED, kind
    assert audit["events"]["records"]["unverified"] == len(records.hostile(kind))


# Conditions on values that these records have changed: the values are no longer what makes a key event.
CHANGED = {
    "event-console-login-no-mfa",
    "event-console-login-federated",
    "event-console-login-failed",
    "event-log-bucket-exposed-or-weakened",
    "event-log-objects-deleted",
    "event-public-block-removed",
    "event-bucket-protection-removed",
    "event-user-created",
    "event-insight",
    "event-root-used",
    "event-denied-first",
}


@pytest.mark.parametrize("kind", records.HOSTILE)
def test_timeline(tmp_path, kind):
    some = records.hostile(kind)
    records.write(tmp_path / "log.json", some)
    paths = outputs(tmp_path, "timeline", "log.json", *WORDS["timeline"])
    assert_harmless(paths)
    told = json.loads(paths["json"].read_text("utf-8"))
    assert told["records"] == len(some)
    lines = [json.loads(it) for it in paths["jsonl"].read_text("utf-8").splitlines()]
    assert [it["episode"] for it in lines if "episode" in it] == told["episodes"]
    assert sum(it["records"] for it in told["episodes"]) == len(some)


@pytest.mark.parametrize("kind", records.HOSTILE)
def test_search_and_ask(tmp_path, kind):
    some = records.hostile(kind)
    records.write(tmp_path / "log.json", some)
    run = tool.run(tmp_path, "events", "search", "log.json", "--sort", "time", "-f", "jsonl=a.jsonl", "-f", "html=a.html", "-f", "csv=a.csv", "-f", "text=a.txt")
    assert run.code == 3, run.err[-500:]
    assert_harmless({"jsonl": tmp_path / "a.jsonl", "html": tmp_path / "a.html", "csv": tmp_path / "a.csv", "text": tmp_path / "a.txt"})
    lines = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == len(some)
    if kind in records.TEXTS or kind.startswith("wrong"):
        # The values are those of the log, whatever spells them.
        told = sorted(json.dumps(json.loads(it)["record"], sort_keys=True) for it in lines)
        assert told == sorted(json.dumps(json.loads(records.text(it)), sort_keys=True) for it in some)
    paths = outputs(tmp_path, "ask", "log.json", "who-changed", "data")
    assert_harmless(paths)


@pytest.mark.parametrize("argument", records.TEXTS.values(), ids=records.TEXTS)
def test_hostile_arguments_of_a_question(tmp_path, argument):
    """The question stands in the answer."""
    if "\x00" in argument:
        pytest.skip("an argument of a program has no NUL")
    argument = argument.encode("utf-8", "replace").decode("utf-8")
    records.write(tmp_path / "log.json", records.key_events())
    paths = outputs(tmp_path, "ask", "log.json", "who-changed", argument)
    assert_harmless(paths)
    assert json.loads(paths["json"].read_text("utf-8"))["asked"]["argument"] == argument


def test_a_planted_hostile_log_makes_its_own_finding_alone(tmp_path):
    """In a signed tree, what was planted acts in no output of detect and of the timeline."""
    planted = [it for kind in ("escape", "markup", "github", "bidi") for it in records.hostile(kind)[:40]]
    made = tree.make(tmp_path, records=3, faults=[{"do": "add-log", "minute": 130, "records": planted}])
    source = [str(made.root), "--public-keys", str(made.keys), "--until", tree.END, "--now", tree.NOW]
    formats = [it for kind in FORMATS["detect"] for it in ("-f", f"{kind}=a.{kind}")]
    tool.run(tmp_path, "events", "detect", *source, *formats).ended(1)
    assert_harmless({kind: tmp_path / f"a.{kind}" for kind in FORMATS["detect"]})
    audit = tool.run(tmp_path, "events", "detect", *source, "-f", "json").ended(1)
    assert {it["check"] for it in json.loads(audit.out)["findings"] if it["status"] == "fail"} == {"event-log-planted"}


@pytest.mark.parametrize("kind", ["escape", "markup", "github", "no width", "wrong objects"])
def test_evidence(tmp_path, kind):
    """A bundle holds the key events of hostile records, verifies, and nothing in its files acts."""
    records.write(tmp_path / "log.json", records.hostile(kind))
    told = json.loads(tool.run(tmp_path, "events", "timeline", "log.json", "-f", "json").ended(3).out)
    tool.run(tmp_path, "collect", "--demo", "-o", "demo.jsonl").ended(0)
    *lines, trailer = inventory.read(tmp_path / "demo.jsonl")
    trailer["value"]["counts"]["events"] = 1
    events = {"record": "events", "value": {"rests_on": told["rests_on"], "found": told["key_events"]}}
    inventory.write(tmp_path / "events.jsonl", [*lines, events, trailer])
    tool.run(tmp_path, "evidence", "create", "--inventory", "events.jsonl", "-o", "bundle").ended(0)
    verified = tool.run(tmp_path, "evidence", "verify", "bundle")
    assert "WRONG" not in verified.out + verified.err, verified.out
    found = [json.loads(it) for it in (tmp_path / "bundle/events/key-events.jsonl").read_text("utf-8").splitlines()]
    assert found == told["key_events"] and found
    acting = {}
    for path in (tmp_path / "bundle").rglob("*"):
        if path.suffix in (".json", ".jsonl", ".csv", ".txt", ".html", ".md", ".xml", ".sarif") and (some := records.raw(path)):
            acting[path.name] = some[0]
    # The inventory is kept as it was given.
    assert {it for it in acting if "inventory" not in it} == set(), acting
