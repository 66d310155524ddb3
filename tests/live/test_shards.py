"""A run in shards: what comes of it is what one process writes, or it says what is missing."""

import json
import random
import re
import signal
import subprocess
from threading import Event

import pytest

from emulator.replay import Replay
from harness import tool, tree

TIMES = re.compile(r'"(taken_at|finished_at)":"[^"]*"')
SHARDS = re.compile(r',"shards":\[.*\](?=\}\}$)')


@pytest.fixture
def replay(org, emulator):
    with Replay(emulator.url, changing=("/fleet-runs",)) as proxy:
        yield proxy


@pytest.fixture
def go(replay, tmp_path):
    def run(*arguments, **variables) -> tool.Run:
        return tool.run(tmp_path, *arguments, **{**tool.credentials(replay.url), **variables})

    return run


def lines(path) -> str:
    """The inventory without what the clock says, and without the shards that a merged one names."""
    return TIMES.sub(r'"\1":""', SHARDS.sub("", path.read_text("utf-8").rstrip("\n")))


def planned(go, shards: int, *more, run="run") -> int:
    """Plans a run; how many shards it has."""
    return int(go("shard", "plan", "--run", run, "--role-name", tool.ROLE, "--shards", shards, *more).ended(0).out)


def whole(go, tmp_path, *more) -> str:
    go("collect", "--role-name", tool.ROLE, "--output", "single.jsonl", *more).ended(0)
    return lines(tmp_path / "single.jsonl")


@pytest.mark.parametrize("shards", [1, 2, 3, 7, "all"])
def test_merged_is_what_one_process_writes(go, org, tmp_path, shards):
    single = whole(go, tmp_path)
    shards = len(org.accounts) if shards == "all" else shards
    count = planned(go, shards)
    assert count == shards
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


def deliver(go, shards, run="run") -> None:
    for shard in shards:
        go("shard", "run", "--run", run, "--shard", shard).ended(0)


def status(go) -> list[dict]:
    return json.loads(go("shard", "status", "--run", "run", "--json").out)


def test_closed_regions_and_denied_accounts_are_merged_alike(go, emulator, org, tmp_path):
    """What is denied, and what takes the organization's policies to explain."""
    closed = sorted(org.regions)[-1]
    emulator.refuse("AccessDeniedException", operation="cloudtrail:*", regions=(closed,))
    emulator.refuse("AccessDenied", operation="sts:AssumeRole", resource=sorted(org.members)[0])
    single = whole(go, tmp_path)
    deliver(go, range(planned(go, 2)))
    go("shard", "merge", "--run", "run", "--output", "merged.jsonl").ended(0)
    assert lines(tmp_path / "merged.jsonl") == single


def test_chosen_checks_accounts_and_regions(go, org, tmp_path):
    chosen = ["--check", "trail-*", "--accounts", *sorted(org.accounts)[:3], "--regions", "us-east-1", "eu-west-1"]
    single = whole(go, tmp_path, *chosen)
    count = planned(go, 3, *chosen)
    deliver(go, range(count))
    go("shard", "merge", "--run", "run", "--output", "merged.jsonl").ended(0)
    assert lines(tmp_path / "merged.jsonl") == single


def test_in_a_bucket(go, org, tmp_path):
    single = whole(go, tmp_path)
    org.client("s3").create_bucket(Bucket="fleet-runs")
    run = "s3://fleet-runs/nights/1"
    go("shard", "plan", "--run", run, "--role-name", tool.ROLE, "--shards", 2).ended(0)
    deliver(go, (1, 0), run)
    go("shard", "merge", "--run", run, "--output", "merged.jsonl").ended(0)
    assert lines(tmp_path / "merged.jsonl") == single
    held = org.client("s3").list_objects_v2(Bucket="fleet-runs")["Contents"]
    names = ["organization.jsonl.zst", "plan.json", "shards/0000.jsonl.zst", "shards/0001.jsonl.zst"]
    assert [it["Key"] for it in held] == [f"nights/1/{name}" for name in names]
    # A plan is not replaced.
    again = go("shard", "plan", "--run", run, "--role-name", tool.ROLE, "--shards", 3).ended(2)
    assert "holds the plan of a run already" in again.err


