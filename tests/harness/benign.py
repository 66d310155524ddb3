"""An ordinary day of one account: what its pipeline, its people and AWS's services do, as CloudTrail records it.

Nothing in it is an attack. Names of calls, members of identities and parameters are those that CloudTrail documents or
that published records show; ids and times are counted up, so that the day is always the same.
"""

from itertools import count

ACCOUNT, HOME, REGION = "111122223333", "us-east-1", "eu-west-1"
LOGS = "logs"
DAY = "2026-01-01"


class Day:
    """Records in the order of their making. `at` is the minute of the day; each call moves it on by a second."""

    def __init__(self):
        self.records: list[dict] = []
        self.ids = count(1)
        self.second = 0

    def at(self, hour: int, minute: int = 0) -> "Day":
        self.second = (hour * 60 + minute) * 60
        return self

    @property
    def time(self) -> str:
        return f"{DAY}T{self.second // 3600:02}:{self.second // 60 % 60:02}:{self.second % 60:02}Z"

    def call(self, who: dict, service: str, name: str, *, region: str = REGION, ip: str = "203.0.113.20", reads: bool | None = None, **more) -> dict:
        """One call. `params`, `response` and whatever else is given stand in the record."""
        reading = name.startswith(("Get", "List", "Describe", "Head", "Lookup", "BatchGet")) if reads is None else reads
        by = who.get("invokedBy")
        self.second += 1
        record = {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": self.time,
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": by or ip,
            "userAgent": by or "aws-cli/2.31.0",
            "requestParameters": more.pop("params", None),
            "responseElements": more.pop("response", None),
            "requestID": f"10000000-0000-4000-8000-{next(self.ids):012}",
            "eventID": f"20000000-0000-4000-8000-{next(self.ids):012}",
            "readOnly": reading,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
            **more,
        }
        self.records.append(record)
        return record

    def session(self, role: str, name: str, since: str, path: str = "", **more) -> dict:
        """The identity of a session of a role."""
        principal = f"AROA{role.upper().replace('-', '').replace('_', ''):0<17.17}"
        return {
            "type": "AssumedRole",
            "principalId": f"{principal}:{name}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}",
            "accountId": ACCOUNT,
            "accessKeyId": f"ASIA{principal[4:]}0",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": principal,
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}{role}",
                    "accountId": ACCOUNT,
                    "userName": role,
                },
                "attributes": {"creationDate": since, "mfaAuthenticated": "false"},
            },
            **more,
        }

    def assume(self, by: dict, role: str, name: str, path: str = "", *, call: str = "AssumeRole", service: str = "sts", **more) -> dict:
        """Takes a role; the session's identity."""
        session = self.session(role, name, "", path)
        answer = {
            "credentials": {"accessKeyId": session["accessKeyId"], "expiration": "Jan 2, 2026, 1:00:00 AM"},
            "assumedRoleUser": {"assumedRoleId": session["principalId"], "arn": session["arn"]},
        }
        params = {"roleArn": session["sessionContext"]["sessionIssuer"]["arn"], "roleSessionName": name}
        self.call(by, service, call, params=params, response=answer, reads=True, **more)
        session["sessionContext"]["attributes"]["creationDate"] = self.time
        return session


def service(name: str) -> dict:
    """A service that acts for itself."""
    return {"type": "AWSService", "invokedBy": f"{name}.amazonaws.com"}


def user(name: str) -> dict:
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{name.upper():0<17.17}",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "userName": name,
    }


def by(who: dict, name: str) -> dict:
    """The same identity, where a service makes the call for it."""
    return {**who, "invokedBy": f"{name}.amazonaws.com"}


def linked(day: Day, role: str, name: str) -> dict:
    """A role that is linked to a service."""
    who = day.assume(service(name), role, role.removeprefix("AWSServiceRoleFor"), f"aws-service-role/{name}.amazonaws.com/")
    return by(who, name)


