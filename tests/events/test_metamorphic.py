"""The same records, stored in another way: in more and smaller logs, in another order, under other names, beside the
logs of other accounts. No answer changes but the counts of objects and the places where records stand."""

import functools
import json
import random

import pytest

from harness import tool, tree

NOISE = "999900001111"
# What says where a record stands, or how much was read, and not what it says.
PLACES = {"at", "digest", "logs_read", "rests_on", "key", "asked_of"}
STORED = {
    "one log an hour": {"logs_per_hour": 1},
    "a log for each record": {"logs_per_hour": 1, "records_per_log": 1, "seed": 2},
    "small logs, shuffled": {"logs_per_hour": 1, "records_per_log": 3, "seed": 3, "shuffle": 7},
    "other names": {"logs_per_hour": 1, "seed": 4},
    "empty logs beside them": {"logs_per_hour": 6, "seed": 5, "shuffle": 9},
    "another account": {"logs_per_hour": 1, "seed": 6, "noise": True},
}
OWN = f"account != {NOISE}"
QUESTIONS = {
    "all": ["search", OWN],
    "a name": ["search", f"name = StopLogging and {OWN}"],
    "refused": ["search", f"denied and {OWN}"],
    "an address": ["search", f"ip in (cidr 198.51.100.0/24) and {OWN}"],
    "in time": ["search", OWN, "--sort", "time"],
    "by actor": ["stats", OWN, "--by", "actor", "--first"],
    "by hour": ["stats", OWN, "--by", "name", "--over", "1h"],
    "who stopped it": ["who", "00000000-0000-4000-8000-000000000012"],
}


@functools.cache
def story() -> tuple[dict, ...]:
    """The day of the sample's record, less what is not verified there."""
    run = tool.run(None, "events", "search", "--demo", "--raw", "--proof", "verified", "-f", "jsonl")
    assert run.code == 3, run.err
    records = [json.loads(line)["record"] for line in run.out.splitlines()]
    assert len(records) > 100
    return tuple(records)


def lay(folder, name: str) -> tree.Tree:
    spec = dict(STORED[name])
    records = list(story())
    if "shuffle" in spec:
        random.Random(spec.pop("shuffle")).shuffle(records)
    noise = spec.pop("noise", False)
    accounts = sorted({it["recipientAccountId"] for it in records})
    regions = sorted({it["awsRegion"] for it in records})
    day = {"start": "2026-11-15T04:00:00Z", "hours": 30, "regions": regions}
    also = [day | {"accounts": [NOISE], "records": 4, "logs_per_hour": 1}] if noise else []
    return tree.make(folder, accounts=accounts, events=records, records=0, also=also, **day, **spec)


def answers(folder, name: str) -> dict:
    made = lay(folder, name)
    found = {}
    for question, (command, *words) in QUESTIONS.items():
        times = ["--until", "2026-11-16T04:00:00Z", "--now", "2026-11-17T12:00:00Z", "--public-keys", str(made.keys)]
        run = tool.run(folder, "events", command, str(made.root), *words, *times, "-f", "json")
        assert run.code == 0, f"{question}: {run.err}{run.out[-500:]}"
        found[question] = said(json.loads(run.out))
    return found


def said(answer):
    """The answer without the places; records in an order of their own where the order of the logs decides."""
    if isinstance(answer, dict):
        return {name: said(value) for name, value in answer.items() if name not in PLACES}
    if isinstance(answer, list):
        return [said(it) for it in answer]
    return answer


def ids(answer: dict) -> list[str]:
    return [it["record"]["eventID"] for it in answer["records"]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    found = answers(tmp_path_factory.mktemp("plain"), "one log an hour")
    assert {it["recipientAccountId"] for it in story()} > {"111111111111"}
    assert ids(found["all"]) != [] and ids(found["a name"]) != [] and ids(found["refused"]) != []
    assert found["who stopped it"]["who"][0]["state"] == "resolved"
    return found


@pytest.mark.parametrize("name", [it for it in STORED if it != "one log an hour"])
def test_how_it_is_stored_changes_no_answer(name, plain, tmp_path):
    found = answers(tmp_path, name)
    assert found.keys() == plain.keys()
    for question, expected in plain.items():
        answer = found[question]
        if "records" in expected and isinstance(expected["records"], list):
            # Records of one second have no order but that of their logs.
            order = lambda it: (it["record"]["eventTime"], it["record"]["eventID"])  # noqa: E731
            times = [it["record"]["eventTime"] for it in answer["records"]]
            if question == "in time":
                assert times == sorted(times)
            assert sorted(answer.pop("records"), key=order) == sorted(expected["records"], key=order), question
            expected = {name: it for name, it in expected.items() if name != "records"}
        assert answer == expected, question