def test_each_missing_shard_is_named_with_its_accounts(go, org, tmp_path):
    """Nothing is written without it; with --allow-missing its accounts are unreachable, and no verdict is better."""
    single = whole(go, tmp_path)
    go("scan", "--inventory", "single.jsonl", "-f", "json=single.json")
    verdicts = {(it["check"], it["subject"]["id"]): it["status"] for it in tool_json(tmp_path / "single.json")}
    for left_out in (0, 1, 2):
        run = f"run-{left_out}"
        count = planned(go, 3, run=run)
        deliver(go, [it for it in range(count) if it != left_out], run)
        accounts = json.loads((tmp_path / run / "plan.json").read_text())["shards"][left_out]
        refused = go("shard", "merge", "--run", run, "--output", "merged.jsonl").ended(3)
        assert f"shard {left_out} of 3 has not delivered" in refused.err and ", ".join(accounts) in refused.err
        assert not (tmp_path / "merged.jsonl").exists()
        go("shard", "merge", "--run", run, "--allow-missing", "--output", "merged.jsonl").ended(0)
        assert lines(tmp_path / "merged.jsonl") != single
        done = go("scan", "--inventory", "merged.jsonl", "-f", "json=merged.json", "--fail-on", "critical")
        audit = json.loads((tmp_path / "merged.json").read_text())
        unreached = {it["id"] for it in audit["coverage"]["accounts"] if it["status"] == "unreachable"}
        assert unreached == set(accounts)
        assert done.code in (1, 3)
        told = [it["reason"] for it in audit["coverage"]["accounts"] if it["id"] in unreached]
        assert all(f"shard {left_out} of 3 did not deliver" in str(it) for it in told)
        for it in tool_json(tmp_path / "merged.json"):
            if it["status"] == "pass":
                assert verdicts.get((it["check"], it["subject"]["id"])) == "pass", it
        (tmp_path / "merged.jsonl").unlink()


def tool_json(path) -> list[dict]:
    return json.loads(path.read_text())["findings"]


def test_a_killed_worker_leaves_nothing_and_is_run_again(go, replay, org, tmp_path):
    single = whole(go, tmp_path)
    count = planned(go, 2)
    command = [tool.binary(), "shard", "run", "--run", "run", "--shard", "0"]
    variables = tool.environment(tmp_path, **tool.credentials(replay.url))
    hold = replay.hold
    for ending, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 75), (signal.SIGINT, 75)):
        begun = len(replay.seen)
        held, free = Event(), Event()
        replay.hold = lambda number: (held.set(), free.wait(20)) if number > begun + 12 else None
        worker = subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=subprocess.PIPE)
        assert held.wait(30)
        worker.send_signal(ending)
        assert worker.wait(10) == code, worker.stderr.read()
        free.set()
        replay.hold = hold
        assert not status(go)[0]["delivered"]
    failures = status(go)[0]["failures"]
    assert [it["exit_code"] for it in failures] == [75, 75]
    deliver(go, range(count))
    deliver(go, range(count))
    assert all(it["delivered"] for it in status(go))
    go("shard", "merge", "--run", "run", "--output", "merged.jsonl").ended(0)
    assert lines(tmp_path / "merged.jsonl") == single


