"""An ordinary day makes no finding of high or critical severity that a responder would call wrong.

What remains is listed, each with the reason why a responder wants to see it. Whatever else fires is a fault of the check.
"""

import json

import pytest

from harness import benign, records, tool, tree

ROLE = f"arn:aws:iam::{benign.ACCOUNT}:role/"
SSO = f"{ROLE}aws-reserved/sso.amazonaws.com/{benign.REGION}/AWSReservedSSO_"
PLACE = f"{benign.REGION}:{benign.ACCOUNT}"

# Check, subject, severity: why it stays.
REMAINS = {
    # The only high one. The rule says that the whole internet reaches the group, and the record shows no more: that 443 of
    # a load balancer is meant is known to its owner alone.
    ("event-security-group-opened", f"arn:aws:ec2:{PLACE}:security-group/sg-0a"): "high",
    # A rule between two groups, by the deploy.
    ("event-security-group-opened", f"arn:aws:ec2:{PLACE}:security-group/sg-0b"): "medium",
    # Code that runs as a role was replaced, or is new: whoever deploys can confirm it.
    ("event-function-changed", f"arn:aws:lambda:{PLACE}:function:shop-orders"): "medium",
    ("event-function-changed", f"arn:aws:lambda:{PLACE}:function:shop-invoices"): "medium",
    # A new role of a service, and what it may do: two actions on one table.
    ("event-role-created-or-trust-changed", f"{ROLE}shop-invoices"): "medium",
    ("event-permissions-widened", f"{ROLE}shop-invoices"): "medium",
    # A policy that stays within the account, CORS, a private ACL; the encryption of a bucket was set.
    ("event-bucket-policy-changed", "arn:aws:s3:::shop-site"): "medium",
    ("event-bucket-protection-removed", "arn:aws:s3:::shop-site"): "medium",
    # Logs of the new function are kept for 90 days.
    ("event-log-group-deleted", f"arn:aws:logs:{PLACE}:log-group:/aws/lambda/shop-invoices"): "medium",
    # An attribute of a topic: it may be its policy.
    ("event-notification-removed", f"arn:aws:sns:{PLACE}:shop"): "medium",
    # A shell on an instance.
    ("event-instance-entered", f"arn:aws:ec2:{PLACE}:instance/i-0123456789abcdef0"): "medium",
    # A new MFA device may be an attacker's.
    ("event-mfa-removed", f"arn:aws:iam::{benign.ACCOUNT}:user/bob"): "medium",
    ("event-mfa-removed", f"arn:aws:iam::{benign.ACCOUNT}:mfa/bob-phone"): "medium",
    ("event-password-policy-weakened", benign.ACCOUNT): "low",
    # Findings were closed by hand.
    ("event-guardduty-blinded", f"arn:aws:guardduty:{PLACE}:detector/d1"): "medium",
    ("event-securityhub-off", f"{SSO}Analyst_0123456789abcdef"): "medium",
    # A snapshot was deleted at the end of its retention, which somebody may have shortened.
    ("event-secret-deleted", f"arn:aws:rds:{PLACE}:snapshot:awsbackup:job-1"): "medium",
    # The scanner and two people who look at buckets in the console.
    ("event-buckets-enumerated", f"{ROLE}security-audit"): "medium",
    ("event-buckets-enumerated", f"{SSO}Operator_0123456789abcdef"): "medium",
    ("event-buckets-enumerated", f"arn:aws:iam::{benign.ACCOUNT}:user/bob"): "medium",
    # A typing error; first denials in what was read; first writes in what was read.
    ("event-console-login-failed", f"arn:aws:iam::{benign.ACCOUNT}:user/bob"): "low",
    ("event-denied-first", f"{ROLE}security-audit"): "low",
    ("event-denied-first", f"{SSO}Operator_0123456789abcdef"): "low",
    ("event-region-first-used", f"{benign.ACCOUNT}/{benign.REGION}"): "low",
    ("event-region-first-used", f"{benign.ACCOUNT}/{benign.HOME}"): "low",
    # Told for the picture, not as findings of weight.
    ("event-console-login-federated", f"{SSO}Operator_0123456789abcdef"): "info",
    ("event-instances-started", f"{ROLE}aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"): "info",
    ("event-role-assumed-cross-account", f"{ROLE}security-audit"): "info",
}


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """The day in signed logs of the account's two regions, and its findings."""
    folder = tmp_path_factory.mktemp("day")
    place = {"accounts": [benign.ACCOUNT], "regions": [benign.REGION, benign.HOME], "bucket": benign.LOGS}
    made = tree.make(folder, **place, hours=26, records=0, logs_per_hour=1, events=benign.records())
    times = ["--since", "2026-01-01", "--until", "2026-01-02T00:00:00Z", "--now", "2026-01-02T03:00:00Z"]
    source = [str(made.root), "--public-keys", str(made.keys), *times]
    return folder, source