def deploys(day: Day) -> None:
    """The pipeline: three deploys, each a session by OIDC, and what CloudFormation does for it."""
    web = {
        "type": "WebIdentityUser",
        "principalId": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:example/shop:ref:refs/heads/main",
        "userName": "repo:example/shop:ref:refs/heads/main",
        "identityProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
    }
    for number, hour in enumerate((9, 13, 16)):
        day.at(hour, 5)
        ci = day.assume(web, "ci-deploy", f"GitHubActions-{number}", call="AssumeRoleWithWebIdentity", ip="198.51.100.40")
        run = {"ip": "198.51.100.40"}
        day.call(ci, "ecr", "GetAuthorizationToken", **run)
        day.call(ci, "ecr", "PutImage", params={"repositoryName": "shop", "imageTag": f"v{number}"}, **run)
        for name in ("UpdateFunctionCode20150331v2", "UpdateFunctionConfiguration20150331v2", "PublishVersion20150331"):
            day.call(ci, "lambda", name, params={"functionName": "shop-orders"}, **run)
        day.call(ci, "ecs", "RegisterTaskDefinition", params={"family": "shop"}, **run)
        day.call(ci, "ecs", "UpdateService", params={"cluster": "shop", "service": "web"}, **run)
        day.call(ci, "cloudformation", "CreateChangeSet", params={"stackName": "shop"}, **run)
        for _ in range(6):
            day.call(ci, "cloudformation", "DescribeStackEvents", params={"stackName": "shop"}, **run)
        day.call(ci, "cloudformation", "ExecuteChangeSet", params={"stackName": "shop"}, **run)
        if number == 0:
            stack(day, by(ci, "cloudformation"))
        for page in range(30):
            day.call(ci, "s3", "PutObject", params={"bucketName": "shop-site", "key": f"assets/{number}-{page}.js"}, **data("shop-site"), **run)
            if page < 20:
                day.call(ci, "s3", "DeleteObject", params={"bucketName": "shop-site", "key": f"assets/{number - 1}-{page}.js"}, **data("shop-site"), **run)
        day.call(ci, "cloudfront", "CreateInvalidation", region=HOME, params={"distributionId": "E1"}, **run)


def stack(day: Day, cfn: dict) -> None:
    """A stack that gets a function, its role, a queue's worth of alarms, a bucket for a site, a load balancer."""
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    day.call(cfn, "iam", "CreateRole", region=HOME, params={"roleName": "shop-invoices", "assumeRolePolicyDocument": trust})
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    day.call(cfn, "iam", "AttachRolePolicy", region=HOME, params={"roleName": "shop-invoices", "policyArn": basic})
    inline = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],'
        f'"Resource":"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/invoices"}}]}}'
    )
    day.call(cfn, "iam", "PutRolePolicy", region=HOME, params={"roleName": "shop-invoices", "policyName": "table", "policyDocument": inline})
    day.call(cfn, "lambda", "CreateFunction20150331", params={"functionName": "shop-invoices", "runtime": "python3.13"})
    day.call(cfn, "lambda", "AddPermission20150331v2", params={"functionName": "shop-invoices", "principal": "apigateway.amazonaws.com", "action": "lambda:InvokeFunction"})
    day.call(cfn, "logs", "CreateLogGroup", params={"logGroupName": "/aws/lambda/shop-invoices"})
    day.call(cfn, "logs", "PutRetentionPolicy", params={"logGroupName": "/aws/lambda/shop-invoices", "retentionInDays": 90})
    day.call(cfn, "monitoring", "PutMetricAlarm", params={"alarmName": "shop-invoices-errors"})
    day.call(cfn, "s3", "CreateBucket", params={"bucketName": "shop-site"})
    block = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
    day.call(cfn, "s3", "PutBucketPublicAccessBlock", params={"bucketName": "shop-site", "PublicAccessBlockConfiguration": block})
    day.call(cfn, "s3", "PutBucketEncryption", params={"bucketName": "shop-site"})
    day.call(cfn, "s3", "PutBucketVersioning", params={"bucketName": "shop-site", "VersioningConfiguration": {"Status": "Enabled"}})
    cdn = {"Service": "cloudfront.amazonaws.com"}
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": cdn, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-site/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::shop-site/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]}
    day.call(cfn, "s3", "PutBucketPolicy", params={"bucketName": "shop-site", "bucketPolicy": policy})
    day.call(cfn, "s3", "PutBucketCors", params={"bucketName": "shop-site", "CORSConfiguration": {"CORSRule": {"AllowedOrigin": "https://shop.example.com"}}})
    day.call(cfn, "s3", "PutBucketAcl", params={"bucketName": "shop-site", "x-amz-acl": "private"})
    day.call(cfn, "ec2", "CreateSecurityGroup", params={"groupName": "shop-alb", "vpcId": "vpc-1"}, response={"groupId": "sg-0a"})
    web = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}
    day.call(cfn, "ec2", "AuthorizeSecurityGroupIngress", params={"groupId": "sg-0a", "ipPermissions": {"items": [web]}})
    inner = {"ipProtocol": "tcp", "fromPort": 8080, "toPort": 8080, "groups": {"items": [{"groupId": "sg-0a"}]}}
    day.call(cfn, "ec2", "AuthorizeSecurityGroupIngress", params={"groupId": "sg-0b", "ipPermissions": {"items": [inner]}})
    day.call(cfn, "sns", "SetTopicAttributes", params={"topicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:shop", "attributeName": "DisplayName"})
    day.call(cfn, "events", "PutRule", params={"name": "shop-nightly"})