def test_throttled_out_is_another_attempt_and_then_a_fact(go, emulator, org, tmp_path):
    planned(go, 1)
    account = sorted(org.members)[0]
    emulator.refuse("ThrottlingException", message="Rate exceeded", operation="sts:AssumeRole", resource=account, status=400)
    for attempt in (1, 2):
        again = go("shard", "run", "--run", "run", "--shard", "0").ended(75)
        assert "another attempt may see more" in again.err
    assert [it["attempt"] for it in status(go)[0]["failures"]] == [1, 2]
    deliver(go, [0])
    go("shard", "merge", "--run", "run", "--output", "merged.jsonl").ended(0)
    go("scan", "--inventory", "merged.jsonl", "-f", "json=merged.json")
    accounts = json.loads((tmp_path / "merged.json").read_text())["coverage"]["accounts"]
    assert {it["id"] for it in accounts if it["status"] == "unreachable"} == {account}


def test_engines_say_which_shard(go, org):
    count = planned(go, 3)
    names = ("AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID")
    for shard, name in enumerate(names[:count]):
        go("shard", "run", "--run", "run", **{name: str(shard)}).ended(0)
    assert all(it["delivered"] for it in status(go))
    assert "which shard?" in go("shard", "run", "--run", "run").ended(2).err
    assert "no shard 3" in go("shard", "run", "--run", "run", "--shard", "3").ended(2).err


def test_what_is_not_the_shards_own_is_refused(go, org, tmp_path):
    """Cut off, altered, another's, of another plan: each is named, and nothing is written."""
    planned(go, 3)
    planned(go, 3, run="other")
    deliver(go, (0, 1, 2))
    deliver(go, (0,), "other")
    folder = tmp_path / "run/shards"
    good = {it.name: it.read_bytes() for it in folder.iterdir()}
    foreign = (tmp_path / "other/shards/0000.jsonl.zst").read_bytes()
    first = good["0000.jsonl.zst"]
    for what, bytes_, words in [
        ("cut off", first[:-20], "cut off"),
        ("empty", b"", "not that of a shard"),
        ("another shard's", good["0001.jsonl.zst"], "it is what shard 1 delivered"),
        ("another plan's", foreign, "belongs to another plan"),
        ("no shard", (tmp_path / "run/organization.jsonl.zst").read_bytes(), "not that of a shard"),
    ]:
        (folder / "0000.jsonl.zst").write_bytes(bytes_)
        refused = go("shard", "merge", "--run", "run", "--allow-missing", "--output", "merged.jsonl").ended(2)
        assert words in refused.err and "shard 0 of 3" in refused.err, what
        assert not (tmp_path / "merged.jsonl").exists()
    (folder / "0000.jsonl.zst").write_bytes(first)
    # What belongs to no shard is named, and changes nothing.
    (folder / "0003.jsonl.zst").write_bytes(first)
    (folder / "x").write_bytes(b"x")
    done = go("shard", "merge", "--run", "run", "--output", "merged.jsonl").ended(0)
    assert "0003.jsonl.zst belongs to no shard" in done.err and "shards/x belongs to no shard" in done.err
    # Another organization than the one that was planned.
    organization = tmp_path / "run/organization.jsonl.zst"
    organization.write_bytes(organization.read_bytes() + b"x")
    refused = go("shard", "merge", "--run", "run", "--output", "again.jsonl").ended(2)
    assert "organization.jsonl.zst of the run is not what plan.json says" in refused.err


