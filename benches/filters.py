"""How long alarm checks take where every account has the metric filters that the guides print, in all spellings.

    cargo build --release --no-default-features
    python3 benches/filters.py target/release/trailaudit --accounts 1000

Each account has a trail, a log group, one published set of filters in one spelling, an alarm on each metric and a
topic that somebody reads. What a set is about must be found covered: a wrong answer voids the figure. The sets are
those of the CIS AWS Foundations Benchmark, AWS Security Hub, the landing zones of AWS Control Tower and the
CloudFormation template of the CloudTrail User Guide.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REGIONS = (
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 "
    "eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
).split()
HOME = "us-east-1"
TAKEN = "2026-03-01T12:00:00Z"


def names(*all_of):
    return " || ".join(f"($.eventName = {name})" for name in all_of)


def of(service, *all_of):
    return f"($.eventSource = {service}.amazonaws.com) && ({names(*all_of)})"


IAM = [f"{verb}{kind}Policy" for verb in ("Delete", "Put") for kind in ("Group", "Role", "User")]
IAM += ["CreatePolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion"]
IAM += [f"{verb}{kind}Policy" for verb in ("Attach", "Detach") for kind in ("Role", "User", "Group")]
TRAIL = ["CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"]
BUCKET = ["PutBucketAcl", "PutBucketPolicy", "PutBucketCors", "PutBucketLifecycle", "PutBucketReplication"]
BUCKET += ["DeleteBucketPolicy", "DeleteBucketCors", "DeleteBucketLifecycle", "DeleteBucketReplication"]
CONFIG = ["StopConfigurationRecorder", "DeleteDeliveryChannel", "PutDeliveryChannel", "PutConfigurationRecorder"]
GROUP = ["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress"]
GROUP += ["RevokeSecurityGroupEgress", "CreateSecurityGroup", "DeleteSecurityGroup"]
NACL = ["CreateNetworkAcl", "CreateNetworkAclEntry", "DeleteNetworkAcl", "DeleteNetworkAclEntry"]
NACL += ["ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation"]
GATEWAY = ["CreateCustomerGateway", "DeleteCustomerGateway", "AttachInternetGateway", "CreateInternetGateway"]
GATEWAY += ["DeleteInternetGateway", "DetachInternetGateway"]
ROUTE = ["CreateRoute", "CreateRouteTable", "ReplaceRoute", "ReplaceRouteTableAssociation", "DeleteRouteTable"]
ROUTE += ["DeleteRoute", "DisassociateRouteTable"]
# The calls of EC2-Classic, which nobody can make any more, are printed as well; no check asks for them.
VPC = ["AttachClassicLinkVpc", "DetachClassicLinkVpc", "DisableVpcClassicLink", "EnableVpcClassicLink"]
VPC += ["CreateVpc", "DeleteVpc", "ModifyVpcAttribute", "AcceptVpcPeeringConnection", "CreateVpcPeeringConnection"]
VPC += ["DeleteVpcPeeringConnection", "RejectVpcPeeringConnection"]
ORGANIZATION = ["AcceptHandshake", "AttachPolicy", "CreateAccount", "CreateOrganizationalUnit", "CreatePolicy"]
ORGANIZATION += ["DeclineHandshake", "DeleteOrganization", "DeleteOrganizationalUnit", "DeletePolicy", "DetachPolicy"]
ORGANIZATION += ["DisablePolicyType", "EnablePolicyType", "InviteAccountToOrganization", "LeaveOrganization"]
ORGANIZATION += ["MoveAccount", "RemoveAccountFromOrganization", "UpdatePolicy", "UpdateOrganizationalUnit"]

DENIED = '($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")'
ROOT = '$.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent"'
FAILED = '($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication")'
MFA = '($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")'
USER_MFA = f'{MFA} && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success")'

CIS = {
    "unauthorized-api-calls": DENIED,
    "signin-without-mfa": USER_MFA,
    "root-usage": ROOT,
    "iam-policy-changes": names(*IAM),
    "cloudtrail-changes": names(*TRAIL),
    "console-auth-failures": FAILED,
    "key-disable-delete": of("kms", "DisableKey", "ScheduleKeyDeletion"),
    "s3-policy-changes": of("s3", *BUCKET),
    "config-changes": of("config", *CONFIG),
    "security-group-changes": names(*GROUP),
    "nacl-changes": names(*NACL),
    "network-gateway-changes": names(*GATEWAY),
    "route-table-changes": names(*ROUTE),
    "vpc-changes": names(*VPC),
    "organizations-changes": of("organizations", *ORGANIZATION),
}
SETS = {
    "CIS": CIS,
    # Security Hub asks for fourteen of them, the source of route table changes beside the names.
    "Security Hub": {
        **{key: value for key, value in CIS.items() if key != "organizations-changes"},
        "unauthorized-api-calls": '($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")',
        "iam-policy-changes": of("iam", *IAM),
        "route-table-changes": of("ec2", *ROUTE),
    },
    "Control Tower": {
        "unauthorized-api-calls": DENIED,
        "root-usage": ROOT,
        "console-auth-failures": FAILED,
        "signin-without-mfa": MFA,
        "iam-policy-changes": names(*IAM),
        "cloudtrail-changes": names(*TRAIL),
        "security-group-changes": names(*GROUP),
        "network-gateway-changes": names(*GATEWAY),
        "nacl-changes": names(*NACL),
    },
    # The template also counts instances and gateways, which no check asks for.
    "CloudFormation": {
        "s3-policy-changes": of("s3", *BUCKET),
        "security-group-changes": names(*GROUP),
        "nacl-changes": names(*NACL),
        "network-gateway-changes": names(*GATEWAY),
        "vpc-changes": names(*VPC),
        "cloudtrail-changes": names(*TRAIL),
        "console-auth-failures": FAILED,
        "unauthorized-api-calls": DENIED,
        "iam-policy-changes": names(*IAM),
        "- instances": names("RunInstances", "RebootInstances", "StartInstances", "StopInstances", "TerminateInstances"),
        "- large instances": f"({names('RunInstances', 'StartInstances')}) && "
        "(($.requestParameters.instanceType = *.8xlarge) || ($.requestParameters.instanceType = *.4xlarge))",
    },
}
# The guides leave out PutEventSelectors, and DeleteConfigurationRecorder: these two must be found to miss them.
SHORT_AS_PUBLISHED = {"cloudtrail-changes", "config-changes"}
SPELLINGS = {
    "as printed": lambda text: f"{{ {text} }}",
    "no spaces": lambda text: "{" + text.replace(" = ", "=").replace(" || ", "||").replace(" && ", "&&") + "}",
    "quoted": lambda text: "{ " + " ".join(quoted(word) for word in text.split(" ")) + " }",
    "lines": lambda text: "{\n  " + text.replace(" || ", " ||\n  ").replace(" && ", "\n  && ") + "\n}",
    "more parentheses": lambda text: f"{{ (( {text} )) }}",
}


def short(text):
    """A filter without its last name: it must be found to miss that event."""
    start, dropped = text.rsplit(" || ", 1)
    return start + ")" * (dropped.count(")") - dropped.count("("))


def quoted(word):
    """A plain name in quotes; all else as it is."""
    name = word.rstrip(")")
    plain = name.replace(".", "").isalnum() and not name.isupper()
    return f'"{name}"' + ")" * (len(word) - len(name)) if plain else word


def admits(topic):
    """Lets alarms of the account publish."""
    return json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": topic}})


def inventory(path, accounts):
    """Accounts by number, each with its filters by name."""
    known = lambda value: {"known": value}
    counts, lines = {}, []

    def add(record, value):
        counts[record] = counts.get(record, 0) + 1
        lines.append(json.dumps({"record": record, "value": value}))

    for number, filters in accounts.items():
        trail = f"arn:aws:cloudtrail:{HOME}:{number}:trail/main"
        group = f"arn:aws:logs:{HOME}:{number}:log-group:trail"
        topic = f"arn:aws:sns:{HOME}:{number}:alarms"
        missing = lambda call: {"unknown": {"call": call, "account": number, "region": HOME, "reason": "not_asked"}}
        add("trail", {
            "arn": trail, "name": "main", "account": number, "home_region": HOME,
            "configuration": known({
                "bucket": "logs", "prefix": None, "sns_topic": None, "include_global_service_events": True,
                "multi_region": True, "organization": False, "log_file_validation": True,
                "log_group": f"{group}:*", "log_group_role": None, "kms_key": None,
            }),
            "status": known({
                "logging": True, "started": "2024-01-01T00:00:00Z", "stopped": None,
                **{part: {"latest": TAKEN, "error": None} for part in ("delivery", "digest", "log_group", "notification")},
            }),
            "selectors": known({"advanced": [
                {"name": "all", "fields": [{"field": "eventCategory", "equals": ["Management"]}]},
            ]}),
            "insights": known([]), "tags": known({}),
        })
        alarm = lambda name: {
            "arn": f"arn:aws:cloudwatch:{HOME}:{number}:alarm:{name}", "name": name, "namespace": "CIS", "metric": name,
            "statistic": "Sum", "period": 300, "evaluation_periods": 1, "datapoints_to_alarm": None, "threshold": 1.0,
            "comparison": "GreaterThanOrEqualToThreshold", "missing_data": "notBreaching", "actions_enabled": True,
            "alarm_actions": [topic], "expressions": [], "dimensions": {}, "unit": known(None), "state": known("OK"),
            "state_since": known(None),
        }
        count = lambda name: [{"namespace": "CIS", "name": name, "value": "1", "default": None}]
        add("log_group", {
            "arn": group, "name": "trail", "account": number, "region": HOME,
            "configuration": known({"retention_days": 365, "kms_key": None, "class": "STANDARD", "deletion_protection": True}),
            "metric_filters": known([
                {"name": name, "pattern": text, "transformations": count(name), "field_selection": known(None),
                 "system_dimensions": known([]), "transformed": known(False)} for name, text in filters.items()
            ]),
            "subscription_filters": known([]),
        })
        add("topic", {
            "arn": topic, "configuration": known({"policy": admits(topic), "kms_key": None}),
            "subscriptions": known([{"protocol": "email", "confirmed": True, "filter": known(None)}]),
        })
        for region in REGIONS:
            add("region", {
                "account": number, "region": region, "trails": known([trail]), "event_data_stores": known([]),
                "channels": known([]), "alarms": known([alarm(name) for name in filters] if region == HOME else []),
                "rules": known([]), "log_resource_policies": known([]),
                "config_recorder": missing("config:DescribeConfigurationRecorders"),
                "guardduty": missing("guardduty:ListDetectors"), "security_hub": missing("securityhub:DescribeHub"),
                "macie": missing("macie2:GetMacieSession"),
                "access_analyzers": missing("access-analyzer:ListAnalyzers"),
                "tampering": missing("cloudtrail:LookupEvents"),
            })
        add("account", {
            "id": number, "name": number, "state": known("ACTIVE"), "parent": known("r-ab12"),
            "management": number == min(accounts), "excluded": False,
            "session": known(f"arn:aws:sts::{number}:assumed-role/audit/audit"),
            "regions": known([{"name": region, "enabled": True} for region in REGIONS]), "regions_assumed": False,
            "public_access_block": missing("s3:GetPublicAccessBlock"), "summary": missing("iam:GetAccountSummary"),
        })
    add("organization", known(None))
    header = {
        "schema": 1, "tool": {"name": "trailaudit", "version": "0.1.0"}, "taken_at": TAKEN,
        "scope": {
            "organization": None, "management_account": None, "partition": "aws",
            "caller_arn": f"arn:aws:sts::{min(accounts)}:assumed-role/audit/audit", "accounts": sorted(accounts),
            "regions": REGIONS,
        },
    }
    fine = {"status": "assessed", "reason": None}
    coverage = {
        "accounts": [{"id": number, "name": number, **fine} for number in accounts],
        "regions": [{"account": number, "region": region, **fine} for number in accounts for region in REGIONS],
        "calls": {"total": 0, "by_operation": {}, "failed": []}, "notes": [],
    }
    ends = {"finished_at": TAKEN, "counts": counts, "interrupted": False, "coverage": coverage}
    with path.open("w") as file:
        for line in [json.dumps({"record": "header", "value": header}), *lines,
                     json.dumps({"record": "trailer", "value": ends})]:
            file.write(line + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--accounts", type=int, default=1000)
    given = parser.parse_args()
    kinds = [(name, spelling) for name in SETS for spelling in SPELLINGS]
    print(f"{'':32} {'accounts':>8} {'CPU':>9} {'peak':>11}  answers")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inventory.jsonl"
        rows = [(f"{name}, {spelling}", [(name, spelling)] * max(1, given.accounts // 100)) for name, spelling in kinds]
        rows.append(("all sets in all spellings", [kinds[at % len(kinds)] for at in range(given.accounts)]))
        rows.append(("CIS, as printed", [("CIS", "as printed")] * given.accounts))
        for label, each in rows:
            wrong += measure(given.binary, path, label, each)
        wrong += measure(given.binary, path, "CIS, each list one name short", rows[-1][1], lacking=True)
    sys.exit(1 if wrong else 0)


def measure(binary, path, label, each, lacking=False):
    accounts, asked = {}, {}
    expected = lambda key: "fail" if lacking or key in SHORT_AS_PUBLISHED else "pass"
    lists = [key for key, text in CIS.items() if "$.eventName = " in text and " || " in text]
    for at, (name, spelling) in enumerate(each):
        number = str(200_000_000_000 + at)
        accounts[number] = {key: SPELLINGS[spelling](text) for key, text in SETS[name].items()}
        asked[number] = [key for key in SETS[name] if not key.startswith("-")]
        if lacking:
            asked[number] = lists
            accounts[number] = {key: SPELLINGS[spelling](short(SETS[name][key])) for key in lists}
    inventory(path, accounts)
    audit = path.with_name("audit.json")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([binary, "scan", "--inventory", path, "--check", "monitoring-alarm-*", "--quiet", "--exit-zero",
                           "-f", f"json={audit}"], check=False, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{label}: exit {done.returncode}: {done.stderr}")
    found = {(one["check"], one["subject"]["id"]): one for one in json.loads(audit.read_text())["findings"]}
    wrong = [
        found.get((f"monitoring-alarm-{key}", number), {"check": key, "status": "absent", "message": ""})
        for number, keys in asked.items() for key in keys
        if found.get((f"monitoring-alarm-{key}", number), {}).get("status") != expected(key)
    ]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    answers = "right" if not wrong else f"{len(wrong)} wrong: {wrong[0]['check']} {wrong[0]['status']} {wrong[0]['message']}"
    print(f"{label:32} {len(each):8} {cpu:7.2f} s {after.ru_maxrss / 1024:7.0f} MiB  {answers} "
          f"({time.monotonic() - started:.2f} s)", flush=True)
    return len(wrong)


if __name__ == "__main__":
    main()
