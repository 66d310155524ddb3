"""The chain from an event to somebody who hears of it, whole and broken at each link; and who else watches."""

import json

import pytest

from harness.verdicts import expect

CHECK = "monitoring-alarm-cloudtrail-changes"
RULE = "monitoring-eventbridge-tamper-rule"
NAMES = ["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging", "PutEventSelectors"]
PATTERN = "{ " + " || ".join(f"($.eventName = {name})" for name in NAMES) + " }"
BUT_EVE = f'{{ ({PATTERN[1:-1]}) && ($.userIdentity.userName != "eve") }}'
NOBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "budgets.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": "*",
            }
        ],
    }
)
STOPPING = ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"]


class Chain:
    """Filter, alarm, topic and subscriber on the organization's log group, each to be changed."""

    def __init__(self, org):
        self.org = org
        self.topic = org.client("sns").create_topic(Name="record")["TopicArn"]

    def filter(self, pattern=PATTERN, metric="Trails"):
        self.org.client("logs").put_metric_filter(
            logGroupName="org-trail",
            filterName="trails",
            filterPattern=pattern,
            metricTransformations=[
                {"metricName": metric, "metricNamespace": "Record", "metricValue": "1"},
            ],
        )
        return self

    def alarm(self, **changes):
        usual = {
            "AlarmName": "trails",
            "Namespace": "Record",
            "MetricName": "Trails",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "ActionsEnabled": True,
            "AlarmActions": [self.topic],
        }
        self.org.client("cloudwatch").put_metric_alarm(**{**usual, **changes})
        return self

    def subscribe(self):
        given = {"TopicArn": self.topic, "Protocol": "https", "Endpoint": "https://example.com/alarm"}
        self.subscription = self.org.client("sns").subscribe(**given)["SubscriptionArn"]
        return self

    def filtered(self, policy: dict):
        given = {"AttributeName": "FilterPolicy", "AttributeValue": json.dumps(policy)}
        self.org.client("sns").set_subscription_attributes(SubscriptionArn=self.subscription, **given)
        return self

    def topic_attribute(self, name: str, value: str):
        given = {"TopicArn": self.topic, "AttributeName": name, "AttributeValue": value}
        self.org.client("sns").set_topic_attributes(**given)
        return self

    def whole(self):
        return self.filter().alarm().subscribe()


def verdict(audit: dict, account: str, check: str = CHECK) -> tuple[str, str]:
    (found,) = [f for f in audit["findings"] if f["check"] == check and f["subject"]["id"] == account]
    return found["status"], found["message"]


def test_the_whole_chain_tells_somebody(org, scan):
    """Judged once, in the account that holds the group; the members' events go there."""
    Chain(org).whole()
    audit = scan(checks=[CHECK]).ended(0).json()
    expect(
        audit,
        {CHECK: {org.management: "pass", **dict.fromkeys(org.members, "not_applicable")}},
    )


@pytest.mark.parametrize(
    "name, change, told",
    [
        ("no filter", lambda c: c.alarm().subscribe(), "no metric filter"),
        (
            "one call is missing",
            lambda c: c.filter(PATTERN.replace("StopLogging", "Stop")).alarm().subscribe(),
            "StopLogging",
        ),
        (
            "leaves somebody out",
            lambda c: c.filter(BUT_EVE).alarm().subscribe(),
            "no metric filter",
        ),
        ("no alarm", lambda c: c.filter().subscribe(), "alarm"),
        ("alarm on another metric", lambda c: c.filter().alarm(MetricName="Other").subscribe(), "alarm"),
        ("goes off on the fifth", lambda c: c.filter().alarm(Threshold=5.0).subscribe(), "one event"),
        ("actions are off", lambda c: c.filter().alarm(ActionsEnabled=False).subscribe(), "action"),
        ("no actions", lambda c: c.filter().alarm(AlarmActions=[]).subscribe(), "action"),
        ("nobody subscribed", lambda c: c.filter().alarm(), "subscri"),
        ("goes off once", lambda c: c.filter().alarm(TreatMissingData="ignore").subscribe(), "never leaves ALARM"),
        ("silent for a day", lambda c: c.filter().alarm(Period=86400).subscribe(), "24 h"),
        ("another unit", lambda c: c.filter().alarm(Unit="Seconds").subscribe(), "unit"),
        ("a topic under SNS's own key", lambda c: c.whole().topic_attribute("KmsMasterKeyId", "alias/aws/sns"), "aws/sns"),
        ("a topic for nobody", lambda c: c.whole().topic_attribute("Policy", NOBODY), "denies"),
        ("filtered away", lambda c: c.whole().filtered({"severity": ["high"]}), "filter policy"),
        (
            "the topic is gone",
            lambda c: c.filter().alarm(AlarmActions=[c.topic + "-gone"]).subscribe(),
            "does not exist",
        ),
    ],
)
def test_each_broken_link_is_named(org, scan, name, change, told):
    change(Chain(org))
    status, message = verdict(scan(checks=[CHECK]).ended(1).json(), org.management)
    assert status == "fail" and told in message, (name, message)


