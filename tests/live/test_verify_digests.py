"""`scan --verify-digests`: the chains of the organization's trail, as its settings say they must be there."""

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from moto.s3.models import s3_backends

from harness import permissions

CHECKS = ["delivery-*", "trail-log-file-validation"]


def verdicts(audit) -> dict:
    return dict(Counter(it["verdict"] for it in audit["chains"]))


def test_every_account_and_region(org, scan, laid):
    laid()
    audit = scan("--verify-digests", "--since", "6h", checks=CHECKS).ended(0).json()
    assert verdicts(audit) == {"verified": len(org.accounts) * len(org.regions)}
    assert audit["problems"] == []


def test_a_chain_that_is_not_there(org, scan, laid):
    """The region delivers nothing, and no folder shows that it should."""
    laid(regions=list(org.regions)[1:])
    audit = scan("--verify-digests", "--since", "6h", checks=CHECKS).ended(1).json()
    missing = {(it["account"], it["region"]) for it in audit["problems"]}
    assert missing == {(account, org.regions[0]) for account in org.accounts}
    assert {it["kind"] for it in audit["problems"]} == {"chain-missing"}


def test_a_bucket_that_may_not_be_listed(org, scan, laid, emulator):
    laid()
    emulator.refuse("AccessDenied", operation="s3:ListObjectsV2", resource="AWSLogs")
    audit = scan("--verify-digests", "--since", "6h", checks=CHECKS).ended(3).json()
    assert verdicts(audit) == {"unverified": len(org.accounts) * len(org.regions)}
    of_chains = {it["status"] for it in audit["findings"] if it["subject"]["kind"] == "chain"}
    assert of_chains == {"unknown"}


def test_what_made_a_gap(org, scan, laid):
    """`--explain-gaps`: the logs of other trails hold the call, and say who made it."""
    call = {"call": "StopLogging", "before": 4, "undo": "StartLogging", "owner": org.management, "seen_by": ["org-trail"]}
    laid(restarts=[{"before": 4, "off_minutes": 30}], causes=[call], logs_per_hour=1)
    plain = scan("--verify-digests", "--since", "7h", checks=CHECKS).ended(1).json()
    audit = scan("--verify-digests", "--explain-gaps", "--since", "7h", checks=CHECKS).ended(1).json()
    gaps = [it for it in audit["problems"] if it["kind"] == "chain-gap"]
    assert len(gaps) == len(org.accounts) * len(org.regions)
    causes = [it["cause"] for it in gaps]
    assert {it["kind"] for it in causes} == {"stopped"} and {it["proof"] for it in causes} == {"verified"}
    assert {it["event"]["name"] for it in causes} == {"StopLogging"}
    assert {it["undone_by"]["name"] for it in causes} == {"StartLogging"}
    # It explains, and judges nothing anew.
    assert verdicts(plain) == verdicts(audit)
    assert [(it["check"], it["status"]) for it in plain["findings"]] == [(it["check"], it["status"]) for it in audit["findings"]]


def test_not_asked_for(org, scan):
    audit = scan(checks=CHECKS).ended(0).json()
    assert audit["chains"] == [] and not any(it["subject"]["kind"] == "chain" for it in audit["findings"])


ONE = ["delivery-objects-*"]


def of_objects(audit) -> dict:
    """By check, how many chains ended how."""
    each = ((it["check"].removeprefix("delivery-objects-").split("-")[0], it["status"]) for it in audit["findings"])
    return dict(Counter(each))


@pytest.fixture
def few(org, laid):
    """Two chains, with logs."""
    return laid(accounts=[org.management, org.archive], regions=["us-east-1"], logs_per_hour=2)


def look(scan, org):
    part = ["--accounts", f"{org.management},{org.archive}", "--regions", "us-east-1"]
    return scan("--verify-digests", "--since", "6h", *part, checks=ONE)


def test_objects_are_stored_as_configured(org, scan, few, emulator):
    audit = look(scan, org).ended(0).json()
    assert of_objects(audit) == {("encrypted", "pass"): 2, ("locked", "pass"): 2}
    # All that is asked is told with the objects themselves.
    assert "s3:GetObjectRetention" not in emulator.counts()


def test_a_log_that_was_written_again_without_the_key(org, scan, few):
    s3 = org.client("s3", org.archive)
    log = few.logs[-1]
    s3.put_object(Bucket="org-trail-logs", Key=log, Body=(few.root / log).read_bytes())
    audit = look(scan, org).ended(1).json()
    assert of_objects(audit) == {("encrypted", "pass"): 1, ("encrypted", "fail"): 1, ("locked", "pass"): 2}
    (finding,) = [it for it in audit["findings"] if it["status"] == "fail"]
    assert any(log in it["what"] for it in finding["evidence"])


