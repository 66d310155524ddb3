"""`nightly` in a bucket: three nights, the second of which is killed."""

import json
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from emulator.proxy import Proxy
from harness import tool

STORE = "nightly-audits"
CHECKS = ["delivery-*", "trail-log-file-validation"]
UTC = timezone.utc


def parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def s3(org):
    """The store, in an account of its own, with Object Lock and without a default retention."""
    client = org.client("s3", org.sandbox)
    client.create_bucket(Bucket=STORE, ObjectLockEnabledForBucket=True)
    client.put_bucket_versioning(Bucket=STORE, VersioningConfiguration={"Status": "Enabled"})
    return client


def command(org, run: str, *more: str) -> list[str]:
    role = f"arn:aws:iam::{org.sandbox}:role/{tool.ROLE}"
    store = ["--store", f"s3://{STORE}/org", "--store-role", role, "--object-lock-days", "1"]
    return ["nightly", *store, "--run", run, "--role-name", tool.ROLE, "--check", *CHECKS, *more]


def keys(s3) -> list[str]:
    return [it["Key"] for it in s3.list_objects_v2(Bucket=STORE).get("Contents", [])]


def record(s3, run: str, name: str = "night.json") -> dict:
    (key,) = [it for it in keys(s3) if it.endswith(f"/{run}/{name}")]
    return json.loads(s3.get_object(Bucket=STORE, Key=key)["Body"].read())


def killed(org, emulator, folder, run: str) -> None:
    """The process ends in the middle of its run: after its first object was written."""
    begun, go = threading.Event(), threading.Event()

    def hold(number: int) -> None:
        if any(it.operation == "PutObject" for it in proxy.seen[:number]):
            begun.set()
            go.wait(timeout=60)

    with Proxy(emulator.url, hold=hold) as proxy:
        variables = tool.environment(folder, **tool.credentials(proxy.url))
        words = [tool.binary(), *command(org, run)]
        process = subprocess.Popen(words, cwd=folder, env=variables, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        assert begun.wait(timeout=60)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=60) == -signal.SIGKILL
        go.set()


def test_three_nights(org, emulator, laid, s3, tmp_path):
    laid()
    variables = tool.credentials(emulator.url)
    emulator.log.clear()
    first = tool.run(tmp_path, *command(org, "first", "--since", "6h"), **variables).ended(0)
    assert "was kept in s3://nightly-audits/org/" in first.err

    # Below its part of the bucket only, and nothing else is written.
    writes = [it for it in emulator.log if it.operation.startswith(("Put", "Delete", "Create"))]
    assert {it.operation for it in writes} == {"PutObject"}
    assert all(it.text.startswith(f"/{STORE}/org/") for it in writes)
    names = ["audit.json.zst", "evidence.tar.zst", "inventory.jsonl.zst", "night.json", "report.html", "started.json"]
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    of_run = sorted(it for it in keys(s3) if "/first/" in it)
    assert [it.rsplit("/", 1)[1] for it in of_run] == names, today
    for key in of_run:
        head = s3.head_object(Bucket=STORE, Key=key)
        assert head["ObjectLockMode"] == "COMPLIANCE"
        left = head["ObjectLockRetainUntilDate"] - datetime.now(UTC)
        assert timedelta(hours=23) < left <= timedelta(hours=24, minutes=1)
    # The pointer can be replaced: it is not locked.
    assert "ObjectLockMode" not in s3.head_object(Bucket=STORE, Key="org/latest.json")

    killed(org, emulator, tmp_path, "second")
    assert [it.rsplit("/", 1)[1] for it in keys(s3) if "/second" in it] == ["started.json"]

    third = tool.run(tmp_path, *command(org, "third"), **variables).ended(0)
    assert "run second" in third.err and "did not finish" in third.err
    one, three = record(s3, "first"), record(s3, "third")
    assert [it["run"] for it in three["earlier"]] == ["second"]
    assert three["baseline"] == {"run": "first", "approved": False}
    assert three["previous"]["run"] == "first"
    assert one["complete"] and three["complete"]
    latest = json.loads(s3.get_object(Bucket=STORE, Key="org/latest.json")["Body"].read())
    assert (latest["run"], latest["exit_code"]) == ("third", 0)

    # From before the end of the last complete night on: no hour is left out.
    (key,) = [it for it in keys(s3) if it.endswith("/third/audit.json.zst")]
    (tmp_path / "third.json.zst").write_bytes(s3.get_object(Bucket=STORE, Key=key)["Body"].read())
    audit = json.loads(tool.run(tmp_path, "report", "third.json.zst", "-f", "json").ended(0).out)
    assert audit["chains"]
    assert all(parsed(it["window"]["start"]) <= parsed(one["verified_until"]) for it in audit["chains"])

    # The same run again: its own exit code, and nothing is done.
    before = keys(s3)
    again = tool.run(tmp_path, *command(org, "third"), **variables).ended(0)
    assert "has finished already" in again.err and keys(s3) == before
    # The one that was killed is run again, as a second attempt.
    time.sleep(1)
    tool.run(tmp_path, *command(org, "second"), **variables).ended(0)
    assert record(s3, "second.2")["attempt"] == 2


