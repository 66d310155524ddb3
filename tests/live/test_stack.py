"""deploy/aws/audit.yaml: without a fault, with generated permissions, deployed to the emulator and scanned there.

To renew the permissions: TRAILAUDIT_RENEW=1 tests/run.sh -k test_stack
"""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from harness import tool

TEMPLATE = Path(__file__).parent.parent.parent / "deploy/aws/audit.yaml"
BEGIN, END = "      PolicyDocument: # generated\n", "\n  ExecutionRole:"
# What the flags of the task need.
FLAGS = ["--verify-digests", "--object-lock"]


class Loader(yaml.SafeLoader):
    """CloudFormation's short forms as its long ones."""


def short(loader, suffix, node):
    value = node.value if isinstance(node, yaml.ScalarNode) else loader.construct_sequence(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".")
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short)


def load() -> dict:
    return yaml.load(TEMPLATE.read_text(), Loader)


def generated(folder) -> dict:
    """What `list permissions` prints for the flags of the task, with the names of the stack in it."""
    listed = tool.run(folder, "list", "permissions", "--store", "s3://the-bucket-of-the-stack", *FLAGS).ended(0).out
    policy = json.loads(listed)

    def named(it):
        if isinstance(it, dict):
            return {key: named(value) for key, value in it.items()}
        if isinstance(it, list):
            return [named(value) for value in it]
        if it == "arn:*:iam::*:role/trailaudit":
            return {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/${MemberRoleName}"}
        if it.startswith("arn:*:s3:::the-bucket-of-the-stack"):
            return {"Fn::Sub": it.replace("arn:*:s3:::the-bucket-of-the-stack", "${Bucket.Arn}")}
        # A policy may not hold a partition that is a wildcard in every service.
        return it

    return named(policy)


def test_the_permissions_are_those_of_the_flags(tmp_path):
    wanted = generated(tmp_path)
    if os.environ.get("TRAILAUDIT_RENEW"):
        text = TEMPLATE.read_text()
        before, rest = text.split(BEGIN)
        _, after = rest.split(END, 1)
        body = json.dumps(wanted, indent=2)
        body = "\n".join(" " * 8 + line for line in body.splitlines())
        TEMPLATE.write_text(before + BEGIN + body + "\n" + END + after)
    policy = load()["Resources"]["TaskPolicy"]["Properties"]["PolicyDocument"]
    assert policy == wanted, "renew it: see the head of this file"
    # And the task has these flags.
    (container,) = load()["Resources"]["Task"]["Properties"]["ContainerDefinitions"]
    assert container["Command"][0] == "nightly" and "--lookup-events" not in container["Command"]
    names = [it.get("Name") for it in container["Environment"]]
    assert "TRAILAUDIT_OBJECT_LOCK_DAYS" in names


def faults(template: str) -> list[str]:
    """Errors and warnings of the linter, without its hints."""
    from cfnlint.api import lint_all  # slow to import

    return [str(it) for it in lint_all(template) if it.rule.id.startswith(("E", "W"))]


def test_the_template_has_no_fault():
    assert faults(TEMPLATE.read_text()) == []


def test_the_linter_finds_a_fault():
    assert faults(TEMPLATE.read_text().replace("VersioningConfiguration:", "VersioningConfig:", 1))


def test_the_task_can_do_what_it_is_told(tmp_path):
    """Every flag and variable of the task is one of `nightly`."""
    (container,) = load()["Resources"]["Task"]["Properties"]["ContainerDefinitions"]
    words = [it if isinstance(it, str) else "s3://a-bucket" for it in container["Command"]]
    variables = {}
    for it in container["Environment"]:
        it = it["Fn::If"][1] if "Fn::If" in it else it
        plain = it["Value"] if isinstance(it["Value"], str) else {"RetentionDays": "400"}.get(it["Value"]["Ref"], "x")
        variables[it["Name"]] = plain
    done = tool.run(tmp_path, *words, **{**variables, "SIGNING_KEY": "no key"}, AWS_REGION="us-east-1")
    assert done.code == 2 and "no ed25519 key to sign with" in done.err and "unknown environment variable" not in done.err
    del variables["TRAILAUDIT_SIGN"]
    done = tool.run(tmp_path, *words, **variables, AWS_REGION="us-east-1")
    assert done.code == 4 and "unknown environment variable" not in done.err


class Stack:
    """The template's resources, made through AWS's own API: the emulator's CloudFormation leaves most properties out."""

    def __init__(self, org):
        self.org, self.account, self.template = org, org.sandbox, load()
        self.values = {
            "AWS::AccountId": self.account,
            "AWS::Region": "us-east-1",
            "AWS::Partition": "aws",
            "Approvers": [f"arn:aws:iam::{self.account}:role/approver"],
            "BreakGlassRole": f"arn:aws:iam::{self.account}:role/break-glass",
            "MemberRoleName": tool.ROLE,
        }
        self.attributes = {}

    def client(self, service: str):
        return self.org.client(service, self.account)

    def properties(self, name: str) -> dict:
        return self.resolved(self.template["Resources"][name]["Properties"])

    def resolved(self, it):
        if isinstance(it, list):
            return [self.resolved(each) for each in it]
        if not isinstance(it, dict):
            return it
        if list(it) == ["Ref"]:
            return self.values[it["Ref"]]
        if list(it) == ["Fn::GetAtt"]:
            return self.attributes[tuple(it["Fn::GetAtt"])]
        if list(it) == ["Fn::Sub"]:
            return re.sub(r"\$\{(.*?)\}", lambda found: self.named(found[1]), it["Fn::Sub"])
        return {key: self.resolved(value) for key, value in it.items()}

    def named(self, name: str) -> str:
        return self.attributes[tuple(name.split("."))] if "." in name else self.values[name]

    def role(self, name: str) -> None:
        trust = self.resolved(self.template["Resources"][name]["Properties"]["AssumeRolePolicyDocument"])
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        self.values[name], self.attributes[name, "Arn"] = name, made["Role"]["Arn"]

    def key(self, name: str) -> None:
        kms, it = self.client("kms"), self.properties(name)
        made = kms.create_key(Policy=json.dumps(it["KeyPolicy"]))["KeyMetadata"]
        assert it["EnableKeyRotation"]
        kms.enable_key_rotation(KeyId=made["KeyId"])
        self.values[name], self.attributes[name, "Arn"] = made["KeyId"], made["Arn"]

    def bucket(self, name: str) -> None:
        # What names another bucket is set once all are there.
        it = self.template["Resources"][name]["Properties"]
        it = {key: value if key == "LoggingConfiguration" else self.resolved(value) for key, value in it.items()}
        s3, bucket = self.client("s3"), it["BucketName"]
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=it.get("ObjectLockEnabled", False))
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=it["VersioningConfiguration"])
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=it["OwnershipControls"])
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=it["PublicAccessBlockConfiguration"])
        rules = []
        for rule in it["BucketEncryption"]["ServerSideEncryptionConfiguration"]:
            rule = dict(rule)
            rule["ApplyServerSideEncryptionByDefault"] = rule.pop("ServerSideEncryptionByDefault")
            rules.append(rule)
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
        self.values[name], self.attributes[name, "Arn"] = bucket, f"arn:aws:s3:::{bucket}"

    def policy(self, name: str, effects=("Allow", "Deny")) -> None:
        it = self.properties(name)
        document = it["PolicyDocument"]
        chosen = {**document, "Statement": [each for each in document["Statement"] if each["Effect"] in effects]}
        self.client("s3").put_bucket_policy(Bucket=it["Bucket"], Policy=json.dumps(chosen))

    def build(self):
        for name in ("TaskRole", "ExecutionRole", "SchedulerRole"):
            self.role(name)
        self.key("Key")
        self.bucket("AccessLogs")
        self.bucket("Bucket")
        # The emulator looks there whether S3 may write, and stumbles over a principal that is everyone.
        self.policy("AccessLogsPolicy", effects=["Allow"])
        logging = self.properties("Bucket")["LoggingConfiguration"]
        target = {"TargetBucket": logging["DestinationBucketName"], "TargetPrefix": logging["LogFilePrefix"]}
        self.client("s3").put_bucket_logging(Bucket=self.values["Bucket"], BucketLoggingStatus={"LoggingEnabled": target})
        self.policy("AccessLogsPolicy")
        self.policy("BucketPolicy")
        it = self.properties("TaskPolicy")
        self.client("iam").put_role_policy(
            RoleName=it["RoleName"], PolicyName=it["PolicyName"], PolicyDocument=json.dumps(it["PolicyDocument"])
        )
        return self


