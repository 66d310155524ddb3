"""Trails that do not record, or not everywhere, or not here."""

from emulator.organization import ago
from harness.verdicts import DECIDED, NOT_RIGHT, all_good, but, each, expect, regions, unspoken


def test_stopped(org, scan):
    """Configured is not running: everything that the trail covered is uncovered."""
    org.client("cloudtrail").stop_logging(Name="org-trail")
    org.status(org.trail, StopLoggingTime=ago(days=10), LatestDeliveryTime=ago(days=10))
    org.status(org.trail, LatestDigestDeliveryTime=ago(days=10))
    expect(
        scan().ended(1).json(),
        but(
            all_good(org),
            each(["trail-is-logging"], org.trail, is_="fail"),
            each(["trail-exists", "organization-all-accounts-covered"], *org.accounts, is_="fail"),
            each(["organization-trail"], org.id, is_="fail"),
            each(["trail-regions-covered"], *regions(org.accounts, org.regions), is_="fail"),
            each(["trail-data-events-s3-read", "trail-data-events-s3-write"], org.trail, is_="fail"),
            # Is what a stopped trail would record judged of the selectors or of the record? Not said.
            each(
                ["trail-management-events-read-write", "trail-global-service-events"], org.trail, is_=DECIDED
            ),
            each(["trail-management-events-no-exclusions"], org.trail, is_=DECIDED),
            each(["trail-advanced-selectors-no-blind-spots"], org.trail, is_=DECIDED),
            each(["delivery-s3-fresh", "delivery-digest-fresh"], org.trail, is_=NOT_RIGHT),
        ),
    )


def test_no_trail_at_all(org, scan):
    """Zero trails are failing findings, not zero rows."""
    org.client("cloudtrail").delete_trail(Name="org-trail")
    run = scan().ended(1)
    expect(
        run.json(),
        {
            **each(["trail-exists", "organization-all-accounts-covered"], *org.accounts, is_="fail"),
            **each(["organization-trail"], org.id, is_="fail"),
            **each(["trail-regions-covered"], *regions(org.accounts, org.regions), is_="fail"),
        },
    )


def test_two_single_region_trails(org, scan):
    """They cover two regions of their own account, and not the account. Global service events are
    recorded in us-east-1 only."""
    org.client("cloudtrail").delete_trail(Name="org-trail")
    covered = org.regions[:2]
    assert covered == ("us-east-1", "eu-west-1")
    near, far = [
        org.create_trail(f"only-{region}", "org-trail-logs", region=region, IsMultiRegionTrail=False)
        for region in covered
    ]
    members = [a for a in org.accounts if a != org.management]
    here = regions([org.management], covered)
    expect(
        scan().ended(1).json(),
        {
            **each(["trail-multi-region"], near, far, is_="fail"),
            **each(["trail-is-logging", "trail-management-events-read-write"], near, far, is_="pass"),
            "trail-global-service-events": {near: "pass", far: "fail"},
            "trail-regions-covered": {
                **dict.fromkeys(regions(org.accounts, org.regions), "fail"),
                **dict.fromkeys(here, "pass"),
            },
            **each(["organization-all-accounts-covered"], *org.accounts, is_="fail"),
            "trail-exists": {org.management: DECIDED, **dict.fromkeys(members, "fail")},
            **each(["organization-trail"], org.id, is_="fail"),
        },
    )


def test_delivery_fails(org, scan):
    """Logging, but what it delivers does not arrive. Each channel by itself."""
    org.status(org.trail, LatestDeliveryError="AccessDenied", LatestDeliveryTime=ago(days=3))
    base = all_good(org)
    expect(
        scan().ended(1).json(),
        unspoken(
            but(base, each(["delivery-s3-no-error", "delivery-s3-fresh"], org.trail, is_="fail")),
            # "Shadow trail present and delivering", but also "the trail's own state": not said which.
            *(
                "organization-all-accounts-covered",
                "trail-exists",
                "organization-trail",
                "trail-regions-covered",
            ),
        ),
    )


def test_digests_are_late_and_in_error(org, scan):
    org.status(org.trail, LatestDigestDeliveryError="AccessDenied", LatestDigestDeliveryTime=ago(days=1))
    broken = each(["delivery-digest-no-error", "delivery-digest-fresh"], org.trail, is_="fail")
    expect(scan().ended(1).json(), but(all_good(org), broken))


def test_a_trail_that_has_just_started_is_not_late(org, scan):
    org.status(org.trail, StartLoggingTime=ago(minutes=2), LatestDeliveryTime=ago(days=30))
    org.status(org.trail, LatestDigestDeliveryTime=ago(days=30))
    base = all_good(org)
    young = each(["delivery-s3-fresh", "delivery-digest-fresh"], org.trail, is_=("pass", "not_applicable"))
    expect(scan().ended(0).json(), but(base, young))


def test_the_log_group_is_gone(org, scan):
    org.client("logs").delete_log_group(logGroupName="org-trail")
    gone = each(["trail-cloudwatch-logs"], org.trail, is_="fail")
    expect(scan().ended(1).json(), but(all_good(org), gone))


def test_plain_settings(org, scan):
    """No validation, no key, no log group, one region: each is one verdict."""
    trail = org.create_trail("plain", "org-trail-logs", IsMultiRegionTrail=False)
    lacking = ["trail-multi-region", "trail-log-file-validation", "trail-kms-encrypted", "trail-cloudwatch-logs"]
    found = {check: {org.trail: "pass", trail: "fail"} for check in lacking}
    expect(scan().ended(1).json(), found)
