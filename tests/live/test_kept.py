"""How long log files are kept, and where a second copy lies."""

import json

import pytest

from emulator import policies
from harness.verdicts import each, expect

NAME = "org-trail-logs"
KEEPS = "bucket-lifecycle-retention"
COPY = "bucket-replication"


def unlocked(org):
    """The log bucket without Object Lock: then the rules decide alone."""
    org.delete_bucket(NAME)
    org.create_bucket(NAME, org.archive, org.trail, lock=False)


def rules(org, *given: dict) -> None:
    usual = {"Status": "Enabled", "Filter": {"Prefix": ""}}
    all_rules = [{**usual, "ID": str(number), **rule} for number, rule in enumerate(given)]
    org.client("s3", org.archive).put_bucket_lifecycle_configuration(
        Bucket=NAME, LifecycleConfiguration={"Rules": all_rules}
    )


def expires(days: int, **more) -> dict:
    return {"Expiration": {"Days": days}, **more}


def older(days: int) -> dict:
    return {"NoncurrentVersionExpiration": {"NoncurrentDays": days}}


@pytest.mark.parametrize(
    "given, status",
    [
        ([], "pass"),  # nothing is ever removed
        ([expires(365), older(365)], "pass"),
        ([expires(365)], "pass"),
        # Versioned, so an older version stays: nobody who reads the logs sees it.
        ([expires(364)], "fail"),
        ([older(364)], "fail"),
        ([expires(365), older(364)], "fail"),
        ([expires(1, Status="Disabled"), {**older(1), "Status": "Disabled"}], "pass"),
        # Another prefix holds no logs.
        ([{**expires(1), **older(1), "Filter": {"Prefix": "tmp/"}}], "pass"),
        ([{**expires(1), **older(1), "Filter": {"Prefix": "AWSLogs/"}}], "fail"),
        # A part of the logs is enough.
        ([{**expires(1), **older(1), "Filter": {"Prefix": "AWSLogs/o-"}}], "fail"),
    ],
)
def test_lifecycle_arithmetic(org, scan, given, status):
    unlocked(org)
    if given:
        rules(org, *given)
    audit = scan(checks=[KEEPS]).ended(0 if status == "pass" else 1).json()
    expect(audit, each([KEEPS], org.bucket, is_=status))


def test_a_lock_holds_what_a_rule_would_remove(org, scan):
    rules(org, older(1))
    expect(scan(checks=[KEEPS]).ended(0).json(), each([KEEPS], org.bucket, is_="pass"))
    # An expiration hides the current version behind a delete marker, whatever the lock keeps.
    rules(org, {**expires(1), **older(1)})
    expect(scan(checks=[KEEPS]).ended(1).json(), each([KEEPS], org.bucket, is_="fail"))


def replica(org, account: str, region: str, lock: bool) -> str:
    """A second bucket that a rule of the first copies everything to."""
    s3 = org.client("s3", account, region)
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket="copy", ObjectLockEnabledForBucket=lock, **place)
    s3.put_bucket_versioning(Bucket="copy", VersioningConfiguration={"Status": "Enabled"})
    if lock:
        retention = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}
        s3.put_object_lock_configuration(
            Bucket="copy", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": retention}
        )
    return "arn:aws:s3:::copy"


def copied(org, target: str, **changes) -> None:
    rule = {
        "ID": "copy",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        "Destination": {"Bucket": target, "EncryptionConfiguration": {"ReplicaKmsKeyID": org.key}},
    }
    org.client("s3", org.archive).put_bucket_replication(
        Bucket=NAME,
        ReplicationConfiguration={
            "Role": f"arn:aws:iam::{org.archive}:role/copy",
            "Rules": [{**rule, **changes}],
        },
    )


def test_nothing_is_copied(org, scan):
    expect(scan(checks=[COPY]).ended(1).json(), each([COPY], org.bucket, is_="fail"))


@pytest.mark.parametrize(
    "region, lock, changes, status",
    [
        ("eu-west-1", True, {}, "pass"),
        ("eu-west-1", True, {"Filter": {"Prefix": "AWSLogs/"}}, "pass"),
        ("eu-west-1", False, {}, "fail"),
        # Without it S3 replicates no object that is encrypted with a KMS key.
        ("eu-west-1", True, {"SourceSelectionCriteria": {}}, "fail"),
        ("us-east-1", True, {}, "fail"),  # falls with what fells the first
        ("eu-west-1", True, {"Status": "Disabled"}, "fail"),
        ("eu-west-1", True, {"Filter": {"Prefix": "other/"}}, "fail"),
        ("eu-west-1", True, {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}, "fail"),
    ],
)
def test_a_copy_elsewhere_that_is_locked(org, scan, region, lock, changes, status):
    copied(org, replica(org, org.archive, region, lock), **changes)
    audit = scan(checks=[COPY]).ended(0 if status == "pass" else 1).json()
    expect(audit, each([COPY], org.bucket, is_=status))


def test_a_copy_in_another_account(org, scan):
    copied(org, replica(org, org.app, "us-east-1", True))
    expect(scan(checks=[COPY]).ended(0).json(), each([COPY], org.bucket, is_="pass"))


def test_the_archive_is_another_account(org, scan, tmp_path):
    """Judged with the role of the account that owns it; and where the settings say so, as an archive."""
    (tmp_path / "archive.toml").write_text(f'log_archive_accounts = ["{org.archive}"]\n')
    checks = ["bucket-owner-in-organization", "bucket-owner-log-archive", "key-owner-in-organization"]
    found = {
        **each(checks[:2], org.bucket, is_="pass"),
        **each(checks[2:], org.key, is_="pass"),
        **each(["organization-log-archive-separate"], org.id, is_="pass"),
    }
    run = scan("-c", "archive.toml", checks=[*checks, "organization-log-archive-separate"])
    expect(run.ended(0).json(), found)
    (tmp_path / "archive.toml").write_text(f'log_archive_accounts = ["{org.app}"]\n')
    found["bucket-owner-log-archive"] = {org.bucket: "fail"}
    expect(scan("-c", "archive.toml", checks=checks).ended(1).json(), {c: found[c] for c in checks})
    (tmp_path / "archive.toml").write_text(f'log_archive_accounts = ["{org.management}"]\n')
    found = each(["organization-log-archive-separate"], org.id, is_="fail")
    expect(scan("-c", "archive.toml", checks=list(found)).ended(1).json(), found)


def test_a_policy_of_the_archive_that_lets_strangers_in(org, scan):
    """The bucket of another account is judged whole: nothing of it vanishes for want of a trail there."""
    s3 = org.client("s3", org.archive)
    everyone = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"{org.bucket}/*",
    }
    written = json.loads(policies.log_bucket(NAME, org.trail))
    written["Statement"].append(everyone)
    s3.delete_public_access_block(Bucket=NAME)
    org.clear_account_block(org.archive)
    s3.put_bucket_policy(Bucket=NAME, Policy=json.dumps(written))
    check = "bucket-not-public-policy"
    expect(scan(checks=[check]).ended(1).json(), each([check], org.bucket, is_="fail"))