def data(bucket: str) -> dict:
    """What makes a record one of data."""
    resources = [{"type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}", "accountId": ACCOUNT}]
    return {"managementEvent": False, "eventCategory": "Data", "resources": resources}


def people(day: Day) -> None:
    """Sign-ins by Identity Center and by a user with MFA, and what they do in the console and the CLI."""
    day.at(8, 30)
    center = {"type": "IdentityCenterUser", "accountId": ACCOUNT, "onBehalfOf": {"userId": "9067-alice", "identityStoreArn": f"arn:aws:identitystore::{ACCOUNT}:identitystore/d-9067"}}
    for name in ("CredentialChallenge", "CredentialVerification", "UserAuthentication"):
        day.call(center, "signin", name, region=REGION, eventType="AwsServiceEvent", ip="192.0.2.10", reads=False)
    day.call(center, "sso", "Authenticate", eventType="AwsServiceEvent", ip="192.0.2.10", reads=False)
    day.call(center, "sso", "Federate", eventType="AwsServiceEvent", ip="192.0.2.10", reads=False)
    saml = {"type": "SAMLUser", "principalId": "idp=:alice@example.com", "userName": "alice@example.com", "identityProvider": f"arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_1_DO_NOT_DELETE"}
    path = f"aws-reserved/sso.amazonaws.com/{REGION}/"
    alice = day.assume(saml, "AWSReservedSSO_Operator_0123456789abcdef", "alice@example.com", path, call="AssumeRoleWithSAML", ip="192.0.2.10")
    day.call(alice, "signin", "ConsoleLogin", ip="192.0.2.10", response={"ConsoleLogin": "Success"}, eventType="AwsConsoleSignIn",
             additionalEventData={"MobileVersion": "No", "MFAUsed": "No"}, reads=False)
    shows(day, alice)
    day.call(alice, "ssm", "StartSession", params={"target": "i-0123456789abcdef0"}, ip="192.0.2.10")
    day.call(alice, "ecs", "UpdateService", params={"cluster": "shop", "service": "web", "desiredCount": 4}, ip="192.0.2.10", sessionCredentialFromConsole="true")
    day.call(alice, "ec2", "CreateTags", params={"resourcesSet": {"items": [{"resourceId": "i-0123456789abcdef0"}]}}, ip="192.0.2.10")
    for name in ("DescribeBudgets", "ListBillingViews"):
        day.call(alice, "budgets", name, region=HOME, ip="192.0.2.10", errorCode="AccessDenied", errorMessage="not authorized", sessionCredentialFromConsole="true")
    day.at(10, 15)
    bob = user("bob")
    login = {"eventType": "AwsConsoleSignIn", "ip": "192.0.2.11", "region": HOME, "reads": False}
    day.call(bob, "signin", "ConsoleLogin", response={"ConsoleLogin": "Failure"}, errorMessage="Failed authentication",
             additionalEventData={"MFAUsed": "Yes"}, **login)
    day.call(bob, "signin", "CheckMfa", response={"CheckMfa": "Success"}, additionalEventData={"MfaType": "U2F MFA"}, **login)
    day.call(bob, "signin", "ConsoleLogin", response={"ConsoleLogin": "Success"}, additionalEventData={"MFAUsed": "Yes"}, **login)
    since = {"attributes": {"creationDate": day.time, "mfaAuthenticated": "true"}}
    bob = {**bob, "accessKeyId": "ASIABOBEXAMPLE000001", "sessionContext": since}
    shows(day, bob, "192.0.2.11")
    day.call(bob, "iam", "ChangePassword", region=HOME, ip="192.0.2.11")
    day.call(bob, "iam", "CreateVirtualMFADevice", region=HOME, ip="192.0.2.11", params={"virtualMFADeviceName": "bob-phone"})
    day.call(bob, "iam", "EnableMFADevice", region=HOME, ip="192.0.2.11", params={"userName": "bob", "serialNumber": f"arn:aws:iam::{ACCOUNT}:mfa/bob-phone"})
    day.call(bob, "iam", "UpdateAccessKey", region=HOME, ip="192.0.2.11", params={"userName": "bob", "accessKeyId": "AKIABOBEXAMPLE000001", "status": "Inactive"})
    day.at(11, 0)
    # The analyst looks at yesterday's findings and closes them.
    analyst = day.assume(saml, "AWSReservedSSO_Analyst_0123456789abcdef", "carol@example.com", path, call="AssumeRoleWithSAML", ip="192.0.2.12")
    day.call(analyst, "guardduty", "ListFindings", params={"detectorId": "d1"}, ip="192.0.2.12")
    day.call(analyst, "guardduty", "ArchiveFindings", params={"detectorId": "d1", "findingIds": ["f1", "f2"]}, ip="192.0.2.12")
    day.call(analyst, "securityhub", "BatchUpdateFindings", params={"findingIdentifiers": [{"id": "f3"}], "workflow": {"status": "RESOLVED"}}, ip="192.0.2.12")