def test_a_former_run_shares_the_work_out(go, org, tmp_path):
    whole(go, tmp_path)
    count = planned(go, 2, "--weights", "single.jsonl")
    calls = {}
    for line in (tmp_path / "single.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["record"] == "call":
            calls[record["value"]["account"]] = calls.get(record["value"]["account"], 0) + record["value"]["attempts"]
    shares = json.loads((tmp_path / "run/plan.json").read_text())["shards"]
    sums = [sum(calls[it] for it in share) for share in shares]
    assert count == 2 and max(sums) - min(sums) <= max(calls.values())
    heaviest = max(calls, key=calls.get)
    assert len(next(it for it in shares if heaviest in it)) <= len(org.accounts) / 2


def test_other_credentials_are_refused(go, emulator, org):
    planned(go, 1)
    other = org.members[0]
    client = org.client("iam", other)
    client.create_user(UserName="worker")
    key = client.create_access_key(UserName="worker")["AccessKey"]
    variables = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    refused = go("shard", "run", "--run", "run", "--shard", 0, **variables).ended(4)
    assert f"planned in account {org.management}" in refused.err and other in refused.err


@pytest.fixture
def owners(org):
    """Three members with a trail, a bucket, a key and a topic of their own; one of them delivers to another's bucket."""
    members = sorted(org.members)[:3]
    for number, member in enumerate(members):
        key = org.client("kms", member, "us-east-1").create_key()["KeyMetadata"]["Arn"]
        org.client("sns", member, "us-east-1").create_topic(Name="told")
        if number < 2:
            org.client("s3", member, "us-east-1").create_bucket(Bucket=f"own-logs-{number}")
        trail = {"Name": "own", "S3BucketName": f"own-logs-{number % 2}", "KmsKeyId": key, "SnsTopicName": "told"}
        cloudtrail = org.client("cloudtrail", member, "us-east-1")
        cloudtrail.create_trail(**trail)
        cloudtrail.start_logging(Name="own")
    return members


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_resources_in_shards_of_their_own(go, replay, owners, tmp_path, shards):
    """A second plan, once all accounts have shown what they have: the same as one process writes."""
    single = whole(go, tmp_path)
    deliver(go, range(planned(go, 2)))
    plan = ("shard", "plan-resources", "run", "--run", "resources", "--shards", shards)
    assert int(go(*plan).ended(0).out) == shards
    again = go(*plan).ended(2)
    assert "holds the plan of a run already" in again.err
    units = json.loads((tmp_path / "resources/plan.json").read_text())["shards"]
    assert set(owners) < {unit for shard in units for unit in shard}
    deliver(go, reversed(range(shards)), "resources")
    replay.seen.clear()
    go("shard", "merge", "--run", "resources", "--output", "merged.jsonl").ended(0)
    assert lines(tmp_path / "merged.jsonl") == single
    # Nothing is asked again: no trail, and no key that an account named for itself.
    asked = {(call.account, call.operation) for call in replay.seen}
    assert not {it for it in asked if it[1] in ("GetTrailStatus", "GetTrail") or (it[1] == "DescribeKey" and it[0] in owners)}
    # What a shard did not deliver is named, and asked by the merge.
    (tmp_path / "resources/shards/0000.jsonl.zst").unlink()
    refused = go("shard", "merge", "--run", "resources", "--output", "m.jsonl").ended(3)
    assert f"shard 0 of {shards} has not delivered" in refused.err
    go("shard", "merge", "--run", "resources", "--allow-missing", "--output", "m.jsonl").ended(0)
    assert lines(tmp_path / "m.jsonl") == single


def test_resources_wait_for_all_accounts(go, owners, tmp_path):
    deliver(go, range(planned(go, 2) - 1))
    plan = ("shard", "plan-resources", "run", "--run", "resources")
    assert "shard 1 of 2 has not delivered" in go(*plan).ended(3).err
    assert not (tmp_path / "resources").exists()
    deliver(go, (1,))
    count = int(go(*plan).ended(0).out)
    assert count == 1
    # A shard of accounts is none of resources, and the other way round.
    deliver(go, (0,), "resources")
    good, other = tmp_path / "resources/shards/0000.jsonl.zst", tmp_path / "run/shards/0000.jsonl.zst"
    good.write_bytes(other.read_bytes())
    refused = go("shard", "merge", "--run", "resources", "--output", "m.jsonl").ended(2)
    assert "it belongs to another plan" in refused.err
    assert "no run of `shard plan`" in go("shard", "plan-resources", "resources", "--run", "third").ended(2).err


@pytest.fixture
def logs(org, tmp_path):
    """Two accounts and regions in the management account's bucket `logs`."""
    spec = {"accounts": ["111122223333", "444455556666"], "regions": ["eu-west-1", "us-east-1"]}
    tree.make(tmp_path, **spec, faults=[{"do": "delete", "digest": 2}]).upload(org.client("s3"))
    return "s3://logs"


def test_digests_in_a_bucket(go, replay, logs, tmp_path):
    """Verified by shards, one of which is stopped first: the findings of `verify`."""
    times = ("--until", tree.END)
    go("verify", logs, *times, "-f", "json=alone.json").ended(1)
    go("shard", "plan-verify", logs, *times, "--run", "run", "--shards", 2).ended(0)
    command = [tool.binary(), "shard", "run", "--run", "run", "--shard", "0"]
    variables = tool.environment(tmp_path, **tool.credentials(replay.url))
    begun, hold, held, free = len(replay.seen), replay.hold, Event(), Event()
    replay.hold = lambda number: (held.set(), free.wait(20)) if number > begun + 12 else None
    worker = subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=subprocess.PIPE)
    assert held.wait(30), worker.communicate(timeout=5)
    worker.send_signal(signal.SIGTERM)
    free.set()
    assert worker.wait(20) == 75, worker.stderr.read()
    replay.hold = hold
    deliver(go, (0, 1))
    go("shard", "merge", "--run", "run", "--output", "chains.jsonl").ended(0)
    go("scan", "--inventory", "chains.jsonl", "-f", "json=merged.json").ended(1)
    merged, single = (json.loads((tmp_path / it).read_text()) for it in ("merged.json", "alone.json"))
    for part in ("chains", "problems", "findings", "summary"):
        assert merged[part] == single[part], part
    assert len(single["chains"]) == 4


