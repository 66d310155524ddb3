"""The emulator and its seeds are what the scenarios take them for. Needs no trailaudit."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator import alarms as cbor
from emulator import proxy as faults
from emulator.proxy import Gate, Proxy


def refused(call, **arguments) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_every_member_sees_the_organization_trail_in_every_region(org):
    for account in org.accounts:
        for region in org.regions:
            cloudtrail = org.client("cloudtrail", account, region)
            (trail,) = cloudtrail.describe_trails()["trailList"]
            assert trail["TrailARN"] == org.trail and trail["HomeRegion"] == "us-east-1"
            home = account == org.management and region == "us-east-1"
            own = cloudtrail.describe_trails(includeShadowTrails=False)["trailList"]
            assert bool(own) == home
            assert cloudtrail.get_trail_status(Name=org.trail)["IsLogging"]
            assert cloudtrail.get_event_selectors(TrailName=org.trail)["AdvancedEventSelectors"]


def test_selectors_default_to_all_management_events(org):
    org.create_trail("plain", "org-trail-logs")
    told = org.client("cloudtrail").get_event_selectors(TrailName="plain")
    (selector,) = told["EventSelectors"]
    assert selector["ReadWriteType"] == "All" and selector["IncludeManagementEvents"]
    assert "AdvancedEventSelectors" not in told


def test_the_status_tells_what_the_scenario_set(org):
    org.status(org.trail, LatestDeliveryError="NoSuchBucket")
    status = org.client("cloudtrail").get_trail_status(Name="org-trail")
    assert status["LatestDeliveryError"] == "NoSuchBucket"
    assert status["LatestDigestDeliveryTime"] < status["LatestDeliveryTime"]


def test_what_moto_lacks_is_answered(org):
    cloudtrail = org.client("cloudtrail")
    assert cloudtrail.list_event_data_stores()["EventDataStores"] == []
    assert cloudtrail.list_channels()["Channels"] == []
    assert cloudtrail.list_public_keys()["PublicKeyList"] == []
    assert refused(cloudtrail.get_insight_selectors, TrailName="org-trail") == "InsightNotEnabledException"
    regions = org.client("account", org.app).list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])
    assert [r["RegionName"] for r in regions["Regions"]] == list(org.regions)


def test_a_region_is_known_to_those_who_opted_in(org):
    org.opt_in(org.app, "me-south-1")
    for account, status in ((org.app, "ENABLED_BY_DEFAULT"), (org.sandbox, "DISABLED")):
        told = org.client("account", account).list_regions()["Regions"]
        assert told[-1] == {"RegionName": "me-south-1", "RegionOptStatus": status}
    assert org.client("cloudtrail", org.app, "me-south-1").describe_trails()["trailList"]
    assert (
        refused(org.client("cloudtrail", org.sandbox, "me-south-1").describe_trails)
        == "UnrecognizedClientException"
    )


def test_bucket_and_key_are_as_seeded(org):
    s3 = org.client("s3", org.archive)
    lock = s3.get_object_lock_configuration(Bucket="org-trail-logs")["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": 400}
    org.lock("GOVERNANCE", years=7)
    lock = s3.get_object_lock_configuration(Bucket="org-trail-logs")["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Years": 7}
    assert s3.get_bucket_versioning(Bucket="org-trail-logs")["Status"] == "Enabled"
    assert "Status" not in s3.get_bucket_versioning(Bucket="org-trail-logs-access")
    encryption = s3.get_bucket_encryption(Bucket="org-trail-logs")["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert refused(org.client("s3").head_bucket, Bucket="org-trail-logs") == "403"
    kms = org.client("kms", org.archive)
    assert kms.describe_key(KeyId=org.key)["KeyMetadata"]["KeyManager"] == "CUSTOMER"
    org.kms_key(org.key).key_manager = "AWS"
    assert kms.describe_key(KeyId=org.key)["KeyMetadata"]["KeyManager"] == "AWS"


def test_members_are_refused_what_members_are_refused(org):
    assert refused(org.client("organizations", org.app).list_accounts) == "AccessDeniedException"
    told = org.client("organizations", org.app).describe_organization()["Organization"]
    assert told["Id"] == org.id
    assert (
        refused(org.client("cloudtrail", org.app, "me-south-1").describe_trails)
        == "UnrecognizedClientException"
    )


def test_a_closed_region_is_closed_for_members_only(org):
    arn = org.close_region("eu-central-1", org.members)
    with pytest.raises(ClientError, match=f"perform: cloudtrail:DescribeTrails with an explicit deny.*{arn}"):
        org.client("cloudtrail", org.app, "eu-central-1").describe_trails()
    assert org.client("cloudtrail", org.management, "eu-central-1").describe_trails()["trailList"]
    assert org.client("cloudtrail", org.app, "eu-west-1").describe_trails()["trailList"]


def test_a_refusal_hits_what_it_names_and_is_logged(org, emulator):
    emulator.refuse("AccessDenied", operation="s3:GetBucketPolicy", resource="/org-trail-logs?")
    emulator.log.clear()
    s3 = org.client("s3", org.archive)
    assert refused(s3.get_bucket_policy, Bucket="org-trail-logs") == "AccessDenied"
    assert s3.get_bucket_policy(Bucket="org-trail-logs-access")["Policy"]
    assert s3.get_bucket_versioning(Bucket="org-trail-logs")["Status"] == "Enabled"
    assert emulator.counts() == {"s3:GetBucketPolicy": 2, "s3:GetBucketVersioning": 1}
    assert [(c.account, c.status) for c in emulator.log] == [
        (org.archive, 403),
        (org.archive, 200),
        (org.archive, 200),
    ]


def test_the_account_level_block_is_known_by_its_operation(org, emulator):
    """boto3 puts the account into the host; the tool's own request is to the plain host."""
    client = org.client("s3control", org.archive)
    host = emulator.url.removeprefix("http://")

    def to_plain_host(request, **_):
        request.url = request.url.replace(f"{org.archive}.{host}", host)

    client.meta.events.register("before-send.s3-control", to_plain_host)
    told = client.get_public_access_block(AccountId=org.archive)["PublicAccessBlockConfiguration"]
    assert all(told.values()) and len(told) == 4
    assert emulator.log[-1].name == "s3control:GetPublicAccessBlock"


