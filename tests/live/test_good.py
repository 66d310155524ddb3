"""An organization with nothing wrong: bucket and key in a log archive, one organization trail for all."""

from harness.verdicts import CHECKS, NOT_RIGHT, all_good, but, each, expect, unspoken


def test_everything_passes(org, scan):
    """Members and other regions see the trail as a shadow: still one verdict per real resource."""
    audit = scan().ended(0).json()
    expect(audit, all_good(org))
    assert {f["check"] for f in audit["findings"]} == set(CHECKS)
    assert audit["run"]["complete"] and not audit["run"]["interrupted"] and audit["run"]["exit_code"] == 0


def test_the_population_is_told(org, scan):
    audit = scan().ended(0).json()
    accounts = {a["id"]: a["status"] for a in audit["coverage"]["accounts"]}
    assert accounts == dict.fromkeys(org.accounts, "assessed")
    regions = {(r["account"], r["region"]): r["status"] for r in audit["coverage"]["regions"]}
    assert regions == {(account, region): "assessed" for account in org.accounts for region in org.regions}
    scope = audit["scope"]
    assert scope["organization"] == org.id and scope["management_account"] == org.management
    assert scope["accounts"] == sorted(org.accounts) and scope["regions"] == sorted(org.regions)
    assert scope["caller_arn"].startswith(f"arn:aws:sts::{org.management}:")


def test_an_opt_in_region_counts_once_it_is_switched_on(org, scan):
    org.opt_in(org.app, "me-south-1")
    audit = scan().ended(0).json()
    expect(audit, unspoken(all_good(org), "trail-regions-covered"))
    told = {
        f["subject"]["id"]: f["status"] for f in audit["findings"] if f["check"] == "trail-regions-covered"
    }
    assert told[f"{org.app}/me-south-1"] == "pass"
    others = {told.get(f"{account}/me-south-1") for account in org.accounts if account != org.app}
    assert others <= {None, "not_applicable"}


def test_a_finding_belongs_to_the_account_that_owns_the_resource(org, scan):
    owners = {org.trail: org.management, org.bucket: org.archive, org.key: org.archive}
    subjects = [f["subject"] for f in scan().json()["findings"] if f["subject"]["id"] in owners]
    assert {s["id"] for s in subjects} == set(owners)
    for subject in subjects:
        assert (subject["account"], subject["region"]) == (owners[subject["id"]], "us-east-1")
        assert subject["kind"] == {org.trail: "trail", org.bucket: "bucket", org.key: "key"}[subject["id"]]


def test_a_trail_of_a_members_own_is_judged_in_that_member(org, scan):
    """Multi-region and logging, so it has a shadow in each region; nothing else of it is right."""
    org.client("s3", org.app).create_bucket(Bucket="app-logs")
    trail = org.create_trail("app-trail", "app-logs", org.app, "eu-west-1")
    bucket = "arn:aws:s3:::app-logs"
    audit = scan().ended(1).json()
    expect(
        audit,
        but(
            all_good(org),
            each(
                ["trail-multi-region", "trail-is-logging", "trail-global-service-events"], trail, is_="pass"
            ),
            each(["trail-management-events-read-write"], trail, is_="pass"),
            each(["trail-management-events-no-exclusions"], trail, is_="pass"),
            each(["trail-advanced-selectors-no-blind-spots"], trail, is_=("pass", "not_applicable")),
            each(
                ["trail-log-file-validation", "trail-kms-encrypted", "trail-cloudwatch-logs"],
                trail,
                is_="fail",
            ),
            # The organization trail records them: whether this one must as well is not said.
            each(["trail-data-events-s3-read", "trail-data-events-s3-write"], trail, is_=NOT_RIGHT),
            each(["delivery-s3-no-error", "delivery-s3-fresh"], trail, is_="pass"),
            each(
                ["delivery-digest-no-error", "delivery-digest-fresh"], trail, is_=("pass", "not_applicable")
            ),
            each(["delivery-bucket-exists", "bucket-owner-in-organization"], bucket, is_="pass"),
            each(["bucket-not-public-acl", "bucket-not-public-policy"], bucket, is_="pass"),
            each(["bucket-public-access-block", "bucket-account-public-access-block"], bucket, is_="fail"),
            each(["bucket-versioning", "bucket-access-logging", "bucket-tls-only"], bucket, is_="fail"),
            each(["bucket-object-lock", "bucket-object-lock-default-retention"], bucket, is_="fail"),
            each(["bucket-object-lock-retention-days"], bucket, is_="fail"),
            each(["bucket-object-lock-compliance-mode"], bucket, is_=("fail", "not_applicable")),
            # Without a policy nothing binds CloudTrail's statements, and there are none.
            each(["bucket-cloudtrail-source-arn"], bucket, is_=("pass", "fail", "not_applicable")),
        ),
    )
    owners = {f["subject"]["account"] for f in audit["findings"] if f["subject"]["id"] in (trail, bucket)}
    assert owners == {org.app}
