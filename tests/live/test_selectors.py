"""What the selectors record. They are modelled, not searched: names and order mean nothing."""

import pytest

from harness.verdicts import DECIDED, all_good, but, each, expect, regions

MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}
DATA = {"Field": "eventCategory", "Equals": ["Data"]}
OBJECTS = {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}
READ_WRITE = "trail-management-events-read-write"
NO_EXCLUSIONS = "trail-management-events-no-exclusions"
NO_BLIND_SPOTS = "trail-advanced-selectors-no-blind-spots"
S3 = ["trail-data-events-s3-read", "trail-data-events-s3-write"]


def advanced(*selectors) -> dict:
    named = [{"Name": "Management events selector", "FieldSelectors": list(s)} for s in selectors]
    return {"AdvancedEventSelectors": named}


def classic(**fields) -> dict:
    return {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True, **fields}]}


def uncovered(org) -> dict:
    """Some management events are recorded nowhere: no region is covered, and so no account may pass."""
    places = regions(org.accounts, org.regions)
    return {
        **each(["trail-regions-covered"], *places, is_="fail"),
        **each(["organization-all-accounts-covered", "trail-exists"], *org.accounts, is_=DECIDED),
        **each(["organization-trail"], org.id, is_=DECIDED),
        **each([NO_BLIND_SPOTS, NO_EXCLUSIONS, READ_WRITE], org.trail, is_=DECIDED),
    }


ALL_OBJECTS = (DATA, OBJECTS)


@pytest.mark.parametrize(
    "selectors",
    [
        advanced((MANAGEMENT, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}), ALL_OBJECTS),
        advanced((MANAGEMENT, {"Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"]}), ALL_OBJECTS),
        classic(
            ExcludeManagementEventSources=["kms.amazonaws.com"],
            DataResources=[{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
        ),
    ],
)
def test_an_event_source_is_excluded(org, scan, selectors):
    org.select(org.trail, **selectors)
    # One setting, one finding: the regions are covered, and their findings name what is left out.
    excluded = each([NO_EXCLUSIONS], org.trail, is_="fail")
    classic_ones = each([NO_BLIND_SPOTS], org.trail, is_=("pass", "not_applicable"))
    expect(scan().ended(1).json(), but(all_good(org), excluded, classic_ones))


@pytest.mark.parametrize(
    "selectors",
    [
        advanced(
            (DATA, OBJECTS, {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::one/"]}), (MANAGEMENT,)
        ),
        classic(DataResources=[{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::one/"]}]),
        classic(DataResources=[{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]),
    ],
)
def test_data_events_of_one_bucket_are_not_those_of_all(org, scan, selectors):
    org.select(org.trail, **selectors)
    narrow = {**each(S3, org.trail, is_="fail"), **each([NO_BLIND_SPOTS], org.trail, is_=DECIDED)}
    expect(scan().ended(1).json(), but(all_good(org), narrow))


@pytest.mark.parametrize("prefix", ["arn:aws:s3", "arn:aws:s3:::"])
def test_classic_selectors_record_all_buckets(org, scan, prefix):
    org.select(org.trail, **classic(DataResources=[{"Type": "AWS::S3::Object", "Values": [prefix]}]))
    whole = each([NO_BLIND_SPOTS], org.trail, is_=("pass", "not_applicable"))
    expect(scan().ended(0).json(), but(all_good(org), whole))


@pytest.mark.parametrize("read_only, read, write", [("true", "pass", "fail"), ("false", "fail", "pass")])
def test_data_events_are_read_or_write(org, scan, read_only, read, write):
    half = (DATA, OBJECTS, {"Field": "readOnly", "Equals": [read_only]})
    org.select(org.trail, **advanced((MANAGEMENT,), half))
    found = {
        **each(["trail-data-events-s3-read"], org.trail, is_=read),
        **each(["trail-data-events-s3-write"], org.trail, is_=write),
        **each([NO_BLIND_SPOTS], org.trail, is_=DECIDED),
    }
    expect(scan().ended(1).json(), but(all_good(org), found))


@pytest.mark.parametrize(
    "selectors",
    [
        advanced((MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}), ALL_OBJECTS),
        classic(
            ReadWriteType="WriteOnly", DataResources=[{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]
        ),
        advanced(ALL_OBJECTS),
    ],
)
def test_management_events_only_by_half_or_not_at_all(org, scan, selectors):
    org.select(org.trail, **selectors)
    half = each([READ_WRITE], org.trail, is_="fail")
    audit = scan().ended(1).json()
    # ReadWriteType holds for data events as well.
    data = each(S3[:1], org.trail, is_="fail") if "EventSelectors" in selectors else {}
    global_events = each(["trail-global-service-events"], org.trail, is_=DECIDED)
    expect(audit, but(all_good(org), uncovered(org), half, data, global_events))


def test_two_halves_make_a_whole(org, scan):
    """OR over selectors: read in one, write in the other."""
    halves = [(MANAGEMENT, {"Field": "readOnly", "Equals": [value]}) for value in ("true", "false")]
    org.select(org.trail, **advanced(*halves, ALL_OBJECTS))
    whole = each([NO_BLIND_SPOTS], org.trail, is_=("pass", "not_applicable"))
    expect(scan().ended(0).json(), but(all_good(org), whole))


@pytest.mark.parametrize(
    "narrowing",
    [
        {"Field": "userIdentity.arn", "NotEquals": ["arn:aws:iam::123456789012:role/attacker"]},
        {"Field": "eventName", "NotStartsWith": ["StopLogging"]},
        {"Field": "sessionCredentialFromConsole", "Equals": ["true"]},
    ],
)
def test_a_blind_spot(org, scan, narrowing):
    """One principal, event or kind of session is left out of the record without a word."""
    org.select(org.trail, **advanced((MANAGEMENT, narrowing), ALL_OBJECTS))
    blind = each([NO_BLIND_SPOTS], org.trail, is_="fail")
    # IAM's events are narrowed as well; whether that makes two findings is not said.
    blind |= each(["trail-global-service-events"], org.trail, is_=DECIDED)
    expect(scan().ended(1).json(), but(all_good(org), uncovered(org), blind))
