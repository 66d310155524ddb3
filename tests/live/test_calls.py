"""Only the calls that the chosen checks need are made, and the printed permissions are those calls."""

import json

import pytest
from moto.s3control.models import s3control_backends

from emulator.organization import ROLE
from harness import permissions


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
        # The RCPs over a topic's key: of both kinds of policies there is the one that AWS attaches to the root.
        "organizations:ListRoots": 1,
        "organizations:ListOrganizationalUnitsForParent": 1,
        "organizations:ListAccountsForParent": 1,
        "organizations:ListPolicies": 2,
        "organizations:DescribePolicy": 2,
        "organizations:ListTargetsForPolicy": 2,
        "account:ListRegions": len(org.accounts),
        "cloudtrail:DescribeTrails": places,
        "cloudtrail:GetTrailStatus": 1,
        "cloudtrail:GetEventSelectors": 1,
        "cloudtrail:GetInsightSelectors": 1,
        "cloudtrail:GetEventConfiguration": 1,
        "cloudtrail:ListTags": 1,
        "s3:GetBucketLocation": 1,
        "logs:DescribeLogGroups": 1,
        # Whether a topic's key lets CloudTrail announce: keys are read with those that buckets name.
        "s3:GetBucketEncryption": 1,
        "kms:DescribeKey": 1,
        "kms:GetKeyPolicy": 1,
    }


def furnish(org) -> None:
    """One of everything that a good organization can do without, and what makes us ask further."""
    org.client("organizations").register_delegated_administrator(
        AccountId=org.archive, ServicePrincipal="cloudtrail.amazonaws.com"
    )
    # A denial that names no policy: the policies are read, to tell whether one of them is the reason.
    where = {"accounts": (org.sandbox,), "regions": ("eu-central-1",)}
    org.emulator.refuse("AccessDeniedException", operation="cloudtrail:DescribeTrails", **where)
    topic = org.client("sns").create_topic(Name="record")["TopicArn"]
    given = {"TopicArn": topic, "Protocol": "https", "Endpoint": "https://example.com/record"}
    org.client("sns").subscribe(**given)
    trails = org.client("cloudtrail")
    trails.update_trail(Name="org-trail", SnsTopicName="record")
    # Nothing is recorded any more, so that a store could; and a bucket that nobody owns.
    trails.stop_logging(Name="org-trail")
    org.store(org.management)
    org.create_bucket("lost-logs", org.management, org.trail)
    org.create_trail("lost", "lost-logs")
    org.delete_bucket("lost-logs")
    events = org.client("events")
    events.put_rule(Name="trails", EventPattern=json.dumps({"source": ["aws.cloudtrail"]}), State="ENABLED")
    events.put_targets(Rule="trails", Targets=[{"Id": "1", "Arn": topic}])
    org.client("guardduty").create_detector(Enable=True)
    org.client("securityhub").enable_security_hub()
    role = f"arn:aws:iam::{org.management}:role/{ROLE}"
    org.client("config").put_configuration_recorder(ConfigurationRecorder={"name": "all", "roleARN": role})
    # Not through HTTP: botocore puts the account into the host name, which a loopback address has not.
    s3control_backends[org.archive]["aws"].create_access_point(org.archive, "logs", "org-trail-logs", {}, {})


GROUPS = "trail-* bucket-* key-* monitoring-* organization-* delivery-* lake-* access-*"


@pytest.mark.parametrize("selection", GROUPS.split())
def test_the_printed_permissions_are_what_is_called(org, scan, emulator, tmp_path, selection):
    """Every action that is granted is used, and none is missing."""
    scan(checks=[selection])
    called = {call.name for call in emulator.log}
    furnish(org)
    scan(checks=[selection])
    called |= {call.name for call in emulator.log}
    assert permissions.needed(tmp_path, called) == permissions.granted(tmp_path, "--check", selection)