def shows(day: Day, who: dict, ip: str = "192.0.2.10") -> None:
    """What the console reads for its pages."""
    calls = {
        "ec2": ["DescribeInstances", "DescribeVpcs", "DescribeSubnets", "DescribeVolumes", "DescribeSecurityGroups", "DescribeAddresses", "DescribeRegions"],
        "s3": ["ListBuckets", "GetBucketLocation", "GetBucketVersioning", "GetBucketPolicyStatus", "GetBucketAcl", "GetBucketPublicAccessBlock"],
        "iam": ["ListUsers", "ListRoles", "ListPolicies", "GetAccountSummary"],
        "cloudwatch": ["DescribeAlarms"],
    }
    for name, names in calls.items():
        for it in names:
            params = {"bucketName": "shop-site"} if it.startswith("GetBucket") else None
            day.call(who, name, it, ip=ip, params=params, sessionCredentialFromConsole="true")


def services(day: Day) -> None:
    """What AWS's services do for themselves and by roles that are linked to them."""
    for hour in range(24):
        day.at(hour, 20)
        day.call(service("cloudtrail"), "s3", "GetBucketAcl", params={"bucketName": LOGS})
        for number in range(3):
            key = f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/01/01/{hour}-{number}.json.gz"
            day.call(service("cloudtrail"), "s3", "PutObject", params={"bucketName": LOGS, "key": key}, **data(LOGS))
        day.call(service("cloudtrail"), "kms", "GenerateDataKey", params={"keyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/log-key"}, reads=True)
        day.call(service("cloudtrail"), "sts", "AssumeRole", params={"roleArn": f"arn:aws:iam::{ACCOUNT}:role/cloudtrail-to-logs", "roleSessionName": "CLOUDWATCH_LOGS_DELIVERY_SESSION"}, reads=True)
        config = linked(day, "AWSServiceRoleForConfig", "config")
        for name in ("DescribeInstances", "DescribeVpcs", "DescribeSecurityGroups", "DescribeVolumes", "DescribeSnapshots"):
            day.call(config, "ec2", name)
        for name in ("GetBucketAcl", "GetBucketPolicy", "GetBucketLogging", "GetBucketVersioning", "GetBucketTagging", "GetBucketPublicAccessBlock"):
            day.call(config, "s3", name, params={"bucketName": "shop-site"})
        day.call(config, "lambda", "GetPolicy20150331v2", params={"functionName": "shop-orders"}, errorCode="ResourceNotFoundException")
        task = day.assume(service("ecs-tasks"), "shop-task", f"{hour:032x}")
        for name in ("db", "mail", "pay"):
            day.call(task, "secretsmanager", "GetSecretValue", params={"secretId": f"shop/{name}"}, ip="10.0.1.7")
        day.call(task, "ssm", "GetParametersByPath", params={"path": "/shop/prod", "recursive": True, "withDecryption": True}, ip="10.0.1.7")
        day.call(by(task, "secretsmanager"), "kms", "Decrypt", params={"encryptionContext": {"SecretARN": "shop/db"}}, reads=True)
    day.at(2, 0)
    backup = by(day.assume(service("backup"), "AWSBackupDefaultServiceRole", "AWSBackup-AWSBackupDefaultServiceRole", "service-role/"), "backup")
    day.call(backup, "ec2", "CreateSnapshot", params={"volumeId": "vol-1"})
    day.call(backup, "rds", "CreateDBSnapshot", params={"dBInstanceIdentifier": "shop", "dBSnapshotIdentifier": "awsbackup:job-2"})
    # What is older than its retention.
    day.call(backup, "ec2", "DeleteSnapshot", params={"snapshotId": "snap-1"})
    day.call(backup, "rds", "DeleteDBSnapshot", params={"dBSnapshotIdentifier": "awsbackup:job-1"})
    day.at(7, 0)
    scaling = linked(day, "AWSServiceRoleForAutoScaling", "autoscaling")
    day.call(scaling, "ec2", "RunInstances", params={"instancesSet": {"items": [{"minCount": 1, "maxCount": 1}]}}, response={"instancesSet": {"items": [{"instanceId": "i-0aaaaaaaaaaaaaaaa"}]}})
    day.call(scaling, "ec2", "TerminateInstances", params={"instancesSet": {"items": [{"instanceId": "i-0bbbbbbbbbbbbbbbb"}]}})
    day.call(scaling, "kms", "CreateGrant", params={"keyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/disk-key"})
    tracking = linked(day, "AWSServiceRoleForApplicationAutoScaling_ECSService", "ecs.application-autoscaling")
    alarm = "TargetTracking-service/shop/web-AlarmLow-3f2504e0"
    day.call(tracking, "monitoring", "PutMetricAlarm", params={"alarmName": alarm})
    day.call(tracking, "monitoring", "DeleteAlarms", params={"alarmNames": [alarm]})
    inspector = linked(day, "AWSServiceRoleForAmazonInspector2", "inspector2")
    for name in ("DescribeInstances", "DescribeImages", "DescribeRegions"):
        day.call(inspector, "ec2", name)
    day.call(inspector, "lambda", "ListFunctions20150331")
    day.call(inspector, "ecr", "DescribeImages")
    elb = linked(day, "AWSServiceRoleForElasticLoadBalancing", "elasticloadbalancing")
    day.call(elb, "ec2", "CreateNetworkInterface", params={"subnetId": "subnet-1"})
    instance(day)


