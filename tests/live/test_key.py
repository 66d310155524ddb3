"""The key that encrypts the trail."""

from emulator import policies
from harness.verdicts import DECIDED, NOT_RIGHT, PER_KEY, all_good, but, each, expect


def test_disabled(org, scan):
    org.client("kms", org.archive).disable_key(KeyId=org.key.split("/")[1])
    expect(scan().ended(1).json(), but(all_good(org), each(["key-enabled"], org.key, is_="fail")))


def test_pending_deletion(org, scan):
    kms = org.client("kms", org.archive)
    kms.schedule_key_deletion(KeyId=org.key.split("/")[1], PendingWindowInDays=7)
    dying = {
        **each(["key-not-pending-deletion"], org.key, is_="fail"),
        # The state is not Enabled; whether one cause gives two findings is not said.
        **each(["key-enabled"], org.key, is_=NOT_RIGHT),
        **each(["key-rotation"], org.key, is_=DECIDED),
    }
    expect(scan().ended(1).json(), but(all_good(org), dying))


def test_aws_managed(org, scan):
    """AWS rotates it every year, and its policy is AWS's own."""
    org.kms_key(org.key).key_manager = "AWS"
    found = {
        **each(["key-customer-managed"], org.key, is_="fail"),
        **each(["key-rotation"], org.key, is_=("pass", "not_applicable")),
        **each(["key-cloudtrail-source-arn"], org.key, is_=DECIDED),
    }
    expect(scan().ended(1).json(), but(all_good(org), found))


def test_not_rotated(org, scan):
    org.client("kms", org.archive).disable_key_rotation(KeyId=org.key)
    expect(scan().ended(1).json(), but(all_good(org), each(["key-rotation"], org.key, is_="fail")))


def test_any_trail_may_use_it(org, scan):
    policy = policies.trail_key(org.archive, org.trail, bound=False)
    org.client("kms", org.archive).put_key_policy(KeyId=org.key, PolicyName="default", Policy=policy)
    deputy = each(["key-cloudtrail-source-arn"], org.key, is_="fail")
    expect(scan().ended(1).json(), but(all_good(org), deputy))


def test_gone(org, scan):
    """The key's id alone encrypts nothing. The trail still names it."""
    org.emulator.refuse(
        "NotFoundException", operation="kms:*", resource=org.key, message=f"Key '{org.key}' does not exist"
    )
    gone = {**each(PER_KEY, org.key, is_=("fail", "unknown", "not_applicable"))}
    run = scan()
    assert run.code in (1, 3), run.err
    expect(run.json(), but(all_good(org), gone))
