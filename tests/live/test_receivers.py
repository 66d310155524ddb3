"""What receives the record beyond the bucket: the log group's role, topics, and who evaluates the trails."""

import json

from emulator import corrections
from emulator.policies import document
from harness.verdicts import expect

ROLE = "access-cloudwatch-delivery-role"
HUB = "monitoring-securityhub"
NOTES = "bucket-event-notifications"


def statuses(audit: dict, check: str) -> dict:
    return {f["subject"]["id"]: f["status"] for f in audit["findings"] if f["check"] == check}


def delivery_role(org, *actions: str) -> str:
    iam = org.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName="trail-to-logs", AssumeRolePolicyDocument=json.dumps(document(trust)))
    streams = f"arn:aws:logs:us-east-1:{org.management}:log-group:org-trail:log-stream:*"
    allowed = document({"Effect": "Allow", "Action": list(actions), "Resource": streams})
    iam.put_role_policy(RoleName="trail-to-logs", PolicyName="logs", PolicyDocument=json.dumps(allowed))
    return made["Role"]["Arn"]


def test_the_role_that_delivers_to_the_log_group(org, scan):
    """It is not there; it is there and may not put events; it may."""
    role = f"arn:aws:iam::{org.management}:role/trail-to-logs"
    members = dict.fromkeys(org.members, "not_applicable")
    assert statuses(scan(checks=[ROLE]).ended(1).json(), ROLE) == {**members, role: "fail"}
    delivery_role(org, "logs:CreateLogStream")
    assert statuses(scan(checks=[ROLE]).ended(1).json(), ROLE) == {**members, role: "fail"}
    both = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}
    streams = f"arn:aws:logs:us-east-1:{org.management}:log-group:org-trail:log-stream:*"
    allowed = json.dumps(document({**both, "Resource": streams}))
    org.client("iam").put_role_policy(RoleName="trail-to-logs", PolicyName="logs", PolicyDocument=allowed)
    assert statuses(scan(checks=[ROLE]).ended(0).json(), ROLE) == {**members, org.management: "pass"}


def test_security_hub_without_standards(org, scan, emulator):
    for account in org.accounts:
        for region in org.regions:
            org.client("securityhub", account, region).enable_security_hub()
    corrections.standards[(org.app, "eu-west-1")] = {}
    told = statuses(scan(checks=[HUB]).ended(1).json(), HUB)
    assert told.pop(f"{org.app}/eu-west-1") == "fail"
    assert set(told.values()) == {"pass"}
    emulator.refuse("AccessDeniedException", operation="securityhub:GetEnabledStandards", accounts=(org.app,))
    told = statuses(scan(checks=[HUB]).ended(3).json(), HUB)
    assert {told[f"{org.app}/{region}"] for region in org.regions} == {"unknown"}


def test_notifications_to_a_topic(org, scan):
    """SNS's own policy for a new topic lets in no bucket."""
    topic = org.client("sns", org.archive).create_topic(Name="files")["TopicArn"]
    sends = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish"}
    let_in = json.dumps(document({**sends, "Resource": topic}))
    of_topic = {"TopicArn": topic, "AttributeName": "Policy"}
    sns = org.client("sns", org.archive)
    before = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"]
    sns.set_topic_attributes(**of_topic, AttributeValue=let_in)
    events = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}]}
    org.client("s3", org.archive).put_bucket_notification_configuration(
        Bucket="org-trail-logs", NotificationConfiguration=events
    )
    expect(scan(checks=[NOTES]).ended(0).json(), {NOTES: {org.bucket: "pass"}})
    sns.set_topic_attributes(**of_topic, AttributeValue=before)
    # Of severity info: it does not decide how the run ends.
    expect(scan(checks=[NOTES]).ended(0).json(), {NOTES: {org.bucket: "fail"}})
