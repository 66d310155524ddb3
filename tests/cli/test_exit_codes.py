"""The exit code says how a run ended, and never depends on the format."""

import pytest

from harness import inventory, tool
from harness.verdicts import CHECKS

VERSIONING = "bucket-versioning"
COMPLIANCE = "bucket-object-lock-compliance-mode"  # medium
GAP = """
[[accepted_gap]]
account = "{account}"
region = "us-east-1"
call = "s3:GetBucketVersioning"
reason = "the archive team answers for it"
approver = "Ada Lovelace"
expires = "{expires}"
"""
WAIVER = """
[[waiver]]
check = "bucket-object-lock-*"
subject = "arn:aws:s3:::org-trail-*"
reason = "the archive is moved this quarter"
approver = "Ada Lovelace"
expires = "{expires}"
"""
LATER, BEFORE = "2099-12-31", "2020-01-01"


@pytest.fixture
def seen(org, emulator, tmp_path):
    """Collects from the organization as it now is; the file can then be judged in many ways."""

    def collect():
        live = tool.credentials(emulator.url)
        tool.run(tmp_path, "collect", "--role-name", tool.ROLE, "-o", "seen.jsonl", **live).ended(0)

        def judge(*arguments, checks=CHECKS, **variables):
            given = ["--check", *checks, "-f", "json=audit.json", *arguments]
            return tool.run(tmp_path, "scan", "--inventory", "seen.jsonl", *given, **variables)

        return judge

    return collect


def test_clean_is_0(seen):
    run = seen()().ended(0)
    assert run.json()["run"]["exit_code"] == 0 and run.json()["run"]["complete"]


def test_failing_is_1_whatever_the_format(org, seen, tmp_path):
    org.lock("GOVERNANCE", days=400)
    judge = seen()
    for kind in ("text", "json", "sarif", "junit"):
        run = judge("-f", f"{kind}=other.{kind}").ended(1)
        assert (tmp_path / f"other.{kind}").stat().st_size > 0
        assert run.json()["run"]["exit_code"] == 1
    assert judge("-f", "sarif").ended(1).out.startswith("{")


def test_the_threshold(org, seen, tmp_path):
    """Flag over variable over file over default. The one finding is of medium severity."""
    org.lock("GOVERNANCE", days=400)
    judge = seen()
    (tmp_path / "quiet.toml").write_text('fail_on = "high"\n')
    judge("--fail-on", "medium").ended(1)
    judge("--fail-on", "high").ended(0)
    judge("--config", "quiet.toml").ended(0)
    judge(TRAILAUDIT_FAIL_ON="high").ended(0)
    judge("--config", "quiet.toml", TRAILAUDIT_FAIL_ON="low").ended(1)
    judge("--fail-on", "medium", TRAILAUDIT_FAIL_ON="high").ended(1)


def test_exit_zero_says_so(org, seen):
    org.lock("GOVERNANCE", days=400)
    audit = seen()("--exit-zero").ended(0).json()
    assert audit["run"]["exit_zero"] and audit["summary"]["fail"] == 1


def test_unknown_only_is_3(emulator, seen):
    emulator.refuse("AccessDenied", operation="s3:GetBucketVersioning")
    judge = seen()
    assert judge().ended(3).json()["summary"]["fail"] == 0
    judge(checks=["bucket-tls-only"]).ended(0)
    # Its severity is high: below the threshold it is not asked for.
    judge("--fail-on", "critical").ended(0)


def test_allow_incomplete_says_so(emulator, seen):
    emulator.refuse("AccessDenied", operation="s3:GetBucketVersioning")
    run = seen()("--allow-incomplete", "-f", "text").ended(0)
    assert run.json()["run"]["allow_incomplete"] and run.json()["summary"]["unknown"] == 1
    assert "incomplete" in run.out.lower()


def test_an_accepted_gap_is_0_and_told(org, emulator, seen, tmp_path):
    emulator.refuse("AccessDenied", operation="s3:GetBucketVersioning")
    judge = seen()
    (tmp_path / "waivers.toml").write_text(GAP.format(account=org.archive, expires=LATER))
    run = judge("--waivers", "waivers.toml", "-f", "text").ended(0)
    (finding,) = [f for f in run.json()["findings"] if f["check"] == VERSIONING]
    assert finding["status"] == "unknown"
    assert run.json()["waivers"]["accepted_gaps"] == 1
    assert "accepted" in run.out.lower()


@pytest.mark.parametrize("account, expires", [("999999999999", LATER), ("{archive}", BEFORE)])
def test_a_gap_that_does_not_fit_or_has_expired_is_3(org, emulator, seen, tmp_path, account, expires):
    emulator.refuse("AccessDenied", operation="s3:GetBucketVersioning")
    judge = seen()
    account = account.format(archive=org.archive)
    (tmp_path / "waivers.toml").write_text(GAP.format(account=account, expires=expires))
    judge("--waivers", "waivers.toml").ended(3)


def test_a_waived_failure_is_0_and_stays_a_failure(org, seen, tmp_path):
    org.lock("GOVERNANCE", days=400)
    judge = seen()
    (tmp_path / "waivers.toml").write_text(WAIVER.format(expires=LATER))
    audit = judge("--waivers", "waivers.toml").ended(0).json()
    (finding,) = [f for f in audit["findings"] if f["check"] == COMPLIANCE]
    assert finding["status"] == "fail" and finding["waiver"]["approver"] == "Ada Lovelace"
    assert audit["summary"]["waived"] == 1 and sum(audit["summary"]["by_severity"].values()) == 0


def test_a_waiver_counts_through_its_last_day(org, seen, tmp_path):
    org.lock("GOVERNANCE", days=400)
    judge = seen()
    (tmp_path / "waivers.toml").write_text(WAIVER.format(expires="2027-01-31"))
    judge("--waivers", "waivers.toml", "--now", "2027-01-31T23:59:59Z").ended(0)
    run = judge("--waivers", "waivers.toml", "--now", "2027-02-01T00:00:00Z").ended(1)
    assert len(run.json()["waivers"]["expired"]) == 1


def test_a_waiver_that_matches_nothing_is_told(seen, tmp_path):
    judge = seen()
    (tmp_path / "waivers.toml").write_text(WAIVER.format(expires=LATER))
    assert len(judge("--waivers", "waivers.toml").ended(0).json()["waivers"]["unused"]) == 1


def test_an_unreachable_account_is_3_even_if_no_check_asks_for_it(org, emulator, seen):
    emulator.refuse("AccessDenied", operation="sts:AssumeRole", resource=org.sandbox)
    seen()(checks=["trail-multi-region"]).ended(3)


def test_an_inventory_that_was_cut_off_is_3(seen, tmp_path):
    """No trailer: readable, and incomplete."""
    judge = seen()
    records = inventory.read(tmp_path / "seen.jsonl")
    inventory.write(tmp_path / "seen.jsonl", records[:-1])
    audit = judge().ended(3).json()
    assert not audit["run"]["complete"]
