"""How long log files are kept, and where a second copy lies."""

import json

import pytest

from emulator import policies
from emulator.proxy import Proxy, Said
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


def copier(org, *without: str, service: str = "s3.amazonaws.com") -> str:
    """The role by which S3 replicates, with all that the user guide says it takes but these actions."""
    of_bucket = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    of_objects = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:ReplicateObject"]
    actions = [action for action in (*of_bucket, *of_objects) if action not in without]
    iam = org.client("iam", org.archive)
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps(policies.document(trust))
    role = iam.create_role(RoleName="copy", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": [org.bucket, f"{org.bucket}/*", "arn:aws:s3:::copy/*"]}
    document = json.dumps(policies.document(allowed))
    iam.put_role_policy(RoleName="copy", PolicyName="copy", PolicyDocument=document)
    return role


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
    copier(org)
    copied(org, replica(org, org.archive, region, lock), **changes)
    audit = scan(checks=[COPY]).ended(0 if status == "pass" else 1).json()
    expect(audit, each([COPY], org.bucket, is_=status))


def test_a_copy_in_another_account(org, scan):
    """There the replica's own policy must let the role in."""
    role = copier(org)
    copied(org, replica(org, org.app, "us-east-1", True))
    expect(scan(checks=[COPY]).ended(1).json(), each([COPY], org.bucket, is_="fail"))
    allowed = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "s3:ReplicateObject"}
    policy = policies.document({**allowed, "Resource": "arn:aws:s3:::copy/*"})
    org.client("s3", org.app).put_bucket_policy(Bucket="copy", Policy=json.dumps(policy))
    expect(scan(checks=[COPY]).ended(0).json(), each([COPY], org.bucket, is_="pass"))


def test_a_role_that_cannot_copy(org, scan):
    copied(org, replica(org, org.archive, "eu-west-1", True))
    expect(scan(checks=[COPY]).ended(1).json(), each([COPY], org.bucket, is_="fail"))
    copier(org, "s3:ReplicateObject")
    expect(scan(checks=[COPY]).ended(1).json(), each([COPY], org.bucket, is_="fail"))


def test_a_filter_that_the_sdk_does_not_know(org, scan, emulator):
    """`Not` leaves objects out (API reference of S3, ReplicationRuleNotOperator): such a rule does not take every object."""
    copier(org)
    copied(org, replica(org, org.archive, "eu-west-1", True))
    space = "http://s3.amazonaws.com/doc/2006-03-01/"

    def answer(inner: str) -> Said:
        rule = (
            f"<Rule><ID>copy</ID><Priority>1</Priority><Status>Enabled</Status><Filter>{inner}</Filter>"
            "<SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects>"
            "</SourceSelectionCriteria><Destination><Bucket>arn:aws:s3:::copy</Bucket></Destination>"
            "<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule>"
        )
        role = f"<Role>arn:aws:iam::{org.archive}:role/copy</Role>"
        body = f'<ReplicationConfiguration xmlns="{space}">{role}{rule}</ReplicationConfiguration>'
        return Said(body.encode(), kind="application/xml")

    def scanned(inner: str, code: int) -> dict:
        def fault(_number, call):
            return answer(inner) if call.name == "s3:GetBucketReplication" and NAME in call.text else None

        with Proxy(emulator.url, fault) as proxy:
            return scan(checks=[COPY], url=proxy.url).ended(code).json()

    expect(scanned("<Prefix></Prefix>", 0), each([COPY], org.bucket, is_="pass"))
    for inner in (
        "<Not><Prefix>AWSLogs/</Prefix></Not>",
        "<And><Prefix>AWS</Prefix><Not><Prefix>AWSLogs/</Prefix></Not></And>",
    ):
        audit = scanned(inner, 3)
        expect(audit, each([COPY], org.bucket, is_="unknown"))
        assert "Not of the replication rule for copy" in json.dumps(audit["findings"])


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