def test_a_lock_shorter_than_the_default(org, scan, few):
    # Not through HTTP: moto wants the bucket to be empty.
    s3_backends[org.archive]["aws"].buckets["org-trail-logs"].default_lock_days = 401
    audit = look(scan, org).ended(1).json()
    assert of_objects(audit) == {("encrypted", "pass"): 2, ("locked", "fail"): 2}


@pytest.fixture
def unlocked(org, few):
    """A log without a lock, as one from before the bucket had a default."""
    key = s3_backends[org.archive]["aws"].get_object("org-trail-logs", few.logs[-1])
    key.lock_mode = key.lock_until = None
    return few.logs[-1]


def test_a_log_that_is_not_locked(org, scan, unlocked, emulator):
    audit = look(scan, org).ended(1).json()
    assert of_objects(audit)["locked", "fail"] == 1
    assert emulator.counts()["s3:GetObjectRetention"] == 1


def test_a_lock_that_may_not_be_read(org, scan, unlocked, emulator):
    """S3 leaves the lock out for those who may not read it: then nothing is said of it."""
    emulator.refuse("AccessDenied", operation="s3:GetObjectRetention")
    audit = look(scan, org).ended(3).json()
    assert of_objects(audit)["locked", "unknown"] == 1


def test_the_printed_permissions_are_what_is_called(org, scan, few, unlocked, emulator, tmp_path):
    """With one log gone, so that its versions are asked for, and one bucket that nobody owns."""
    s3 = org.client("s3", org.archive)
    s3.delete_object(Bucket="org-trail-logs", Key=few.logs[-3])
    org.create_bucket("lost-logs", org.management, org.trail)
    org.create_trail("lost", "lost-logs")
    org.delete_bucket("lost-logs")
    where = {"accounts": (org.archive,), "regions": ("us-east-1",)}
    org.emulator.refuse("AccessDeniedException", operation="cloudtrail:DescribeTrails", **where)
    look(scan, org)
    granted = permissions.granted(tmp_path, "--check", "delivery-objects-*", "--verify-digests")
    # S3 asks for it in the reader's name: no call of ours.
    assert permissions.needed(tmp_path, {it.name for it in emulator.log}) == granted - {"kms:Decrypt"}


def part(org) -> list:
    return ["--accounts", f"{org.management},{org.archive}", "--regions", "us-east-1"]


def seconds(hours: float) -> float:
    return (datetime.now(timezone.utc) - timedelta(hours=hours)).timestamp()


def oclock(hours: float) -> float:
    """So long before the hour at which the trees end, and one more."""
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    return (hour - timedelta(hours=hours)).timestamp()


def kinds(audit) -> dict:
    return dict(Counter(it["kind"] for it in audit["problems"]))


@pytest.fixture
def two(org, laid):
    """A tree of two chains, by its specification."""
    return lambda **spec: laid(**{"accounts": [org.management, org.archive], "regions": ["us-east-1"], **spec})


def test_a_stop_is_a_hole(org, scan, two):
    """Within the window; before it, with its last digest; before it, with nothing left in the listing."""
    two(hours=4, short=[{"hour": 3, "minutes": 20}])
    org.status(org.trail, IsLogging=False, StopLoggingTime=oclock(4 + 2 / 3))
    audit = scan("--verify-digests", "--since", "7h", *part(org), checks=CHECKS[:1]).ended(1).json()
    assert kinds(audit) == {"chain-gap": 2}
    audit = scan("--verify-digests", "--since", "3h", *part(org), checks=CHECKS[:1]).ended(1).json()
    assert kinds(audit) == {"chain-gap": 2}


def test_a_stop_of_which_nothing_is_left(org, scan, two):
    two(start="2025-01-01T00:00:00Z", hours=1)
    org.status(org.trail, IsLogging=False, StopLoggingTime=seconds(300))
    audit = scan("--verify-digests", "--since", "6h", *part(org), checks=CHECKS[:1]).ended(1).json()
    assert kinds(audit) == {"chain-gap": 2}


def test_a_trail_that_was_turned_on_just_now(org, scan, two):
    """A restart sets the time of its start anew: the hours before it are a hole all the same."""
    two(hours=3)
    org.status(org.trail, StopLoggingTime=seconds(5), StartLoggingTime=seconds(2.2))
    audit = scan("--verify-digests", "--since", "7h", *part(org), checks=CHECKS[:1]).ended(1).json()
    assert kinds(audit) == {"chain-gap": 2}


