"""Digests and logs in the bucket of the emulated organization's trail."""

from datetime import datetime, timedelta, timezone

import pytest

from harness import tree


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
        made.upload(s3, "org-trail-logs", create=False, key=org.key)
        return made

    return make
