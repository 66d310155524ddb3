"""Recent calls that touched the record, looked up by choice."""

from emulator.organization import ago

CHECK = "monitoring-recent-tampering"
EVE = "arn:aws:iam::123456789012:user/eve"


def told(audit: dict) -> dict:
    return {f["subject"]["id"]: f for f in audit["findings"] if f["check"] == CHECK}


def test_not_asked_for_is_not_asked(org, scan, emulator):
    findings = told(scan(checks=[CHECK]).ended(0).json())
    assert {f["status"] for f in findings.values()} == {"not_applicable"}
    assert not [call for call in emulator.log if call.operation == "LookupEvents"]


def test_a_quiet_week_passes(org, scan, emulator):
    findings = told(scan("--lookup-events", "7d", checks=[CHECK]).ended(0).json())
    assert len(findings) == len(org.accounts) * len(org.regions)
    assert {f["status"] for f in findings.values()} == {"pass"}
    asked = [call for call in emulator.log if call.operation == "LookupEvents"]
    # 13 names on trails and stores everywhere; what the logs rest on is looked up where it is.
    log_bucket, trail_key, log_group, organization = 5, 5, 2, 4
    beyond = len(asked) - len(findings) * 13
    assert beyond in (organization + log_bucket + log_group, organization + log_bucket + log_group + trail_key)


def test_who_stopped_it_and_whether_it_was_undone(org, scan):
    home = (org.management, "us-east-1")
    name = {"requestParameters": {"name": org.trail}}
    org.happened(*home, "StopLogging", ago(hours=5), EVE, **name)
    org.happened(*home, "StartLogging", ago(hours=4), EVE, **name)
    refused = {**name, "errorCode": "AccessDenied"}
    org.happened(org.app, "eu-west-1", "DeleteTrail", ago(hours=5), EVE, **refused)
    # Before the days that are asked for.
    org.happened(org.sandbox, "eu-west-1", "DeleteTrail", ago(days=8), EVE, **name)
    findings = told(scan("--lookup-events", "7d", checks=[CHECK]).ended(1).json())
    failed = [subject for subject, f in findings.items() if f["status"] == "fail"]
    assert failed == [f"{org.management}/us-east-1"]
    (seen,) = [it for it in findings[failed[0]]["evidence"] if it["what"] != "LookedUp"]
    assert seen["what"] == "StopLogging"
    for word in (EVE, "192.0.2.1", org.trail, "reverted at"):
        assert word in seen["seen"], seen
    tried = findings[f"{org.app}/eu-west-1"]
    assert tried["status"] == "pass" and "denied: AccessDenied" in tried["evidence"][0]["seen"]


def test_every_page_is_read(org, scan):
    home = (org.management, "us-east-1")
    for _ in range(120):
        org.happened(*home, "StopLogging", ago(hours=1), EVE, errorCode="AccessDenied")
    org.happened(*home, "StopLogging", ago(hours=9), EVE)
    findings = told(scan("--lookup-events", "48h", checks=[CHECK]).ended(1).json())
    assert findings[f"{org.management}/us-east-1"]["status"] == "fail"


def test_refused_is_unknown(org, scan, emulator):
    emulator.refuse("AccessDeniedException", operation="cloudtrail:LookupEvents", accounts=(org.app,))
    findings = told(scan("--lookup-events", "7d", checks=[CHECK]).ended(3).json())
    unknown = {f["subject"]["account"] for f in findings.values() if f["status"] == "unknown"}
    assert unknown == {org.app}
