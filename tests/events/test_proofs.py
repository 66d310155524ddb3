"""Every tree that `verify` is tested with, with records in its logs: what is proved of each record is what an
independent judge of signatures says, and an answer is complete where the rules of that tree leave nothing open."""

import importlib.util
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from harness import proofs, tool, tree

ROOT = Path(__file__).parents[2]
CASES = [case for file in sorted((ROOT / "checks/tests/digest/cases").glob("*.json")) for case in json.loads(file.read_text())]
# What a folder cannot have, or a search is not told.
UNABLE = {"denied", "logging", "trails_known", "buckets"}


def cli_judge():
    spec = importlib.util.spec_from_file_location("judge", ROOT / "checks/tests/digest/judge.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def planted(faults: list[dict]) -> list[dict]:
    """What is added to a tree gets a record of its own."""
    for number, fault in enumerate(faults):
        if fault["do"] == "add-log":
            fault["records"] = [{"eventID": f"planted-{number}", "eventName": "DeleteTrail", "eventVersion": "1.11"}]
    return faults


def chains(case: dict) -> list[dict]:
    expect = case["expect"]
    return expect.get("chains") or ([expect["chain"]] if "chain" in expect else [])


def test_all_are_here():
    assert len(CASES) > 150 and sum(not UNABLE & set(case.get("with", {})) for case in CASES) > 140


def classes(found: list[str]) -> list[str]:
    """`unlisted` says more than `unverified`: no digest that could list the log is missing. The judge knows no chains."""
    return sorted("not proved" if it in ("unlisted", "unverified") else it for it in found)


@pytest.mark.parametrize("case", [it for it in CASES if not UNABLE & set(it.get("with", {}))], ids=lambda it: it["name"])
def test_what_is_proved_of_each_record(case, tmp_path):
    spec = {"records": 3} | case.get("tree", {})
    spec["also"] = [{"records": 3} | it for it in spec.get("also", [])]
    spec["faults"] = planted(spec.get("faults", []))
    made = tree.make(tmp_path, **spec)
    keys = cli_judge().public_keys(json.loads(made.keys.read_text()), case.get("with", {}).get("keys", "complete"))
    if case.get("with", {}).get("keys") == "incomplete":
        keys = {region: answer | {"NextToken": "more"} for region, answer in keys.items()}
    made.keys.write_text(json.dumps(keys))
    expected = proofs.proofs(made.root, spec.get("bucket", "logs"), keys)
    search = ["events", "search", str(made.root), "--public-keys", str(made.keys), "--all-trails", "-f", "json"]
    times = ["--since", "2025-12-01", "--until", "2026-01-03", "--now", "2026-01-05T00:00:00Z"]
    run = tool.run(tmp_path, *search, *times)
    assert run.code in (0, 3), run.err
    answer = json.loads(run.out)
    found = {}
    for record in answer["records"]:
        found.setdefault(record["record"]["eventID"], []).append(record["proof"])
    # Of a log that is cut off, we keep what was whole: it is known to be altered.
    extra = {proof for event in set(found) - set(expected) for proof in found[event]}
    assert extra <= {"altered"}
    for event, proved in expected.items():
        # What is not proved may be left unread (a key that CloudTrail does not write), and is counted then.
        if event not in found:
            assert classes(proved) == ["not proved"] and answer["rests_on"]["logs"]["unread"] > 0, event
        else:
            assert classes(found[event]) == classes(proved), event
    # The window is longer than the tree: that alone is told. Within it, a fault is never called complete.
    assert run.code == 3


@pytest.mark.parametrize("part", range(4))
def test_an_answer_is_complete_if_and_only_if_nothing_is_open(part, tmp_path):
    """By the rules that were written for `verify`: each hour of the window verified, each log there and proved."""
    wrong, counts = [], {0: 0, 3: 0}
    for number, case in list(enumerate(CASES))[part::4]:
        given = case.get("with", {})
        if set(given) - {"window"} or not chains(case):
            continue
        letters = {letter for it in chains(case) for letter in it["hours"]}
        open_hours = letters & set("giu")
        open_logs = any(count for it in chains(case) for count in it["logs"][1:])
        expected = 3 if open_hours or open_logs else 0
        if expected == 0 and ("-" in letters or "window" in given):
            # Hours that are not due, or before the first digest; what is wrong after a window may hide late logs of it.
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        spec = case.get("tree", {})
        made = tree.make(folder, **spec)
        start, end = given.get("window", (0, spec.get("hours", 6)))
        begin = datetime.fromisoformat(spec.get("start", "2026-01-01T00:00:00Z"))
        times = ["--since", stamp(begin, start), "--until", stamp(begin, end), "--now", "2026-01-05T00:00:00Z"]
        run = tool.run(folder, "events", "search", str(made.root), "--public-keys", str(made.keys), "-f", "json", *times)
        counts[expected] += 1
        if run.code != expected:
            wrong.append(f"{case['name']}: exit {run.code}, not {expected}")
    assert wrong == []
    assert counts[0] >= 2 and counts[3] >= 10, counts


def stamp(begin: datetime, hours: float) -> str:
    return (begin + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
