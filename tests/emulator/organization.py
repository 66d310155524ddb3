"""An organization whose CloudTrail record can be trusted, made through AWS's own API.

A scenario takes it and breaks one thing. Names: the management account, the log archive (bucket and key),
an application account and a sandbox; the trail `org-trail` in us-east-1.
"""

import json
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config
from moto.cloudtrail.models import cloudtrail_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.s3control.models import s3control_backends

from emulator import lake, policies
from emulator.cloudtrail import history
from emulator.corrections import REGIONS, analyzers, opted_in

SESSION = boto3.Session()  # one, for it keeps the models of the services once read
ROLE = "OrganizationAccountAccessRole"
MANAGEMENT = "123456789012"  # moto's account for every key that it has not given out
HOME = "us-east-1"
ON = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}
EVERYTHING = [
    {
        "Name": "management",
        "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
    },
    {
        "Name": "objects",
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        ],
    },
]


def ago(**period) -> float:
    return (datetime.now(timezone.utc) - timedelta(**period)).timestamp()


class Organization:
    regions = REGIONS
    management = MANAGEMENT

    def __init__(self, emulator):
        self.emulator = emulator
        self.credentials = {MANAGEMENT: {"aws_access_key_id": "AKIAMANAGEMENT", "aws_secret_access_key": "x"}}
        org = self.client("organizations")
        self.id = org.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.root = org.list_roots()["Roots"][0]["Id"]
        org.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
        self.archive, self.app, self.sandbox = map(self.create_account, ("archive", "app", "sandbox"))
        self.members = (self.archive, self.app, self.sandbox)
        self.accounts = (self.management, *self.members)

    def create_account(self, name: str) -> str:
        made = self.client("organizations").create_account(AccountName=name, Email=f"{name}@example.com")
        return made["CreateAccountStatus"]["AccountId"]

    def client(self, service: str, account: str = MANAGEMENT, region: str = HOME):
        if account not in self.credentials:
            role = f"arn:aws:iam::{account}:role/{ROLE}"
            given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="seed")["Credentials"]
            self.credentials[account] = {
                "aws_access_key_id": given["AccessKeyId"],
                "aws_secret_access_key": given["SecretAccessKey"],
                "aws_session_token": given["SessionToken"],
            }
        return SESSION.client(
            service,
            region_name=region,
            endpoint_url=self.emulator.url,
            config=Config(retries={"total_max_attempts": 1}),
            **self.credentials[account],
        )

    def session_of(self, account: str) -> dict:
        """The variables with which trailaudit is that account's role."""
        self.client("sts", account)
        return {name.upper(): value for name, value in self.credentials[account].items()}

    # The parts of a good record.

    def build(self):
        """All of it: bucket and key in the archive, the organization trail, all accounts covered by it."""
        self.trail = f"arn:aws:cloudtrail:{HOME}:{self.management}:trail/org-trail"
        self.bucket = self.create_bucket("org-trail-logs", self.archive, self.trail, lock=True)
        self.lock("COMPLIANCE", days=400)
        self.key = self.create_key(self.archive, self.trail)
        self.create_trail(
            "org-trail",
            "org-trail-logs",
            KmsKeyId=self.key,
            IsOrganizationTrail=True,
            EnableLogFileValidation=True,
            CloudWatchLogsLogGroupArn=self.create_log_group(),
            CloudWatchLogsRoleArn=f"arn:aws:iam::{self.management}:role/trail-to-logs",
        )
        self.select(self.trail, AdvancedEventSelectors=EVERYTHING)
        return self

    def create_bucket(self, name: str, account: str, trail: str, lock: bool = False) -> str:
        """A log bucket with everything right but, unless `lock`, Object Lock."""
        s3 = self.client("s3", account)
        if f"{name}-access" not in s3_backends.bucket_accounts:
            s3.create_bucket(Bucket=f"{name}-access")
            s3.put_bucket_policy(Bucket=f"{name}-access", Policy=policies.access_logs(f"{name}-access"))
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3.put_bucket_policy(Bucket=name, Policy=policies.log_bucket(name, trail))
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(ON, True))
        target = {"TargetBucket": f"{name}-access", "TargetPrefix": "s3/"}
        s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": target})
        # Not through HTTP: botocore puts the account into the host name, which a loopback address has not.
        s3control_backends[account]["aws"].put_public_access_block(account, dict.fromkeys(ON, True))
        return f"arn:aws:s3:::{name}"

    def lock(self, mode: str, **period) -> None:
        """Default retention of the log bucket: `days=` or `years=`."""
        retention = {"Mode": mode, **{name.capitalize(): value for name, value in period.items()}}
        rule = {"DefaultRetention": retention}
        self.client("s3", self.archive).put_object_lock_configuration(
            Bucket="org-trail-logs",
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
        )

    def create_key(self, account: str, trail: str) -> str:
        kms = self.client("kms", account)
        key = kms.create_key(Policy=policies.trail_key(account, trail))["KeyMetadata"]
        kms.enable_key_rotation(KeyId=key["KeyId"])
        return key["Arn"]

    def create_log_group(self) -> str:
        self.client("logs").create_log_group(logGroupName="org-trail")
        return f"arn:aws:logs:{HOME}:{self.management}:log-group:org-trail:*"

    def create_trail(self, name: str, bucket: str, account: str = MANAGEMENT, region: str = HOME, **given):
        """A logging trail, multi-region unless told otherwise, that delivered a few minutes ago."""
        cloudtrail = self.client("cloudtrail", account, region)
        given.setdefault("IsMultiRegionTrail", True)
        cloudtrail.create_trail(Name=name, S3BucketName=bucket, **given)
        cloudtrail.start_logging(Name=name)
        arn = f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"
        self.status(arn, StartLoggingTime=ago(days=90), LatestDeliveryTime=ago(minutes=5))
        if given.get("EnableLogFileValidation"):
            self.status(arn, LatestDigestDeliveryTime=ago(minutes=30))
        if given.get("CloudWatchLogsLogGroupArn"):
            self.status(arn, LatestCloudWatchLogsDeliveryTime=ago(minutes=5))
        return arn

    # What a scenario changes.

    def select(self, trail: str, **selectors) -> None:
        home, account = trail.split(":")[3:5]
        self.client("cloudtrail", account, home).put_event_selectors(TrailName=trail, **selectors)

    def status(self, trail: str, **facts) -> None:
        """Sets fields of GetTrailStatus, which no API sets."""
        home, account, name = trail.split(":", 5)[3:]
        status = cloudtrail_backends[account][home].trails[name.removeprefix("trail/")].status
        status.facts = {**getattr(status, "facts", {}), **facts}

    def status_in(self, region: str, trail: str, **facts) -> None:
        """Sets fields of GetTrailStatus as one region reports them."""
        home, account, name = trail.split(":", 5)[3:]
        status = cloudtrail_backends[account][home].trails[name.removeprefix("trail/")].status
        status.facts_in = {**getattr(status, "facts_in", {}), region: facts}

    def delete_bucket(self, name: str) -> None:
        _, account = s3_backends.bucket_accounts[name]
        self.client("s3", account).delete_bucket(Bucket=name)

    def opt_in(self, account: str, region: str) -> None:
        opted_in[account] = region

    def happened(self, account: str, region: str, name: str, at: float, by: str, **record) -> None:
        """An event of the account's history, as CloudTrail would have recorded it."""
        told = {"eventName": name, "userIdentity": {"arn": by}, "sourceIPAddress": "192.0.2.1", **record}
        known = history.setdefault((account, region), [])
        event = {"EventId": f"{name}-{len(known)}", "EventName": name, "EventTime": at, "Username": by}
        known.append({**event, "CloudTrailEvent": json.dumps(told)})

    def analyze(self, account: str, region: str, kind: str = "ACCOUNT", status: str = "ACTIVE") -> None:
        """An analyzer of IAM Access Analyzer."""
        arn = f"arn:aws:access-analyzer:{region}:{account}:analyzer/{kind.lower()}"
        analyzers.setdefault((account, region), []).append({"arn": arn, "type": kind, "status": status})

    def store(self, account: str, region: str = HOME, **given) -> str:
        """A store of CloudTrail Lake that records management events, and a channel into it. Returns its ARN."""
        arn = f"arn:aws:cloudtrail:{region}:{account}:eventdatastore/EXAMPLE-f852-4e8f-8bd1-bcf6cEXAMPLE"
        field = {"Field": "eventCategory", "Equals": ["Management"]}
        says = {
            "EventDataStoreArn": arn,
            "Name": "lake",
            "Status": "ENABLED",
            "MultiRegionEnabled": True,
            "OrganizationEnabled": False,
            "RetentionPeriod": 2557,
            "TerminationProtectionEnabled": True,
            "AdvancedEventSelectors": [{"Name": "management", "FieldSelectors": [field]}],
        }
        lake.stores.setdefault((account, region), {})[arn] = {**says, **given}
        channel = f"arn:aws:cloudtrail:{region}:{account}:channel/EXAMPLE8-0558-4f7e-a06a-43969EXAMPLE"
        into = {"ChannelArn": channel, "Name": "partner", "Source": "Custom"}
        lake.channels.setdefault((account, region), {})[channel] = into
        return arn

    def clear_account_block(self, account: str) -> None:
        s3control_backends[account]["aws"].delete_public_access_block(account)

    def kms_key(self, arn: str):
        """moto's own record of a key, for states that no API sets."""
        region, account, name = arn.split(":", 5)[3:]
        return kms_backends[account][region].keys[name.removeprefix("key/")]

    def close_region(self, region: str, accounts: tuple) -> str:
        """An SCP that closes a region, and the answers that members then get. Returns the policy's ARN.
        The words of the message: AWS Security Blog, "Enhanced access denied error messages"."""
        org = self.client("organizations")
        made = org.create_policy(
            Name=f"close-{region}",
            Description="Region deny",
            Type="SERVICE_CONTROL_POLICY",
            Content=policies.region_deny(region),
        )["Policy"]["PolicySummary"]
        for account in accounts:
            org.attach_policy(PolicyId=made["Id"], TargetId=account)
            caller = f"arn:aws:sts::{account}:assumed-role/{ROLE}/trailaudit"
            self.emulator.refuse(
                "AccessDeniedException",
                message=f"User: {caller} is not authorized to perform: {{call}} with an explicit deny "
                f"in a service control policy: {made['Arn']}",
                accounts=(account,),
                regions=(region,),
            )
        return made["Arn"]


def attach(iam, role: str, *documents: dict) -> str:
    """A role with customer-managed policies. Returns its ARN."""
    trust = json.dumps(policies.document({"Effect": "Allow", "Action": "sts:AssumeRole"}))
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for number, document in enumerate(documents):
        made = iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=json.dumps(document))
        iam.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])
    return arn
