"""What a run must say, check by check and resource by resource; and the comparison with what it said."""

PASS, FAIL, UNKNOWN, NOT_APPLICABLE = "pass", "fail", "unknown", "not_applicable"
# Where the rules leave open which of several true answers is given. Each names the false ones by leaving them out.
NOT_WRONG = (PASS, NOT_APPLICABLE)
NOT_RIGHT = (FAIL, NOT_APPLICABLE)
NOT_PROVED = (FAIL, UNKNOWN)
DECIDED = (PASS, FAIL, NOT_APPLICABLE)

PER_TRAIL = """
trail-multi-region trail-is-logging trail-management-events-read-write trail-management-events-no-exclusions
trail-advanced-selectors-no-blind-spots trail-global-service-events trail-log-file-validation
trail-kms-encrypted trail-cloudwatch-logs trail-data-events-s3-read trail-data-events-s3-write
delivery-s3-no-error delivery-s3-fresh delivery-digest-no-error delivery-digest-fresh
""".split()
LOCK = """
bucket-object-lock bucket-object-lock-default-retention bucket-object-lock-compliance-mode
bucket-object-lock-retention-days
""".split()
PER_BUCKET = [
    *LOCK,
    *"""
delivery-bucket-exists bucket-not-public-acl bucket-not-public-policy bucket-public-access-block
bucket-account-public-access-block bucket-versioning bucket-access-logging bucket-tls-only
bucket-cloudtrail-source-arn bucket-owner-in-organization
""".split(),
]
PER_KEY = """
key-customer-managed key-enabled key-not-pending-deletion key-rotation key-cloudtrail-source-arn
""".split()
ACCESS = """
access-no-full-cloudtrail-managed-policy access-no-full-cloudtrail-inline-policy
access-full-access-policy-attachments access-no-admin-star
""".split()
PER_ACCOUNT = ["trail-exists", "organization-all-accounts-covered", *ACCESS]
CHECKS = sorted(
    [*PER_TRAIL, *PER_BUCKET, *PER_KEY, *PER_ACCOUNT, "organization-trail", "trail-regions-covered"]
)


def each(checks, *subjects: str, is_) -> dict:
    """The same verdict of every check on every subject."""
    return {check: dict.fromkeys(subjects, is_) for check in checks}


def regions(accounts, names) -> list[str]:
    return [f"{account}/{region}" for account in accounts for region in names]


def all_good(org) -> dict:
    """The organization as it is seeded: every check passes on every subject that it has."""
    return {
        **each(PER_TRAIL, org.trail, is_=PASS),
        **each(PER_BUCKET, org.bucket, is_=PASS),
        **each(PER_KEY, org.key, is_=PASS),
        **each(PER_ACCOUNT, *org.accounts, is_=PASS),
        **each(["organization-trail"], org.id, is_=PASS),
        **each(["trail-regions-covered"], *regions(org.accounts, org.regions), is_=PASS),
    }


def but(base: dict, *changes: dict) -> dict:
    """`base` with other verdicts on some subjects. None takes a subject away."""
    result = {check: dict(subjects) for check, subjects in base.items()}
    for change in changes:
        for check, subjects in change.items():
            result[check].update(subjects)
    return {c: {s: v for s, v in subjects.items() if v is not None} for c, subjects in result.items()}


def unspoken(base: dict, *checks: str) -> dict:
    """Without checks of which the rules do not say what they find here."""
    return {check: subjects for check, subjects in base.items() if check not in checks}


def differences(audit: dict, expected: dict) -> list[str]:
    """Verdicts that are missing, wrong, or given of a subject that the scenario does not know."""
    seen: dict[str, dict] = {check: {} for check in expected}
    lines = []
    for finding in audit["findings"]:
        check, subject = finding["check"], finding["subject"]["id"]
        if check not in seen:
            continue
        if subject in seen[check]:
            lines.append(f"{check}: two findings for {subject}")
        seen[check][subject] = finding
    for check, subjects in expected.items():
        for subject, wanted in subjects.items():
            finding = seen[check].pop(subject, None)
            allowed = (wanted,) if isinstance(wanted, str) else wanted
            got = finding["status"] if finding else "nothing"
            if got not in allowed:
                why = finding["message"] if finding else ""
                lines.append(f"{check}: {subject} is {got}, {' or '.join(allowed)} expected: {why}")
        for subject, finding in seen[check].items():
            lines.append(f"{check}: unexpected {finding['status']} for {subject}: {finding['message']}")
    return lines


def expect(audit: dict, expected: dict) -> None:
    lines = differences(audit, expected)
    assert not lines, "\n" + "\n".join(lines)
    assert_reconciled(audit)


def assert_reconciled(audit: dict) -> None:
    """Holds of every audit: the totals are those of the findings, and they are sorted and unique."""
    findings, summary = audit["findings"], audit["summary"]
    for status in (PASS, FAIL, UNKNOWN, NOT_APPLICABLE):
        assert summary[status] == sum(f["status"] == status for f in findings), status
    open_fails = [f for f in findings if f["status"] == FAIL and "waiver" not in f]
    assert sum(summary["by_severity"].values()) == len(open_fails)
    order = [(f["check"], f["subject"]["id"]) for f in findings]
    assert order == sorted(order) and len(set(order)) == len(order)
    calls = audit["coverage"]["calls"]
    assert calls["total"] == sum(calls["by_operation"].values())