@pytest.fixture
def deployed(org):
    stack = Stack(org).build()
    return {"Bucket": stack.values["Bucket"]}


def test_cloudformation_reads_it(org):
    """The emulator's CloudFormation makes of it what it knows."""
    ec2 = org.client("ec2", org.sandbox)
    subnets = [it["SubnetId"] for it in ec2.describe_subnets()["Subnets"][:2]]
    given = {
        "Image": "ghcr.io/trailaudit/trailaudit@sha256:" + "0" * 64,
        "Vpc": ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
        "Subnets": ",".join(subnets),
        "Approvers": f"arn:aws:iam::{org.sandbox}:role/approver",
        "BreakGlassRole": f"arn:aws:iam::{org.sandbox}:role/break-glass",
    }
    cloudformation = org.client("cloudformation", org.sandbox)
    cloudformation.create_stack(
        StackName="trailaudit",
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )
    (stack,) = cloudformation.describe_stacks(StackName="trailaudit")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {it["OutputKey"] for it in stack["Outputs"]} == {"Bucket", "Topic", "TaskRoleArn"}


# What the store of audits is not asked for: it is no bucket of CloudTrail, and its runs are locked one by one.
NOT_OF_A_STORE = {
    "bucket-account-public-access-block": "of the account, which is not the stack's",
    "bucket-event-notifications": "the template sends them to EventBridge, which the emulator does not keep",
    "bucket-lifecycle-archive": "no logs lie in it",
    "bucket-mfa-delete": "only the root user can enable it, and objects are locked",
    "bucket-object-lock-compliance-mode": "no default retention: each object of a run is locked by itself",
    "bucket-object-lock-default-retention": "the same",
    "bucket-object-lock-retention-days": "the same",
    "bucket-policy-admits-cloudtrail": "CloudTrail does not write to it",
    "bucket-replication": "left to whoever needs a second copy",
}


