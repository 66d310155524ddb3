"""A run in shards: what comes of it is what one process writes, or it says what is missing."""

import json
import random
import re
import signal
import subprocess

import pytest

from emulator.replay import Replay
from harness import tool

TIMES = re.compile(r'"(taken_at|finished_at)":"[^"]*"')


@pytest.fixture
def replay(org, emulator):
    with Replay(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def go(replay, tmp_path):
    def run(*arguments, **variables) -> tool.Run:
        return tool.run(tmp_path, *arguments, **{**tool.credentials(replay.url), **variables})

    return run


def lines(path) -> str:
    """The inventory without what the clock says."""
    return TIMES.sub(r'"\1":""', path.read_text("utf-8"))


def planned(go, shards: int, *more, run="run") -> int:
    """Plans a run; how many shards it has."""
    go("shard", "plan", "--run", run, "--role-name", tool.ROLE, "--shards", shards, *more).ended(0)
    return len(json.loads(go("shard", "status", "--run", run, "--json").out))


def whole(go, tmp_path, *more) -> str:
    go("collect", "--role-name", tool.ROLE, "--output", "single.jsonl", *more).ended(0)
    return lines(tmp_path / "single.jsonl")


@pytest.mark.parametrize("shards", [1, 2, 3, 99])
def test_merged_is_what_one_process_writes(go, org, tmp_path, shards):
    single = whole(go, tmp_path)
    count = planned(go, shards)
    assert count == min(shards, len(org.accounts))
    order = list(range(count))
    random.Random(shards).shuffle(order)
    for shard in order:
        go("shard", "run", "--run", "run", "--shard", shard).ended(0)
    go("shard", "merge", "--run", "run", "--output", "merged.jsonl").ended(0)
    assert lines(tmp_path / "merged.jsonl") == single


def test_organizations_is_asked_by_the_plan_alone(go, replay, org):
    planned(go, 2)
    replay.seen.clear()
    for shard in (0, 1):
        go("shard", "run", "--run", "run", "--shard", shard).ended(0)
    services = {call.service for call in replay.seen}
    assert "organizations" not in services and "sts" in services
