"""`scan --verify-digests`: the chains of the organization's trail, as its settings say they must be there."""

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from harness import tree

CHECKS = ["delivery-*", "trail-log-file-validation"]


@pytest.fixture
def laid(org, tmp_path):
    """Seven hours of every account and region, until an hour ago; some regions to keep it quick."""

    def make(**spec) -> tree.Tree:
        hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
        start = (hour - timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
        given = {
            "bucket": "org-trail-logs",
            "organization": org.id,
            "accounts": list(org.accounts),
            "regions": list(org.regions),
            "trails": ["org-trail"],
            "home_region": "us-east-1",
            "start": start,
            "hours": 7,
            "logs_per_hour": 0,
        }
        made = tree.make(tmp_path, **{**given, **spec})
        s3 = org.client("s3", org.archive)
        # It lets CloudTrail alone write, and moto does not read its conditions: it would refuse all plain HTTP.
        s3.delete_bucket_policy(Bucket="org-trail-logs")
        made.upload(s3, "org-trail-logs", create=False)
        return made

    return make


def verdicts(audit) -> dict:
    return dict(Counter(it["verdict"] for it in audit["chains"]))


def test_every_account_and_region(org, scan, laid):
    laid()
    audit = scan("--verify-digests", "--since", "6h", checks=CHECKS).ended(0).json()
    assert verdicts(audit) == {"verified": len(org.accounts) * len(org.regions)}
    assert audit["problems"] == []


def test_a_chain_that_is_not_there(org, scan, laid):
    """The region delivers nothing, and no folder shows that it should."""
    laid(regions=list(org.regions)[1:])
    audit = scan("--verify-digests", "--since", "6h", checks=CHECKS).ended(1).json()
    missing = {(it["account"], it["region"]) for it in audit["problems"]}
    assert missing == {(account, org.regions[0]) for account in org.accounts}
    assert {it["kind"] for it in audit["problems"]} == {"chain-missing"}


def test_a_bucket_that_may_not_be_listed(org, scan, laid, emulator):
    laid()
    emulator.refuse("AccessDenied", operation="s3:ListObjectsV2", resource="AWSLogs")
    audit = scan("--verify-digests", "--since", "6h", checks=CHECKS).ended(3).json()
    assert verdicts(audit) == {"unverified": len(org.accounts) * len(org.regions)}
    of_chains = {it["status"] for it in audit["findings"] if it["subject"]["kind"] == "chain"}
    assert of_chains == {"unknown"}


def test_not_asked_for(org, scan):
    audit = scan(checks=CHECKS).ended(0).json()
    assert audit["chains"] == [] and not any(it["subject"]["kind"] == "chain" for it in audit["findings"])