def test_what_is_deployed_is_judged(org, emulator, deployed, scan):
    """A trail names the store as its bucket, so that the store and its key are subjects of the checks."""
    trail = org.client("cloudtrail", org.sandbox)
    trail.create_trail(Name="judge", S3BucketName=deployed["Bucket"])
    audit = scan("--accounts", org.sandbox, checks=["bucket-*", "key-*"]).json()
    found = [it for it in audit["findings"] if deployed["Bucket"] in it["subject"]["id"]]
    assert len(found) > 12
    failed = {it["check"]: it["message"] for it in found if it["status"] == "fail"}
    assert set(failed) == set(NOT_OF_A_STORE), failed


def test_the_task_keeps_a_night(org, emulator, deployed, tmp_path):
    """What the task would run, with the store that was deployed."""
    (container,) = load()["Resources"]["Task"]["Properties"]["ContainerDefinitions"]
    words = [it if isinstance(it, str) else f"s3://{deployed['Bucket']}" for it in container["Command"]]
    # The emulator's policies know no conditions: these would refuse every write.
    org.client("s3", org.sandbox).delete_bucket_policy(Bucket=deployed["Bucket"])
    variables = {"TRAILAUDIT_ROLE_NAME": tool.ROLE, "TRAILAUDIT_OBJECT_LOCK_DAYS": "400"}
    role = ("--store-role", f"arn:aws:iam::{org.sandbox}:role/{tool.ROLE}", "--check", "trail-*,delivery-*")
    done = tool.run(tmp_path, *words, *role, **variables, **tool.credentials(emulator.url))
    assert done.code in (1, 3), done.err
    # What the alarm listens for.
    pattern = load()["Resources"]["Heartbeat"]["Properties"]["FilterPattern"].strip('"')
    assert re.search(pattern, done.err)