def test_a_prefix_that_was_changed(org, scan, two):
    """The trail names its new prefix alone; its digests name the former one."""
    two(moves=[{"before": 3, "prefix": "new", "old_logs": 1}], logs_per_hour=2)
    home = org.client("cloudtrail", org.management)
    home.update_trail(Name="org-trail", S3KeyPrefix="new")
    audit = scan("--verify-digests", "--since", "7h", *part(org), checks=["delivery-digest-*"]).ended(0).json()
    assert kinds(audit) == {} and verdicts(audit) == {"verified": 4}


def test_a_second_trail_without_validation(org, scan, two):
    two(trails=["org-trail", "plain"], unvalidated=["plain"], logs_per_hour=1)
    org.create_trail("plain", "org-trail-logs", IsOrganizationTrail=True, EnableLogFileValidation=False)
    audit = scan("--verify-digests", "--since", "7h", *part(org), checks=["delivery-no-unlisted*"]).ended(1).json()
    assert set(kinds(audit)) == {"log-unlisted"}, audit["problems"]
    for problem in audit["problems"]:
        assert problem["severity"] == "low" and ":trail/plain" in problem["detail"]


def test_a_copy_that_was_decompressed(org, scan, two):
    two(logs_per_hour=1, faults=[{"do": "decompress", "digests": True, "logs": True}])
    audit = scan("--verify-digests", "--since", "6h", *part(org), checks=["delivery-digest-*"]).ended(0).json()
    # The faults are those of the first chain.
    assert kinds(audit) == {"object-uncompressed": 1}


SUCCESSION = {
    "trails": ["org-trail", "second"],
    "short": [{"hour": 3, "minutes": 20, "trail": "org-trail"}],
}


@pytest.mark.parametrize(("begins", "code"), [(0, 0), (5, 1)])
def test_another_trail_may_cover_a_stop(org, scan, two, begins, code):
    """It does if its digests cover every hour after it, and does not where hours lie between."""
    only = [{"trail": "org-trail", "to": 4}, {"trail": "second", "from": begins}]
    two(**SUCCESSION, only=only)
    org.create_trail("second", "org-trail-logs", IsOrganizationTrail=True)
    org.status(org.trail, IsLogging=False, StopLoggingTime=oclock(4 + 2 / 3))
    # Whether the trail that was stopped still delivers is a question of its own.
    checks = ["delivery-digest-chain-*", "delivery-digest-signature-*"]
    for since in ["7h", "4h"]:
        audit = scan("--verify-digests", "--since", since, *part(org), checks=checks).ended(code).json()
        assert kinds(audit) == {"chain-gap": 2}
        severities = {it["severity"] for it in audit["problems"]}
        assert severities == ({"info"} if code == 0 else {"high"})
        stopped = [it for it in audit["findings"] if "/org-trail@" in str(it["subject"])]
        of_chain = {it["status"] for it in stopped if it["check"] == "delivery-digest-chain-unbroken"}
        # Before the window it has nothing to be judged by; within, its own hours are unbroken.
        assert of_chain == ({"fail"} if code else {"pass"} if since == "7h" else {"not_applicable"})


@pytest.mark.parametrize(
    ("spec", "code", "expected"),
    [
        # Within an hour, and to the organization's folder.
        ({"short": [{"hour": 3, "minutes": 25}, {"hour": 4, "minutes": 35}], "moves": [{"before": 4}]}, 0, {}),
        ({"organization": None, "moves": [{"before": 3}]}, 0, {}),
        # What lay in the former place is gone.
        ({"moves": [{"before": 3}], "faults": [{"do": "delete", "digest": it} for it in range(3)]}, 3, None),
        ({"moves": [{"before": 3}], "faults": [{"do": "add-log", "minute": 250}]}, 1, {"log-unlisted": 1}),
    ],
)
def test_moves(org, scan, two, spec, code, expected):
    to = {"organization": org.id} if "organization" in spec else {"prefix": "new"}
    two(logs_per_hour=1, **{**spec, "moves": [it | to for it in spec["moves"]]})
    if "prefix" in to:
        org.client("cloudtrail", org.management).update_trail(Name="org-trail", S3KeyPrefix="new")
    checks = ["delivery-digest-*", "delivery-no-unlisted*"]
    audit = scan("--verify-digests", "--since", "7h", *part(org), checks=checks).ended(code).json()
    if expected is None:
        assert kinds(audit)["digest-unverified"] == 1 and "unverified" in verdicts(audit)
    else:
        assert kinds(audit) == expected


def test_a_newest_digest_without_its_signature(org, scan, two):
    """A copied bucket: nothing is invalid, and nothing that rests on that digest is verified."""
    two(hours=6, faults=[{"do": "strip", "digest": 5}])
    audit = scan("--verify-digests", "--since", "6h", *part(org), checks=["delivery-digest-*"]).ended(3).json()
    assert kinds(audit) == {"digest-signature-missing": 1}
    assert {it["status"] for it in audit["findings"]} == {"pass", "unknown"}


