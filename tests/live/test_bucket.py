"""The log bucket: gone, unlocked, public, or open to other people's trails."""

import json

import pytest

from emulator import policies
from emulator.organization import ago
from harness.verdicts import NOT_PROVED, NOT_RIGHT, PER_BUCKET, all_good, but, each, expect, unspoken

NAME = "org-trail-logs"
DEFAULT, COMPLIANCE, DAYS = (
    "bucket-object-lock-default-retention",
    "bucket-object-lock-compliance-mode",
    "bucket-object-lock-retention-days",
)


def test_deleted(org, scan):
    """A stranger can claim the name. Nothing of a bucket that is gone may pass."""
    org.delete_bucket(NAME)
    org.status(org.trail, LatestDeliveryError="NoSuchBucket", LatestDeliveryTime=ago(days=3))
    org.status(org.trail, LatestDigestDeliveryError="NoSuchBucket", LatestDigestDeliveryTime=ago(days=3))
    gone = but(
        all_good(org),
        each(PER_BUCKET, org.bucket, is_=NOT_RIGHT),
        each(["delivery-bucket-exists"], org.bucket, is_="fail"),
        each(["delivery-s3-no-error", "delivery-s3-fresh"], org.trail, is_="fail"),
        each(["delivery-digest-no-error", "delivery-digest-fresh"], org.trail, is_="fail"),
    )
    expect(
        scan().ended(1).json(),
        unspoken(
            gone,
            "organization-all-accounts-covered",
            "trail-exists",
            "organization-trail",
            "trail-regions-covered",
        ),
    )


def replace_bucket(org, lock: bool) -> None:
    """Object Lock is for ever: a bucket without it, or without its default retention, is a new one."""
    org.delete_bucket(NAME)
    org.create_bucket(NAME, org.archive, org.trail, lock=lock)


def test_no_object_lock(org, scan):
    replace_bucket(org, lock=False)
    absent = {
        **each(["bucket-object-lock", DEFAULT, DAYS], org.bucket, is_="fail"),
        **each([COMPLIANCE], org.bucket, is_=NOT_RIGHT),
    }
    expect(scan().ended(1).json(), but(all_good(org), absent))


def test_object_lock_without_default_retention_protects_nothing(org, scan):
    replace_bucket(org, lock=True)
    bare = {**each([DEFAULT, DAYS], org.bucket, is_="fail"), **each([COMPLIANCE], org.bucket, is_=NOT_RIGHT)}
    expect(scan().ended(1).json(), but(all_good(org), bare))


@pytest.mark.parametrize(
    "mode, period, failing",
    [
        ("GOVERNANCE", {"days": 400}, [COMPLIANCE]),
        ("COMPLIANCE", {"days": 364}, [DAYS]),
        ("GOVERNANCE", {"days": 1}, [COMPLIANCE, DAYS]),
        ("COMPLIANCE", {"days": 365}, []),
        ("COMPLIANCE", {"years": 1}, []),
    ],
)
def test_retention(org, scan, mode, period, failing):
    """365 days are asked unless the settings say otherwise."""
    org.lock(mode, **period)
    audit = scan().ended(1 if failing else 0).json()
    expect(audit, but(all_good(org), each(failing, org.bucket, is_="fail")))


def test_the_asked_retention_is_a_setting(org, scan, tmp_path):
    (tmp_path / "trailaudit.toml").write_text("retention_days = 2557\n")
    audit = scan("--config", "trailaudit.toml").ended(1).json()
    expect(audit, but(all_good(org), each([DAYS], org.bucket, is_="fail")))


def test_versioning_suspended_and_access_logs_to_itself(org, scan):
    """Where there is Object Lock, S3 refuses to suspend versioning: a bucket without it."""
    replace_bucket(org, lock=False)
    s3 = org.client("s3", org.archive)
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Suspended"})
    s3.put_bucket_policy(Bucket=NAME, Policy=policies.access_logs(NAME))
    target = {"LoggingEnabled": {"TargetBucket": NAME, "TargetPrefix": "s3/"}}
    s3.put_bucket_logging(Bucket=NAME, BucketLoggingStatus=target)
    s3.put_bucket_policy(Bucket=NAME, Policy=policies.log_bucket(NAME, org.trail))
    found = each(["bucket-versioning", "bucket-access-logging"], org.bucket, is_="fail")
    expect(scan().ended(1).json(), {check: found[check] for check in found})


@pytest.mark.parametrize(
    "missing", ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
)
def test_one_of_four_blocks_is_off(org, scan, missing):
    blocks = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    org.client("s3", org.archive).put_public_access_block(
        Bucket=NAME, PublicAccessBlockConfiguration={**blocks, missing: False}
    )
    off = each(["bucket-public-access-block"], org.bucket, is_="fail")
    expect(scan().ended(1).json(), but(all_good(org), off))