def instance(day: Day) -> None:
    """An instance: its agent speaks through the gateway of its network, and to S3 through an endpoint."""
    day.at(6, 0)
    role = day.assume(service("ec2"), "web-instance", "i-0123456789abcdef0")
    role["sessionContext"]["ec2RoleDelivery"] = "2.0"
    for hour in range(6, 12):
        day.at(hour, 10)
        day.call(role, "ssm", "UpdateInstanceInformation", ip="203.0.113.5", reads=False)
        day.call(role, "s3", "GetObject", ip="10.0.1.20", params={"bucketName": "shop-config", "key": "app.toml"}, **data("shop-config"))
        day.call(by(role, "ssm"), "kms", "Decrypt", reads=True)


def posture(day: Day) -> None:
    """Two tools that read settings: a scanner with a few calls that its role lacks, and trailaudit."""
    day.at(5, 0)
    auditor = day.assume({**user("scanner"), "accountId": "444455556666", "arn": "arn:aws:iam::444455556666:user/scanner"}, "security-audit", "scan", ip="198.51.100.77")
    run = {"ip": "198.51.100.77"}
    for bucket in ("shop-site", "shop-config", LOGS):
        for name in ("GetBucketAcl", "GetBucketPolicy", "GetBucketPublicAccessBlock", "GetBucketVersioning", "GetBucketLogging", "GetBucketEncryption"):
            day.call(auditor, "s3", name, params={"bucketName": bucket}, **run)
    for service_name, names in {
        "iam": ["GenerateCredentialReport", "GetCredentialReport", "ListUsers", "ListRoles", "ListAccessKeys", "GetAccountPasswordPolicy", "ListMFADevices"],
        "ec2": ["DescribeInstances", "DescribeSecurityGroups", "DescribeSnapshots", "DescribeFlowLogs", "GetEbsEncryptionByDefault"],
        "cloudtrail": ["DescribeTrails", "GetTrailStatus", "GetEventSelectors"],
        "rds": ["DescribeDBInstances", "DescribeDBSnapshotAttributes"],
        "guardduty": ["ListDetectors", "GetDetector"],
    }.items():
        for name in names:
            day.call(auditor, service_name, name, reads=True, **run)
    for service_name, name in (("macie2", "GetMacieSession"), ("backup", "ListBackupPlans"), ("account", "GetAlternateContact")):
        day.call(auditor, service_name, name, errorCode="AccessDeniedException", errorMessage="not authorized", **run)


def records() -> list[dict]:
    """The whole day, by time."""
    day = Day()
    for part in (deploys, people, services, posture):
        part(day)
    return sorted(day.records, key=lambda it: it["eventTime"])
