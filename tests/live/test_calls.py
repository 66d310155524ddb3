"""Only the calls that the chosen checks need are made, and the printed permissions allow them all."""

import json

import pytest

from harness import tool

# Where the operation and its action have different names, and no check names the call. IAM reference, "Amazon S3".
ACTIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
}
WHO = ("sts:GetCallerIdentity", "sts:AssumeRole")


def test_trail_checks_ask_about_trails(org, scan, emulator):
    """By hand: who we are, the organization, each account's regions and trails, and one trail's details.
    Stores could only add what the trail lacks: it lacks nothing, so nobody is asked for stores."""
    scan(checks=["trail-*"])
    places = len(org.accounts) * len(org.regions)
    counts = emulator.counts()
    looked_for = counts.pop("s3:ListBuckets")
    assert looked_for <= len(org.accounts), "the owner of one bucket, each account asked once at the most"
    assert counts == {
        "sts:GetCallerIdentity": 1,
        "sts:AssumeRole": len(org.members),
        "organizations:DescribeOrganization": 1,
        "organizations:ListAccounts": 1,
        "organizations:ListDelegatedAdministrators": 1,
        "account:ListRegions": len(org.accounts),
        "cloudtrail:DescribeTrails": places,
        "cloudtrail:GetTrailStatus": 1,
        "cloudtrail:GetEventSelectors": 1,
        "cloudtrail:GetInsightSelectors": 1,
        "cloudtrail:ListTags": 1,
        "s3:GetBucketLocation": 1,
        "logs:DescribeLogGroups": 1,
    }


GROUPS = "trail-* bucket-* key-* monitoring-* organization-* delivery-s3-* lake-* access-no-*"


@pytest.mark.parametrize("selection", GROUPS.split())
def test_the_printed_permissions_allow_every_call(org, scan, emulator, tmp_path, selection):
    scan(checks=[selection])
    called = {call.name for call in emulator.log} - set(WHO)
    rows = json.loads(tool.run(tmp_path, "list", "checks", "--check", selection, "--json").ended(0).out)
    actions = dict(ACTIONS)
    for row in rows:
        told = json.loads(tool.run(tmp_path, "explain", row["id"], "--json").ended(0).out)
        actions.update({read["call"]: read["action"] for read in told["reads"]})
    printed = tool.run(tmp_path, "list", "permissions", "--check", selection).ended(0)
    allowed: set[str] = set()
    for statement in json.loads(printed.out)["Statement"]:
        given = statement["Action"]
        allowed |= {given} if isinstance(given, str) else set(given)
    assert {actions.get(name, name) for name in called} <= allowed
