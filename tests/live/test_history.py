"""What the configuration of today hides: gaps in the past, single regions, further keys, settings of their own."""

import json

from emulator import cloudtrail, corrections, policies
from emulator.organization import ago


def verdict(audit: dict, check: str, subject: str) -> tuple[str, str]:
    [found] = [f for f in audit["findings"] if (f["check"], f["subject"]["id"]) == (check, subject)]
    return found["status"], found["message"]


def test_a_trail_that_was_restarted(org, scan):
    """Running, delivering, and three weeks are missing."""
    org.status(org.trail, StartLoggingTime=ago(hours=1), StopLoggingTime=ago(days=22))
    audit = scan(checks=["trail-no-recent-gap", "trail-is-logging"]).ended(1).json()
    assert verdict(audit, "trail-is-logging", org.trail)[0] == "pass"
    status, message = verdict(audit, "trail-no-recent-gap", org.trail)
    assert status == "fail" and "21 days" in message


def test_one_region_refuses(org, scan, emulator):
    """GetTrailStatus is called once in each region of the trail, and only for the check that reads it."""
    org.status_in("eu-central-1", org.trail, LatestDeliveryError="AccessDenied")
    audit = scan(checks=["delivery-regions-no-error", "delivery-s3-no-error"]).ended(1).json()
    assert verdict(audit, "delivery-s3-no-error", org.trail)[0] == "pass"
    status, message = verdict(audit, "delivery-regions-no-error", org.trail)
    assert status == "fail" and "eu-central-1: AccessDenied" in message
    assert emulator.counts()["cloudtrail:GetTrailStatus"] == len(org.regions)
    scan(checks=["delivery-s3-no-error"])
    assert emulator.counts()["cloudtrail:GetTrailStatus"] == 1


def test_one_region_is_denied(org, scan, emulator):
    emulator.refuse("AccessDeniedException", operation="cloudtrail:GetTrailStatus", regions=("eu-west-1",))
    audit = scan(checks=["delivery-regions-no-error"]).ended(3).json()
    assert verdict(audit, "delivery-regions-no-error", org.trail)[0] == "unknown"


def test_a_replica_with_a_policy_of_its_own(org, scan):
    kms = org.client("kms", org.archive)
    policy = policies.trail_key(org.archive, org.trail)
    key = kms.create_key(MultiRegion=True, Policy=policy)["KeyMetadata"]
    org.client("cloudtrail").update_trail(Name="org-trail", KmsKeyId=key["Arn"])
    check = ["key-replicas"]
    replica = kms.replicate_key(KeyId=key["KeyId"], ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]["Arn"]
    there = org.client("kms", org.archive, "eu-west-1")
    there.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy)
    audit = scan(checks=check).ended(0).json()
    assert verdict(audit, "key-replicas", key["Arn"])[0] == "pass"
    opened = policies.document({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"})
    there.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(opened))
    audit = scan(checks=check).ended(1).json()
    status, message = verdict(audit, "key-replicas", key["Arn"])
    assert status == "fail" and replica in message


def test_root_access(org, scan):
    """IAM without trusted access is an answer: nothing is on."""
    check = "organization-root-access-centralized"
    status, message = verdict(scan(checks=[check]).json(), check, org.id)
    assert status == "fail", message
    corrections.root_access.update({"RootCredentialsManagement", "RootSessions"})
    status, message = verdict(scan(checks=[check]).json(), check, org.id)
    assert status == "pass", message


def test_aggregation(org, scan):
    check = "trail-event-configuration"
    assert verdict(scan(checks=[check]).json(), check, org.trail)[0] == "fail"
    cloudtrail.aggregations[org.trail] = [{"EventCategory": "Data", "Templates": ["API_ACTIVITY"]}]
    assert verdict(scan(checks=[check]).json(), check, org.trail)[0] == "pass"


def test_mfa_delete(org, scan):
    """On a bucket without compliance mode, where it adds something."""
    org.delete_bucket("org-trail-logs")
    org.create_bucket("org-trail-logs", org.archive, org.trail)
    check, bucket = "bucket-mfa-delete", org.bucket
    assert verdict(scan(checks=[check]).json(), check, bucket)[0] == "fail"
    org.client("s3", org.archive).put_bucket_versioning(
        Bucket="org-trail-logs",
        MFA=f"arn:aws:iam::{org.archive}:mfa/root-account-mfa-device 123456",
        VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"},
    )
    assert verdict(scan(checks=[check]).json(), check, bucket)[0] == "pass"


def test_the_owner_is_suspended(org, scan):
    """Nothing about the bucket itself has changed."""
    from moto.organizations.models import organizations_backends

    backend = organizations_backends[org.management]["aws"]
    [account] = [it for it in backend.accounts if it.id == org.archive]
    account.state = account.status = "SUSPENDED"
    audit = scan(checks=["bucket-owner-active"]).json()
    found = {f["subject"]["id"]: f["status"] for f in audit["findings"] if f["check"] == "bucket-owner-active"}
    assert "pass" not in found.values() and found