def open_bucket(org) -> None:
    """Nothing blocks public access, at the bucket or at the account."""
    org.client("s3", org.archive).delete_public_access_block(Bucket=NAME)
    org.clear_account_block(org.archive)


BLOCKS = ["bucket-public-access-block", "bucket-account-public-access-block"]


@pytest.mark.parametrize("group", ["AllUsers", "AuthenticatedUsers"])
def test_public_by_acl(org, scan, group):
    open_bucket(org)
    uri = f"http://acs.amazonaws.com/groups/global/{group}"
    org.client("s3", org.archive).put_bucket_acl(Bucket=NAME, GrantRead=f'uri="{uri}"')
    public = each([*BLOCKS, "bucket-not-public-acl"], org.bucket, is_="fail")
    expect(scan().ended(1).json(), but(all_good(org), public))


def test_everything_granted_to_somebody_else(org, scan):
    """The owner has taken its own grant away: the only one left is not taken for the owner's."""
    s3 = org.client("s3", org.archive)
    owner = s3.get_bucket_acl(Bucket=NAME)["Owner"]
    grantee = {"Type": "CanonicalUser", "ID": "f" * 64}
    for grantee, status in ((grantee, "unknown"), ({"Type": "CanonicalUser", "ID": owner["ID"]}, "pass")):
        grants = [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]
        s3.put_bucket_acl(Bucket=NAME, AccessControlPolicy={"Owner": owner, "Grants": grants})
        found = scan(checks=["bucket-policy-cross-account"]).json()["findings"]
        assert [(f["subject"]["id"], f["status"]) for f in found] == [(org.bucket, status)], found


def with_statement(org, statement: dict) -> str:
    document = json.loads(policies.log_bucket(NAME, org.trail))
    document["Statement"].append({"Sid": "More", "Resource": f"{org.bucket}/*", **statement})
    return json.dumps(document)


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_public_by_policy(org, scan, principal):
    open_bucket(org)
    public = with_statement(org, {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject"})
    org.client("s3", org.archive).put_bucket_policy(Bucket=NAME, Policy=public)
    found = each([*BLOCKS, "bucket-not-public-policy"], org.bucket, is_="fail")
    expect(scan().ended(1).json(), but(all_good(org), found))


def test_everyone_in_the_organization_is_not_the_public(org, scan):
    open_bucket(org)
    condition = {"StringEquals": {"aws:PrincipalOrgID": org.id}}
    inside = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Condition": condition}
    org.client("s3", org.archive).put_bucket_policy(Bucket=NAME, Policy=with_statement(org, inside))
    expect(scan().ended(1).json(), but(all_good(org), each(BLOCKS, org.bucket, is_="fail")))


@pytest.mark.parametrize(
    "source",
    [
        {"StringLike": {"aws:SourceArn": "*"}},
        {"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:999999999999:trail/other"}},
        {},
    ],
)
def test_other_peoples_trails_may_write(org, scan, source):
    policy = policies.log_bucket(NAME, org.trail, source=source)
    org.client("s3", org.archive).put_bucket_policy(Bucket=NAME, Policy=policy)
    deputy = each(["bucket-cloudtrail-source-arn"], org.bucket, is_="fail")
    expect(scan().ended(1).json(), but(all_good(org), deputy))


@pytest.mark.parametrize("covered", [[], ["{bucket}"], ["{bucket}/*"]])
def test_plain_http(org, scan, covered):
    """The Deny must cover the bucket and its objects."""
    document = json.loads(policies.log_bucket(NAME, org.trail, tls=False))
    if covered:
        document["Statement"].append(policies.tls_only(*(c.format(bucket=org.bucket) for c in covered)))
    org.client("s3", org.archive).put_bucket_policy(Bucket=NAME, Policy=json.dumps(document))
    expect(scan().ended(1).json(), but(all_good(org), each(["bucket-tls-only"], org.bucket, is_="fail")))


def test_a_strangers_bucket(org, scan):
    """It answers, but to none of the organization's accounts."""
    org.create_bucket("strangers-logs", "999999999999", org.trail)
    org.client("cloudtrail").update_trail(Name="org-trail", S3BucketName="strangers-logs")
    bucket = "arn:aws:s3:::strangers-logs"
    found = {check: {bucket: NOT_PROVED} for check in PER_BUCKET if check != "delivery-bucket-exists"}
    audit = scan()
    assert audit.code in (1, 3), audit.err
    expect(audit.json(), found)