def test_what_cannot_be_listed_is_planned_as_that(go, emulator, org, logs, tmp_path):
    emulator.refuse("AccessDenied", operation="s3:ListObjects*", resource="444455556666")
    done = go("shard", "plan-verify", logs, "--until", tree.END, "--run", "run", "--shards", 2).ended(0)
    assert "could not be listed" in done.err
    deliver(go, (0, 1))
    go("shard", "merge", "--run", "run", "--output", "chains.jsonl").ended(0)
    go("scan", "--inventory", "chains.jsonl", "-f", "json=merged.json")
    go("verify", logs, "--until", tree.END, "-f", "json=alone.json")
    merged, single = (json.loads((tmp_path / it).read_text()) for it in ("merged.json", "alone.json"))
    for part in ("chains", "problems", "findings", "summary"):
        assert merged[part] == single[part], part
    assert any(it["account"] == "444455556666" and it["verdict"] == "unverified" for it in single["chains"])


DAYS = ("--since", "2025-12-31T22:00:00Z", "--until", "2026-01-02T02:00:00Z")


@pytest.fixture
def days(org, tmp_path):
    """An account with something wrong around both of its midnights, and one that is well."""
    times = {"start": "2025-12-31T22:00:00Z", "hours": 28, "logs_per_hour": 1, "records": 1}
    faults = [{"do": "delete", "digest": 2}, {"do": "delete", "log": [25, 0]}, {"do": "strip", "digest": 25}]
    spec = {"accounts": ["111122223333", "444455556666"], "regions": ["eu-west-1"]}
    tree.make(tmp_path, **spec, **times, faults=faults).upload(org.client("s3"))
    return "s3://logs"


