"""What cannot be asked is told, is never a pass, and does not hide what is known."""

from harness import tool
from harness.verdicts import (
    LOCK,
    PER_ACCOUNT,
    PER_BUCKET,
    PER_KEY,
    PER_TRAIL,
    all_good,
    but,
    each,
    expect,
    regions,
)

CLOSED = "eu-central-1"


def status(audit: dict, account: str, region: str | None = None) -> str:
    coverage = audit["coverage"]
    if region is None:
        return next(a["status"] for a in coverage["accounts"] if a["id"] == account)
    found = [r["status"] for r in coverage["regions"] if (r["account"], r["region"]) == (account, region)]
    return found[0] if found else "not told"


def assert_explained(audit: dict) -> None:
    """Every unknown names a call that did not answer, and the action that would allow it."""
    for finding in audit["findings"]:
        if finding["status"] == "unknown":
            named = [e for e in finding.get("evidence", []) if e.get("call") and e.get("action")]
            assert named, finding
    assert audit["coverage"]["calls"]["failed"]


def test_a_region_that_an_scp_closes_for_members(org, scan):
    """Its coverage follows from the trail as the management account sees it: nothing is unknown."""
    org.close_region(CLOSED, org.members)
    audit = scan().ended(0).json()
    expect(audit, all_good(org))
    for account in org.members:
        assert status(audit, account, CLOSED) == "denied_by_scp"
        assert status(audit, account, "eu-west-1") == "assessed"
    assert status(audit, org.management, CLOSED) == "assessed"


def test_a_closed_region_without_a_trail_is_not_covered(org, scan):
    """A trail of the home region alone says nothing of the closed region."""
    org.client("cloudtrail").update_trail(Name="org-trail", IsMultiRegionTrail=False)
    org.close_region(CLOSED, org.members)
    audit = scan().ended(1).json()
    covered = {
        **dict.fromkeys(regions(org.accounts, org.regions), "fail"),
        **dict.fromkeys(regions(org.accounts, ["us-east-1"]), "pass"),
        # No organization trail reaches it; a trail of the member's own there would not be seen.
        **dict.fromkeys(regions(org.members, [CLOSED]), ("fail", "unknown")),
    }
    expect(audit, {"trail-regions-covered": covered, **each(["trail-multi-region"], org.trail, is_="fail")})


def test_a_region_that_answers_with_a_plain_denial(org, scan, emulator):
    """No SCP is named: whether the trail is there is not known."""
    emulator.refuse(
        "AccessDeniedException",
        message="User is not authorized to perform: {call} because no identity-based policy allows it",
        operation="cloudtrail:*",
        accounts=(org.app,),
        regions=(CLOSED,),
    )
    audit = scan().ended(3).json()
    lost = [*PER_TRAIL, *PER_BUCKET, *PER_KEY, "trail-regions-covered"]
    expect(
        audit,
        but(
            all_good(org),
            # Trails of its own there, their buckets and keys, would not have been seen.
            each(lost, f"{org.app}/{CLOSED}", is_="unknown"),
            each(["organization-all-accounts-covered"], org.app, is_="unknown"),
        ),
    )
    assert status(audit, org.app, CLOSED) == "denied"
    assert_explained(audit)


def refuse_role(emulator, account: str) -> None:
    emulator.refuse(
        "AccessDenied", operation="sts:AssumeRole", resource=account, message="not authorized: {call}"
    )


def test_an_account_whose_role_cannot_be_assumed(org, scan, emulator):
    refuse_role(emulator, org.app)
    audit = scan().ended(3).json()
    lost = [*PER_TRAIL, *PER_BUCKET, *PER_KEY, *PER_ACCOUNT, "trail-regions-covered"]
    untold = {"trail-regions-covered": dict.fromkeys(regions([org.app], org.regions))}
    expect(audit, but(all_good(org), untold, each(lost, org.app, is_="unknown")))
    assert status(audit, org.app) == "unreachable"
    assert_explained(audit)


def test_the_log_archive_cannot_be_reached(org, scan, emulator):
    """Bucket and key are there, theirs to tell, and not known. The trail itself is."""
    refuse_role(emulator, org.archive)
    audit = scan().ended(3).json()
    statuses = {(f["check"], f["subject"]["id"]): f["status"] for f in audit["findings"]}
    for check, subject in [(c, org.bucket) for c in PER_BUCKET] + [(c, org.key) for c in PER_KEY]:
        assert statuses.get((check, subject)) == "unknown", check
    for check in ("trail-is-logging", "trail-kms-encrypted", "trail-cloudwatch-logs", "delivery-s3-fresh"):
        assert statuses[check, org.trail] == "pass"
    assert status(audit, org.archive) == "unreachable"
    assert_explained(audit)


def test_denied_calls_on_one_bucket(org, scan, emulator):
    """Each call that is denied takes its own checks with it, and no others."""
    for call in ("GetBucketPolicy*", "GetBucketVersioning", "GetObjectLockConfiguration"):
        emulator.refuse("AccessDenied", operation=f"s3:{call}", resource="/org-trail-logs?")
    audit = scan().ended(3).json()
    unknown = ["bucket-versioning", "bucket-tls-only", "bucket-cloudtrail-source-arn", *LOCK]
    denied = {
        **each(unknown, org.bucket, is_="unknown"),
        # Whatever the policy says, Block Public Access keeps the public out: both answers are true.
        **each(["bucket-not-public-policy"], org.bucket, is_=("unknown", "pass")),
    }
    expect(audit, but(all_good(org), denied))
    assert_explained(audit)
    actions = {
        e.get("action") for f in audit["findings"] for e in f.get("evidence", []) if f["status"] == "unknown"
    }
    assert {"s3:GetBucketPolicy", "s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration"} <= actions


def test_a_known_fail_stays_a_fail(org, scan, emulator):
    org.lock("GOVERNANCE", days=10)
    emulator.refuse("AccessDenied", operation="s3:GetBucketVersioning", resource="/org-trail-logs?")
    found = {
        **each(["bucket-versioning"], org.bucket, is_="unknown"),
        **each(
            ["bucket-object-lock-compliance-mode", "bucket-object-lock-retention-days"],
            org.bucket,
            is_="fail",
        ),
    }
    expect(scan().ended(1).json(), but(all_good(org), found))


def test_the_caller_is_a_member(org, emulator, tmp_path):
    """Only its own account is judged then, and the report says so."""
    given = org.session_of(org.app)
    live = {**tool.credentials(emulator.url), **given}
    checks = ["trail-is-logging", "organization-all-accounts-covered", "trail-exists"]
    run = tool.run(tmp_path, "scan", "--check", *checks, "-f", "json=audit.json", **live)
    audit = run.json()
    assert audit["scope"]["accounts"] == [org.app]
    subjects = {f["subject"]["account"] for f in audit["findings"] if f["check"] == "trail-exists"}
    assert subjects == {org.app}
