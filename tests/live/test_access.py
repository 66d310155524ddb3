"""Who holds all of CloudTrail. One finding per principal who does, one pass per account where nobody does."""

import json

from emulator.organization import attach
from emulator.policies import document
from harness.verdicts import all_good, but, each, expect

FULL = {"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "*"}
STOP = {"Effect": "Allow", "Action": ["cloudtrail:StopLogging", "cloudtrail:Get*"], "Resource": "*"}
MANAGED = "access-no-full-cloudtrail-managed-policy"
INLINE = "access-no-full-cloudtrail-inline-policy"
ATTACHED = "access-full-access-policy-attachments"
ADMIN = "access-no-admin-star"
AWS = "arn:aws:iam::aws:policy/"


def found(org, check: str, principal: str) -> dict:
    """In the application account the principal takes the place of the account's pass."""
    return but(all_good(org), {check: {org.app: None, principal: "fail"}})


def test_customer_policy(org, scan):
    """A policy that is attached to nobody gives nothing to anybody."""
    iam = org.client("iam", org.app)
    holder = attach(iam, "holder", document(FULL))
    attach(iam, "operator", document(STOP))
    iam.create_policy(PolicyName="unused", PolicyDocument=json.dumps(document(FULL)))
    expect(scan().ended(1).json(), found(org, MANAGED, holder))


def test_only_the_default_version_counts(org, scan):
    iam = org.client("iam", org.app)
    attach(iam, "former", document(FULL))
    arn = f"arn:aws:iam::{org.app}:policy/former-0"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document(STOP)), SetAsDefault=True)
    expect(scan().ended(0).json(), all_good(org))


def test_inline_policy(org, scan):
    iam = org.client("iam", org.app)
    user = iam.create_user(UserName="holder")["User"]["Arn"]
    iam.put_user_policy(UserName="holder", PolicyName="all", PolicyDocument=json.dumps(document(FULL)))
    attach(iam, "operator")
    iam.put_role_policy(RoleName="operator", PolicyName="stop", PolicyDocument=json.dumps(document(STOP)))
    expect(scan().ended(1).json(), found(org, INLINE, user))


def test_cloudtrail_full_access(org, scan):
    iam = org.client("iam", org.app)
    user = iam.create_user(UserName="holder")["User"]["Arn"]
    iam.attach_user_policy(UserName="holder", PolicyArn=f"{AWS}AWSCloudTrail_FullAccess")
    expect(scan().ended(1).json(), found(org, ATTACHED, user))


def test_administrator(org, scan):
    iam = org.client("iam", org.app)
    role = attach(iam, "boss")
    iam.attach_role_policy(RoleName="boss", PolicyArn=f"{AWS}AdministratorAccess")
    expect(scan().ended(1).json(), found(org, ADMIN, role))


def test_several_principals_in_several_accounts(org, scan):
    holders = {}
    for account in (org.app, org.sandbox, org.management):
        arns = [attach(org.client("iam", account), name, document(FULL)) for name in ("one", "two")]
        holders |= {account: None, **dict.fromkeys(arns, "fail")}
    audit = scan("--fail-on", "high").ended(1).json()
    expect(audit, but(all_good(org), {MANAGED: holders}))


def test_what_cannot_be_read_is_unknown_in_that_account(org, scan, emulator):
    emulator.refuse("AccessDenied", operation="iam:*", accounts=(org.app,))
    checks = [MANAGED, INLINE, ATTACHED, ADMIN]
    expect(scan().ended(3).json(), but(all_good(org), each(checks, org.app, is_="unknown")))