@pytest.mark.parametrize("denied", [None, "444455556666", "444455556666%2FCloudTrail%2F", "2026/01/02"])
def test_days_of_an_account_in_a_bucket(go, emulator, days, tmp_path, denied):
    """Each account in three windows, all of them in shards of their own: the findings of `verify`."""
    if denied:
        kind = "s3:ListObjects*" if denied.startswith("4") else "s3:GetObject"
        emulator.refuse("AccessDenied", operation=kind, resource=denied)
    go("verify", days, *DAYS, "-f", "json=alone.json")
    go("shard", "plan-verify", days, *DAYS, "--run", "run", "--max-unit", 1).ended(0)
    units = [unit for shard in json.loads((tmp_path / "run/plan.json").read_text())["shards"] for unit in shard]
    deliver(go, range(len(units)))
    go("shard", "merge", "--run", "run", "--output", "chains.jsonl").ended(0)
    go("scan", "--inventory", "chains.jsonl", "-f", "json=merged.json")
    # Each process asks by itself: its requests have other ids.
    texts = ((tmp_path / it).read_text() for it in ("merged.json", "alone.json"))
    merged, single = (json.loads(re.sub(r'"request_id": "[^"]+"', '"request_id": ""', it)) for it in texts)
    for part in ("chains", "problems", "findings", "summary"):
        assert merged[part] == single[part], part
    # Of an account that cannot be listed the plan tells by itself.
    assert len(units) == (3 if denied == "444455556666" else 6), units
    verdicts = {(it["account"], it["verdict"]) for it in single["chains"]}
    assert ("111122223333", "verified") not in verdicts
    well = {verdict for account, verdict in verdicts if account == "444455556666"}
    assert (well == {"verified"}) == (denied is None), verdicts


def test_what_was_verified_is_kept_for_the_next_attempt(go, replay, days, tmp_path):
    """All windows in one shard, killed in the midst: the next attempt reads only what was not kept."""
    go("shard", "plan-verify", days, *DAYS, "--run", "whole", "--max-unit", 1, "--shards", 1).ended(0)
    go("shard", "plan-verify", days, *DAYS, "--run", "run", "--max-unit", 1, "--shards", 1).ended(0)
    begun = len(replay.seen)
    go("shard", "run", "--run", "whole", "--shard", 0).ended(0)
    requests = len(replay.seen) - begun
    go("shard", "merge", "--run", "whole", "--output", "whole.jsonl").ended(0)
    command = [tool.binary(), "shard", "run", "--run", "run", "--shard", "0"]
    variables = tool.environment(tmp_path, **tool.credentials(replay.url))
    begun, hold, held = len(replay.seen), replay.hold, Event()
    replay.hold = lambda number: (held.set(), held.wait(20)) if number > begun + requests * 2 // 3 else None
    worker = subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=subprocess.PIPE)
    assert held.wait(30), worker.communicate(timeout=5)
    worker.kill()
    worker.wait(5)
    replay.hold = hold
    kept = sorted((tmp_path / "run/shards/0000").glob("*.jsonl.zst"))
    assert 0 < len(kept) < 6, kept
    status = json.loads(go("shard", "status", "--run", "run", "--json").ended(3).out)
    assert (status[0]["delivered"], status[0]["parts_kept"]) == (False, len(kept))
    # One that was spoilt is done again, and said.
    kept[0].write_bytes(kept[0].read_bytes()[:-9])
    begun = len(replay.seen)
    done = go("shard", "run", "--run", "run", "--shard", 0).ended(0)
    assert "part 0 of shard 0 was kept by an earlier attempt and is done again" in done.err
    assert len(replay.seen) - begun < requests
    go("shard", "merge", "--run", "run", "--output", "run.jsonl").ended(0)
    audits = []
    for name in ("whole", "run"):
        go("scan", "--inventory", f"{name}.jsonl", "-f", f"json={name}.json")
        audits.append(json.loads((tmp_path / f"{name}.json").read_text()))
    for part in ("chains", "problems", "findings", "summary"):
        assert audits[0][part] == audits[1][part], part


def test_nothing_to_verify_is_no_plan(go, org):
    org.client("s3").create_bucket(Bucket="empty-logs")
    refused = go("shard", "plan-verify", "s3://empty-logs", "--run", "run").ended(2)
    assert "nothing to plan" in refused.err