def test_as_shipped_is_moto_alone(emulator):
    with emulator.as_shipped():
        client = boto3.client(
            "cloudtrail",
            region_name="us-east-1",
            endpoint_url=emulator.url,
            aws_access_key_id="AKIAMANAGEMENT",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        assert refused(client.list_event_data_stores) == "500"
        assert emulator.log[-1].status == 500


def test_the_proxy_throttles_resets_and_passes_on(org, emulator):
    plan = {0: faults.THROTTLE, 1: faults.RESET, 2: faults.SERVER_ERROR}
    with Proxy(emulator.url, fault=lambda number, call: plan.get(number)) as proxy:
        client = boto3.client(
            "cloudtrail",
            region_name="eu-west-1",
            endpoint_url=proxy.url,
            aws_access_key_id="AKIAMANAGEMENT",
            aws_secret_access_key="x",
            config=Config(retries={"mode": "standard", "total_max_attempts": 5}),
        )
        assert client.describe_trails()["trailList"]
        assert [c.name for c in proxy.seen] == ["cloudtrail:DescribeTrails"] * 4
        assert len(proxy.faults) == 3


def test_the_gate_holds_requests_until_it_is_opened(org, emulator):
    gate = Gate(free=1)
    gate.opened.set()
    with Proxy(emulator.url, hold=gate) as proxy:
        client = boto3.client(
            "s3", endpoint_url=proxy.url, aws_access_key_id="AKIAMANAGEMENT", aws_secret_access_key="x"
        )
        client.list_buckets()
        assert not gate.reached.is_set()
        client.list_buckets()
        assert gate.reached.is_set()


def test_corrections_keep_what_moto_has(org):
    """Alarms of several metrics, the time of a state, and the bucket key."""
    alarms = org.client("cloudwatch")
    metric = {"Namespace": "Record", "MetricName": "Trails"}
    alarms.put_metric_alarm(
        AlarmName="sum",
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Metrics=[
            {"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
            {"Id": "e", "Expression": "m * 2", "Label": "twice"},
        ],
    )
    # As CBOR, which botocore does not ask for.
    _, said = cbor.describe_alarms(org.management, "us-east-1")
    for kept in (b"Record", b"Trails", b"m * 2", b"StateTransitionedTimestamp\xc1", b"StateReason"):
        assert kept in said, kept
    s3 = org.client("s3", org.archive)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": org.key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket="org-trail-logs", ServerSideEncryptionConfiguration={"Rules": [rule]})
    [read] = s3.get_bucket_encryption(Bucket="org-trail-logs")["ServerSideEncryptionConfiguration"]["Rules"]
    assert read["BucketKeyEnabled"] is True