def test_what_remains_of_an_ordinary_day(day):
    folder, source = day
    run = tool.run(folder, "events", "detect", *source, "-f", "json").ended(1)
    audit = json.loads(run.out)
    assert audit["events"]["records"]["verified"] == len(benign.records()) > 900
    fails = {(it["check"], it["subject"]["id"]): it["severity"] for it in audit["findings"] if it["status"] == "fail"}
    assert fails == REMAINS
    # Everything is verified: what does not fail passes. Insights may be off: there is no such event.
    rest = {it["check"]: it["status"] for it in audit["findings"] if it["status"] not in ("fail", "pass")}
    assert rest == {"event-insight": "not_applicable"}


def test_most_of_it_is_noise_of_which_nothing_is_lost(day):
    folder, source = day
    told = json.loads(tool.run(folder, "events", "timeline", *source, "-f", "json").ended(0).out)
    assert told["records"] + sum(told["hidden"].values()) == len(benign.records())
    assert {"service", "console", "delivery"} <= set(told["hidden"])
    assert sum(told["hidden"].values()) > told["records"] / 2


def test_questions_about_an_ordinary_day(day):
    folder, source = day
    # `public` finds a policy that names everyone, also where it denies: the text alone does not tell these apart.
    expected = {"root": "absent", "tamper": "absent", "public": "found", "enumeration": "found", "cross-account": "absent"}
    for question, verdict in expected.items():
        run = tool.run(folder, "events", "ask", source[0], question, *source[1:], "-f", "json").ended(0)
        assert json.loads(run.out)["asked"]["verdict"] == verdict, question
    # The scanner alone: neither the console's pages nor AWS Config are enumeration.
    run = tool.run(folder, "events", "ask", source[0], "enumeration", *source[1:], "-f", "json")
    assert {it["actor"]["id"] for it in json.loads(run.out)["records"]} == {f"{ROLE}security-audit"}


# Published records that come from no attack: what they are, and what may be told of them.
PUBLISHED = {
    # An administrator's role creates a user: new credentials are told of whoever makes them.
    "CreateUser": {("event-user-created", "high")},
    # The root user of a demonstration account reads; it should not be used.
    "GetResource": {("event-root-used", "high")},
    # A user signs in with MFA, as its record says.
    "ConsoleLogin": set(),
    "AssumeRole": set(),
    "DescribeLaunchConfigurations": set(),
    "DescribeTargetHealth": set(),
}


def test_published_records_of_no_attack(tmp_path):
    lines = (records.ROOT / "tests/data/events/records.jsonl").read_text("utf-8").splitlines()
    some = [it for it in map(json.loads, lines) if it["kind"] == "real" and it["source"].startswith(("github:ocsf/", "github:flosell/"))]
    assert sorted(it["record"]["eventName"] for it in some) == sorted(PUBLISHED)
    for it in some:
        records.write(tmp_path / "log.json", [it["record"]])
        audit = json.loads(tool.run(tmp_path, "events", "detect", "log.json", "-f", "json").ended(3).out)
        # Nothing proves files: what would fail is unknown, of its subject.
        told = {(f["check"], f["severity"]) for f in audit["findings"] if f["subject"]["id"] != "all accounts of the logs"}
        told -= {it for it in told if it[0] in ("event-region-first-used", "event-denied-first")}
        assert told == PUBLISHED[it["record"]["eventName"]], it["record"]["eventName"]
