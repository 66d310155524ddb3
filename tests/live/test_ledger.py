"""What the tool says of its own calls, held against the emulator's log; and the saved inventory."""

from harness import tool
from harness.verdicts import CHECKS, all_good, expect

READS = ("Get", "List", "Describe", "Head")
NOW = "2026-11-20T12:00:00Z"


def test_the_ledger_counts_what_the_emulator_counts(org, scan, emulator):
    calls = scan().ended(0).json()["coverage"]["calls"]
    assert calls["by_operation"] == emulator.counts()
    assert calls["total"] == len(emulator.log)


def test_every_call_is_a_read_and_none_failed(org, scan, emulator):
    audit = scan().ended(0).json()
    operations = {call.operation for call in emulator.log} - {"AssumeRole"}
    assert all(operation.startswith(READS) for operation in operations), operations
    assert audit["coverage"]["calls"]["failed"] == []
    assert not [call for call in emulator.log if call.status >= 500]


def test_each_role_is_assumed_once_and_nothing_is_asked_twice(org, scan, emulator):
    scan().ended(0)
    roles = [call.text for call in emulator.log if call.name == "sts:AssumeRole"]
    assert len(roles) == len(org.members)
    trails = [(c.account, c.region) for c in emulator.log if c.name == "cloudtrail:DescribeTrails"]
    assert sorted(trails) == sorted((a, r) for a in org.accounts for r in org.regions)
    details = [c for c in emulator.log if c.name.startswith("cloudtrail:Get")]
    assert len(details) == len({(c.name, c.text) for c in details})


def test_bucket_and_key_are_read_with_their_owners_role(org, scan, emulator):
    scan().ended(0)
    for name in ("s3:GetBucketPolicy", "kms:DescribeKey"):
        answered = {c.account for c in emulator.log if c.name == name and c.status == 200}
        assert answered == {org.archive}, name


def test_only_what_the_chosen_checks_need_is_called(org, scan, emulator):
    scan(checks=["trail-log-file-validation"]).ended(0)
    services = {call.service for call in emulator.log}
    assert "cloudtrail" in services and not services & {"s3", "s3control", "kms", "iam", "logs"}, (
        emulator.counts()
    )


def test_stores_are_looked_for_only_where_trails_leave_a_hole(org, scan, emulator):
    stores = "cloudtrail:ListEventDataStores"
    scan(checks=["trail-regions-covered"]).ended(0)
    assert stores not in emulator.counts()
    org.client("cloudtrail").stop_logging(Name=org.trail)
    emulator.log.clear()
    scan(checks=["trail-regions-covered"]).ended(1)
    asked = [(c.account, c.region) for c in emulator.log if c.name == stores]
    assert sorted(asked) == sorted((a, r) for a in org.accounts for r in org.regions)


def test_failed_calls_are_told_with_their_request_ids(org, scan, emulator):
    emulator.refuse("AccessDenied", operation="s3:GetBucketVersioning", resource="/org-trail-logs?")
    failed = scan().ended(3).json()["coverage"]["calls"]["failed"]
    refused = {call.request_id for call in emulator.log if call.error}
    assert refused and {entry["request_id"] for entry in failed} == refused
    (entry,) = [e for e in failed if e["operation"] == "s3:GetBucketVersioning"]
    assert entry["account"] == org.archive and "denied" in entry["reason"]


def test_a_saved_inventory_gives_the_audit_of_the_live_run(org, scan, tmp_path):
    live = scan("--save-inventory", "seen.jsonl", "--now", NOW).ended(0)
    again = tool.run(
        tmp_path,
        "scan",
        "--inventory",
        "seen.jsonl",
        "--check",
        *CHECKS,
        "--now",
        NOW,
        "-f",
        "json=again.json",
    ).ended(0)
    assert again.text("again.json") == live.text("audit.json")
    assert (tmp_path / "seen.jsonl").stat().st_mode & 0o777 == 0o600


def test_collect_then_scan(org, emulator, tmp_path):
    live = tool.credentials(emulator.url)
    tool.run(tmp_path, "collect", "--role-name", tool.ROLE, "-o", "seen.jsonl", **live).ended(0)
    done = tool.run(
        tmp_path, "scan", "--inventory", "seen.jsonl", "--check", *CHECKS, "-f", "json=audit.json"
    )
    expect(done.ended(0).json(), all_good(org))


def test_an_inventory_holds_no_secret(org, scan, tmp_path, emulator):
    scan("--save-inventory", "seen.jsonl").ended(0)
    text = (tmp_path / "seen.jsonl").read_text("utf-8")
    keys = {call.access_key for call in emulator.log}
    assert not [key for key in keys if key in text] and "@example.com" not in text