def test_a_stopped_trail_fills_no_log_group(org, scan):
    Chain(org).whole()
    org.client("cloudtrail").stop_logging(Name="org-trail")
    status, message = verdict(scan(checks=[CHECK]).ended(1).json(), org.management)
    assert status == "fail" and "stopped" in message, message


def test_the_log_group_is_gone(org, scan):
    Chain(org).whole()
    org.client("logs").delete_log_group(logGroupName="org-trail")
    status, message = verdict(scan(checks=[CHECK]).ended(1).json(), org.management)
    assert status == "fail" and "does not exist" in message, message


@pytest.mark.parametrize(
    "operation",
    [
        "logs:DescribeMetricFilters",
        "cloudwatch:DescribeAlarms",
        "sns:ListSubscriptionsByTopic",
        "sns:GetTopicAttributes",
        "sns:GetSubscriptionAttributes",
    ],
)
def test_a_link_that_cannot_be_seen_is_unknown(org, scan, emulator, operation):
    Chain(org).whole()
    emulator.refuse("AccessDeniedException", operation=operation)
    status, message = verdict(scan(checks=[CHECK]).ended(3).json(), org.management)
    assert status == "unknown" and operation in message, message


def rule(org, region: str, names=STOPPING, live=True, enabled=True, admitted=True, key=None) -> None:
    events = org.client("events", region=region)
    pattern = {
        "source": ["aws.cloudtrail"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["cloudtrail.amazonaws.com"], "eventName": names},
    }
    state = "ENABLED" if enabled else "DISABLED"
    events.put_rule(Name="trails", EventPattern=json.dumps(pattern), State=state)
    if live:
        sns = org.client("sns", region=region)
        topic = sns.create_topic(Name="rules")["TopicArn"]
        if admitted:
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic,
            }
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        if key:
            sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=key)
        events.put_targets(Rule="trails", Targets=[{"Id": "1", "Arn": topic}])
        given = {"TopicArn": topic, "Protocol": "https", "Endpoint": "https://example.com/rule"}
        org.client("sns", region=region).subscribe(**given)


@pytest.mark.parametrize(
    "change, status",
    [
        ({}, "pass"),
        ({"live": False}, "fail"),
        ({"enabled": False}, "fail"),
        ({"names": STOPPING[1:]}, "fail"),
        # The policy that SNS gives a new topic admits alarms alone.
        ({"admitted": False}, "fail"),
        ({"key": "alias/aws/sns"}, "fail"),
    ],
)
def test_a_rule_sees_tampering(org, scan, change, status):
    rule(org, "us-east-1", **change)
    audit = scan(checks=[RULE]).ended(0 if status == "pass" else 1).json()
    assert verdict(audit, org.management, RULE)[0] == status


def test_an_analyzer_where_logs_and_keys_lie(org, scan):
    check = "monitoring-access-analyzer"
    place = f"{org.archive}/us-east-1"

    def told() -> str:
        audit = scan(checks=[check]).json()
        (found,) = [f for f in audit["findings"] if f["subject"]["id"] == place]
        return found["status"]

    assert told() == "fail"
    org.analyze(org.archive, "us-east-1", kind="ACCOUNT_UNUSED_ACCESS")
    assert told() == "fail", "another kind of analyzer"
    org.analyze(org.archive, "us-east-1", status="FAILED")
    assert told() == "fail", "it does not run"
    org.analyze(org.archive, "us-east-1")
    assert told() == "pass"


def test_without_lake_nothing_of_it_is_judged(org, scan):
    """No store anywhere: nothing fails, and no fix recommends what new customers cannot have."""
    audit = scan(checks=["lake-*"]).ended(0).json()
    assert {f["status"] for f in audit["findings"]} <= {"not_applicable", "pass"}
    assert audit["summary"]["fail"] == audit["summary"]["unknown"] == 0
