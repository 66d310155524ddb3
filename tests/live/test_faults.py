"""A network that throttles and drops connections changes the time that a run takes, and nothing else."""

from collections import Counter

from emulator import proxy as faults
from emulator.proxy import Proxy
from harness.verdicts import all_good, but, each, expect

SELECTORS = "cloudtrail:GetEventSelectors"


def test_throttled_and_dropped_in_the_middle(org, scan, emulator):
    """Of all requests every fourth is throttled and every seventh reset, but none more than twice."""
    tried = Counter()

    def fault(number, call):
        request = (call.name, call.region, call.access_key, call.text)
        tried[request] += 1
        if tried[request] > 2:
            return None
        return faults.RESET if number % 7 == 6 else faults.THROTTLE if number % 4 == 3 else None

    with Proxy(emulator.url, fault) as proxy:
        audit = scan(url=proxy.url).ended(0).json()
        assert len(proxy.faults) >= 10
        sent = Counter(call.name for call in proxy.seen)
    expect(audit, all_good(org))
    calls = audit["coverage"]["calls"]
    assert calls["failed"] == [] and calls["by_operation"] == sent  # requests, retries included


def test_the_first_answers_to_each_operation_fail(org, scan, emulator):
    seen = set()

    def fault(_number, call):
        first = call.name not in seen
        seen.add(call.name)
        return faults.SERVER_ERROR if first else None

    with Proxy(emulator.url, fault) as proxy:
        expect(scan(url=proxy.url).ended(0).json(), all_good(org))
        assert len(proxy.faults) == len(seen) >= 20


def test_throttled_for_good(org, scan, emulator):
    """Unknown, and said to be: not a pass, and not "no selectors"."""
    with Proxy(emulator.url, lambda _, call: call.name == SELECTORS and faults.THROTTLE) as proxy:
        audit = scan(url=proxy.url).ended(3).json()
    recorded = [
        "trail-management-events-read-write",
        "trail-management-events-no-exclusions",
        "trail-advanced-selectors-no-blind-spots",
        "trail-data-events-s3-read",
        "trail-data-events-s3-write",
    ]
    statuses = {(f["check"], f["subject"]["id"]): f["status"] for f in audit["findings"]}
    assert {statuses[check, org.trail] for check in recorded} == {"unknown"}
    expect(audit, {c: s for c, s in all_good(org).items() if c.startswith(("bucket-", "key-", "delivery-"))})
    (failed,) = audit["coverage"]["calls"]["failed"]
    assert failed["operation"] == SELECTORS and "throttled" in failed["reason"]


def test_a_service_that_is_down(org, scan, emulator):
    emulator.refuse("InternalFailure", operation="kms:GetKeyRotationStatus", status=500)
    unknown = each(["key-rotation"], org.key, is_="unknown")
    expect(scan().ended(3).json(), but(all_good(org), unknown))