def of_events(audit) -> dict:
    """The findings of key events, by check: status and subject."""
    own = [it for it in audit["findings"] if it["check"].startswith("event-")]
    return {it["check"]: (it["status"], it["subject"]["id"]) for it in own}


def test_key_events_of_the_logs_that_are_verified(org, scan, laid, emulator):
    """`--events`: posture and record in one report, by the same reads of the bucket."""
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0) - timedelta(hours=4)
    base = {
        "eventVersion": "1.11", "eventTime": hour.strftime("%Y-%m-%dT%H:10:00Z"), "eventType": "AwsApiCall",
        "awsRegion": "us-east-1", "recipientAccountId": org.management, "sourceIPAddress": "203.0.113.9", "userAgent": "x",
        "eventCategory": "Management", "managementEvent": True, "readOnly": False, "responseElements": None,
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAMALLORYMALLORY01", "accountId": org.management,
                         "arn": f"arn:aws:iam::{org.management}:user/mallory", "userName": "mallory"},
    }  # fmt: skip
    events = [
        {**base, "eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey", "eventID": "e-1", "requestParameters": {"userName": "mallory"}},
        {**base, "eventSource": "s3.amazonaws.com", "eventName": "PutBucketVersioning", "eventID": "e-2",
         "requestParameters": {"bucketName": "org-trail-logs", "VersioningConfiguration": {"Status": "Suspended"}}},
        # The key that encrypts the logs, which a scan knows, and another one.
        {**base, "eventSource": "kms.amazonaws.com", "eventName": "DisableKeyRotation", "eventID": "e-3", "requestParameters": {"keyId": org.key}},
        {**base, "eventSource": "kms.amazonaws.com", "eventName": "PutKeyPolicy", "eventID": "e-4", "requestParameters": {"keyId": "arn:aws:kms:us-east-1:111111111111:key/other"}},
    ]  # fmt: skip
    part = {"accounts": [org.management, org.archive], "regions": ["us-east-1"]}
    laid(**part, logs_per_hour=1, records=3, events=events)
    flags = ["--verify-digests", "--since", "6h", "--accounts", ",".join(part["accounts"]), "--regions", "us-east-1"]
    plain = scan(*flags, checks=CHECKS).json()
    reads = emulator.counts()
    audit = scan(*flags, "--events", checks=[*CHECKS, "event-*"]).ended(1).json()
    # No object is read for it that would not be read anyway.
    assert emulator.counts()["s3:GetObject"] == reads["s3:GetObject"]
    assert audit["events"]["complete"] is True, audit["events"]
    found = of_events(audit)
    assert len(found) == 65
    user = f"arn:aws:iam::{org.management}:user/mallory"
    fails = {check: subject for check, (status, subject) in found.items() if status == "fail"}
    assert fails.pop("event-region-first-used") == f"{org.management}/us-east-1"
    assert fails == {
        "event-user-created": user,
        "event-log-bucket-exposed-or-weakened": "arn:aws:s3:::org-trail-logs",
        "event-bucket-protection-removed": "arn:aws:s3:::org-trail-logs",
        "event-log-key-closed": org.key,
    }
    # No Insights event is there, and no write of an object: nobody may have logged them.
    rest = {check: status for check, (status, _) in found.items() if status not in ("fail", "pass")}
    assert rest == {"event-insight": "not_applicable", "event-log-objects-deleted": "unknown", "event-objects-deleted-in-bulk": "unknown"}
    # It adds findings, and changes none.
    others = [(it["check"], it["subject"]["id"], it["status"]) for it in audit["findings"] if not it["check"].startswith("event-")]
    assert others == [(it["check"], it["subject"]["id"], it["status"]) for it in plain["findings"]]


def test_key_events_where_a_log_was_altered(org, scan, laid):
    """What the altered log holds is no finding but its own, and its hour leaves every other check open."""
    part = {"accounts": [org.management, org.archive], "regions": ["us-east-1"]}
    laid(**part, logs_per_hour=1, records=3, faults=[{"do": "tamper", "log": [3, 0]}])
    flags = ["--verify-digests", "--events", "--since", "6h", "--accounts", ",".join(part["accounts"]), "--regions", "us-east-1"]
    audit = scan(*flags, checks=["event-*"]).ended(1).json()
    found = {(it["check"], it["status"]) for it in audit["findings"]}
    assert [check for check, status in found if status == "fail"] == ["event-log-altered"]
    assert {status for _, status in found} == {"fail", "unknown"}
    assert len({check for check, status in found if status == "unknown"}) == 65