def test_a_night_of_a_part_does_not_move_the_window_on(org, emulator, laid, s3, tmp_path):
    """What it did not verify would be left out by the next whole one, were its end taken for the end of all."""
    laid()
    variables = tool.credentials(emulator.url)
    tool.run(tmp_path, *command(org, "whole", "--since", "6h"), **variables).ended(0)
    whole = parsed(record(s3, "whole")["verified_until"])
    for run, *flags in (
        ("accounts", "--accounts", org.management, org.archive),
        ("excluded", "--exclude-accounts", org.members[-1]),
        ("regions", "--regions", "us-east-1"),
    ):
        assert tool.run(tmp_path, *command(org, run, *flags), **variables).code in (0, 1, 3)
        assert record(s3, run)["verified_until"] is None, run
    tool.run(tmp_path, *command(org, "next", "-f", "json=audit.json"), **variables)
    audit = json.loads((tmp_path / "audit.json").read_text())
    assert audit["chains"] and all(parsed(it["window"]["start"]) <= whole for it in audit["chains"])


def test_a_night_that_may_not_write(org, emulator, laid, s3, tmp_path):
    """Whoever cannot keep the verdict has none: exit 4, before AWS is asked for anything else."""
    emulator.refuse("AccessDenied", operation="s3:PutObject")
    emulator.log.clear()
    done = tool.run(tmp_path, *command(org, "first"), **tool.credentials(emulator.url)).ended(4)
    assert "AccessDenied" in done.err and "started.json cannot be written" in done.err
    assert "cloudtrail:DescribeTrails" not in emulator.counts()


def test_a_store_that_is_not_there(org, emulator, tmp_path):
    done = tool.run(tmp_path, *command(org, "first"), **tool.credentials(emulator.url)).ended(4)
    assert "cannot be used" in done.err


def test_an_upload_that_fails_is_told_by_the_next(org, emulator, laid, s3, tmp_path):
    laid()
    emulator.refuse("AccessDenied", operation="s3:PutObject", resource="evidence")
    variables = tool.credentials(emulator.url)
    tool.run(tmp_path, *command(org, "first", "--since", "6h"), **variables).ended(4)
    assert record(s3, "first", "failed.json")["exit_code"] == 4
    emulator.refusals.clear()
    done = tool.run(tmp_path, *command(org, "second", "--since", "6h"), **variables).ended(0)
    assert "did not finish: exit code 4" in done.err


def test_the_policy_of_the_store_is_what_it_calls(org, emulator, laid, s3, tmp_path):
    laid()
    emulator.log.clear()
    tool.run(tmp_path, *command(org, "first", "--since", "6h"), **tool.credentials(emulator.url)).ended(0)
    made = {it.operation for it in emulator.log if f"/{STORE}" in it.text}
    assert made == {"HeadBucket", "ListObjectsV2", "GetObject", "PutObject"}
    listed = tool.run(tmp_path, "list", "permissions", "--store", f"s3://{STORE}/org", "--object-lock").ended(0)
    of_store = [it for it in json.loads(listed.out)["Statement"] if it["Sid"].startswith("Store")]
    actions = {action for it in of_store for action in it["Action"]}
    assert {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:PutObjectRetention"} <= actions
