"""Who can tamper: an organization with policies at two levels, and one principal for each thing that decides.

The truth is written by hand next to each principal: what its policies, all together, let it do.
"""

import json

import pytest

from emulator.organization import ROLE, attach
from emulator.policies import document
from harness import tool

STOP = {"Effect": "Allow", "Action": "cloudtrail:StopLogging", "Resource": "*"}
ALL_OF_CLOUDTRAIL = {"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "*"}
KEY_ADMIN = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}


def guard(org, name: str, target: str, *statements: dict) -> None:
    """A service control policy at the root, at a unit or at an account."""
    client = org.client("organizations")
    made = client.create_policy(
        Name=name,
        Description=name,
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps(document(*statements)),
    )
    client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def role(iam, name: str, trusted: str | dict, *statements: dict, boundary: str | None = None) -> str:
    principal = trusted if isinstance(trusted, dict) else {"AWS": trusted}
    trust = document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    more = {"PermissionsBoundary": boundary} if boundary else {}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document(*statements)))
    return arn


@pytest.fixture
def told(emulator, tmp_path):
    """The rows of `access`, from a run that collects by itself."""

    def go() -> dict:
        given = ["access", "--role-name", ROLE, "-f", "json"]
        return json.loads(tool.run(tmp_path, *given, **tool.credentials(emulator.url)).ended(0).out)

    return go


def holders(listing: dict, action: str, target: str) -> dict:
    """Principal: whether directly. Root users hold everything that no policy from above denies; they are left out."""
    rows = (r for r in listing["holders"] if (r["action"], r["target"]) == (action, target))
    return {r["principal"]["id"]: r["direct"] for r in rows if r["principal"]["kind"] != "root"}


def test_policies_at_two_levels_and_a_break_glass_role(org, told):
    trail = org.create_trail("own", "org-trail-logs", org.app)
    guard(
        org,
        "no-stopping",
        org.root,
        {
            "Effect": "Deny",
            "Action": "cloudtrail:StopLogging",
            "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass"}},
        },
    )
    guard(org, "no-deleting", org.app, {"Effect": "Deny", "Action": "cloudtrail:DeleteTrail", "Resource": "*"})
    iam = org.client("iam", org.app)
    ec2 = {"Service": "ec2.amazonaws.com"}
    glass = role(iam, "break-glass", ec2, ALL_OF_CLOUDTRAIL)
    operator = role(iam, "operator", ec2, ALL_OF_CLOUDTRAIL)
    listing = told()
    stop, delete, update = (
        holders(listing, f"cloudtrail:{action}", trail) for action in ("StopLogging", "DeleteTrail", "UpdateTrail")
    )
    assert glass in stop and operator not in stop  # the root's policy spares one
    assert glass not in delete and operator not in delete  # the account's spares none
    assert update[glass] and update[operator]  # nobody denies it


def test_member_rights_end_at_the_organization_trail(org, told):
    """The member has no trail of its own: `cloudtrail:*` does nothing, and that is said."""
    iam = org.client("iam", org.app)
    holder = attach(iam, "holder", document(ALL_OF_CLOUDTRAIL))
    listing = told()
    assert holder not in holders(listing, "cloudtrail:StopLogging", org.trail)
    harmless = [(it["principal"]["id"], it["action"]) for it in listing["harmless"] if it["target"] == org.trail]
    assert (holder, "cloudtrail:StopLogging") in harmless


def test_boundary_and_group(org, told):
    trail = org.create_trail("own", "org-trail-logs", org.app)
    iam = org.client("iam", org.app)
    reading = {"Effect": "Allow", "Action": "cloudtrail:Get*", "Resource": "*"}
    made = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(document(reading)))
    ec2 = {"Service": "ec2.amazonaws.com"}
    bound = role(iam, "bound", ec2, STOP, boundary=made["Policy"]["Arn"])
    iam.create_group(GroupName="operators")
    iam.put_group_policy(GroupName="operators", PolicyName="stop", PolicyDocument=json.dumps(document(STOP)))
    ana, bob = (iam.create_user(UserName=name)["User"]["Arn"] for name in ("ana", "bob"))
    iam.add_user_to_group(GroupName="operators", UserName="ana")
    stop = holders(told(), "cloudtrail:StopLogging", trail)
    assert stop.get(ana) is True and bob not in stop and bound not in stop


def test_a_role_that_another_account_may_assume(org, told):
    trail = org.create_trail("own", "org-trail-logs", org.app)
    admin = role(org.client("iam", org.app), "admin", f"arn:aws:iam::{org.sandbox}:root", STOP)
    other = org.client("iam", org.sandbox)
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": admin}
    ec2 = {"Service": "ec2.amazonaws.com"}
    hub, idle = role(other, "hub", ec2, assume), role(other, "idle", ec2)
    listing = told()
    stop = holders(listing, "cloudtrail:StopLogging", trail)
    assert stop.get(admin) is True and stop.get(hub) is False and idle not in stop
    row = next(r for r in listing["holders"] if r["principal"]["id"] == hub and r["action"] == "cloudtrail:StopLogging")
    assert [(hop["by"], hop["to"]) for hop in row["path"]] == [("sts:AssumeRole", admin)]


def test_a_key_whose_policy_does_not_delegate(org, told):
    """Identity policies count for a key only where its policy names the account."""
    iam = org.client("iam", org.archive)
    ec2 = {"Service": "ec2.amazonaws.com"}
    admin, keeper = role(iam, "admin", ec2, KEY_ADMIN), role(iam, "keeper", ec2)
    assert admin in holders(told(), "kms:ScheduleKeyDeletion", org.key)
    only = document({"Effect": "Allow", "Principal": {"AWS": keeper}, "Action": "kms:*", "Resource": "*"})
    kms = org.client("kms", org.archive)
    kms.put_key_policy(KeyId=org.key.split("/")[1], PolicyName="default", Policy=json.dumps(only))
    destroy = holders(told(), "kms:ScheduleKeyDeletion", org.key)
    assert destroy.get(keeper) is True and admin not in destroy
