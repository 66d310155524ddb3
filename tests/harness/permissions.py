"""What the tool asks to be granted, and which actions the calls of a run really need."""

import json
from pathlib import Path

from harness import tool

# Where the operation and its action have different names, and no check names the call. IAM reference, "Amazon S3".
ACTIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
}
FREE = {"sts:GetCallerIdentity"}  # Nobody needs a permission for it. Reference: STS, GetCallerIdentity.


def granted(folder: Path, *flags: str) -> set[str]:
    """The actions of the printed policy."""
    printed = json.loads(tool.run(folder, "list", "permissions", *flags).ended(0).out)
    allowed: set[str] = set()
    for statement in printed["Statement"]:
        given = statement["Action"]
        allowed |= {given} if isinstance(given, str) else set(given)
    return allowed


def needed(folder: Path, calls: set[str]) -> set[str]:
    """The actions of these calls, as the checks name them."""
    actions = dict(ACTIONS)
    for row in json.loads(tool.run(folder, "list", "checks", "--json").ended(0).out):
        told = json.loads(tool.run(folder, "explain", row["id"], "--json").ended(0).out)
        actions.update({read["call"]: read["action"] for read in told["reads"]})
    return {actions.get(name, name) for name in calls} - FREE
