"""Where moto differs from AWS, put right. Each correction is our belief about AWS and says where it is from.

"Reference" is the API reference of the service, as its SDKs carry it; "moto" is what moto does without us.
"""

import json
import re
from unittest.mock import patch

from moto.account.responses import AccountResponse
from moto.account.urls import url_paths as account_paths
from moto.cloudtrail.models import CloudTrailBackend, Trail, TrailStatus
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.responses import ActionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.iam.responses import IamResponse
from moto.kms.models import KmsBackend
from moto.organizations.models import FakeDelegatedAdministrator, organizations_backends
from moto.organizations.responses import OrganizationsResponse
from moto.s3.exceptions import ReplicationConfigurationNotFoundError
from moto.s3.responses import S3Response

from emulator import alarms, cloudtrail, lake

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")
AWS_POLICIES = ("AdministratorAccess", "AWSCloudTrail_FullAccess")
_documents = json.loads(aws_managed_policies_data)
_key_rotation = KmsBackend.get_key_rotation_status
_get_bucket_notification = S3Response.get_bucket_notification
_key_response_get = S3Response._key_response_get
_bucket_response_put = S3Response._bucket_response_put
_organizations_dispatch = OrganizationsResponse.call_action

opted_in: dict[str, str] = {}  # account: a region that it has switched on, and others have not


analyzers: dict[tuple[str, str], list[dict]] = {}  # account and region: what IAM Access Analyzer lists


def list_analyzers(account: str, region: str) -> tuple[list, bytes]:
    """None unless the scenario made some. Reference: IAM Access Analyzer, ListAnalyzers.
    moto: the whole service is missing."""
    body = json.dumps({"analyzers": analyzers.get((account, region), [])})
    return [("Content-Type", "application/json")], body.encode()


# Account and region: the standards that are enabled in Security Hub, and their status.
standards: dict[tuple[str, str], dict[str, str]] = {}


def get_enabled_standards(account: str, region: str) -> tuple[list, bytes]:
    """What the scenario says; without, those that EnableSecurityHub enables. Reference: Security Hub,
    GetEnabledStandards and EnableSecurityHub. moto: 500."""
    usual = {
        f"arn:aws:securityhub:{region}::standards/aws-foundational-security-best-practices/v/1.0.0": "READY",
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0": "READY",
    }
    rows = [
        {
            "StandardsSubscriptionArn": f"arn:aws:securityhub:{region}:{account}:subscription/{at}",
            "StandardsArn": arn,
            "StandardsInput": {},
            "StandardsStatus": status,
        }
        for at, (arn, status) in enumerate(standards.get((account, region), usual).items())
    ]
    return [("Content-Type", "application/json")], json.dumps({"StandardsSubscriptions": rows}).encode()


# Calls that moto does not know at all: by service and the end of the path, answered from account and region.
WHOLE = {
    ("access-analyzer", "/analyzer"): list_analyzers,
    ("cloudwatch", "/operation/DescribeAlarms"): alarms.describe_alarms,
    ("securityhub", "/standards/get"): get_enabled_standards,
}


def whole(service: str, path: str):
    """What answers this call in moto's place, if anything does."""
    for (known, end), answer in WHOLE.items():
        if known == service and path.endswith(end):
            return answer
    return None


def forget() -> None:
    """What scenarios told us beside moto."""
    of_cloudtrail = (cloudtrail.history, cloudtrail.public_keys, cloudtrail.aggregations)
    of_lake = (lake.stores, lake.channels)
    for told in (opted_in, analyzers, standards, mfa_delete, root_access, *of_cloudtrail, *of_lake):
        told.clear()


def enabled(account: str, region: str) -> bool:
    return region in REGIONS or region == opted_in.get(account)


def list_regions(self) -> str:
    """account:ListRegions with its filter. Reference: Account Management, ListRegions. moto: 404."""
    wanted = self._get_param("RegionOptStatusContains") or ["ENABLED_BY_DEFAULT", "DISABLED"]
    status = {True: "ENABLED_BY_DEFAULT", False: "DISABLED"}
    rows = [(r, status[enabled(self.current_account, r)]) for r in (*REGIONS, *set(opted_in.values()))]
    rows = [(region, opt) for region, opt in rows if opt in wanted]
    return json.dumps({"Regions": [{"RegionName": r, "RegionOptStatus": o} for r, o in rows]})


def get_bucket_versioning(self):
    """Root element VersioningConfiguration, with MFA Delete. Reference: S3, GetBucketVersioning.
    moto: GetBucketVersioningResponse, which the Rust SDK refuses; MFA Delete is dropped."""
    status = self.backend.get_bucket_versioning(self.bucket_name)
    inner = f"<Status>{status}</Status>" if status else ""
    if mfa := mfa_delete.get(self.bucket_name):
        inner += f"<MfaDelete>{mfa}</MfaDelete>"
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return 200, {}, f'<VersioningConfiguration xmlns="{space}">{inner}</VersioningConfiguration>'


mfa_delete: dict[str, str] = {}  # bucket: `Enabled` or `Disabled`, as it was put


def bucket_response_put(self, request, bucket_name, querystring):
    """Keeps what PutBucketVersioning says of MFA Delete. Reference: S3, PutBucketVersioning. moto: dropped."""
    if "versioning" in querystring:
        said = re.search(r"<MfaDelete>(Enabled|Disabled)</MfaDelete>", self.body.decode())
        if said:
            mfa_delete[bucket_name] = said.group(1)
    return _bucket_response_put(self, request, bucket_name, querystring)


root_access: set[str] = set()  # features of centralized root access


class NotTheManagementAccount(ServiceException):
    code = "AccountNotManagementOrDelegatedAdministratorException"


class NoTrustedAccess(ServiceException):
    code = "ServiceAccessNotEnabledException"


def list_organizations_features(self):
    """What the scenario has turned on in `root_access`. Reference: IAM, ListOrganizationsFeatures, and its error
    where IAM has no trusted access. moto: 500."""
    organization = organizations_backends[self.current_account][self.partition].org
    if not organization:
        raise NotTheManagementAccount("not the management account")
    if not root_access:
        raise NoTrustedAccess("no trusted access")
    return ActionResult({"OrganizationId": organization.id, "EnabledFeatures": sorted(root_access)})


def get_bucket_encryption(self):
    """A bucket without its own setting is encrypted with AES256 (S3 User Guide, "default encryption",
    since January 2023). moto: ServerSideEncryptionConfigurationNotFoundError."""
    rule = (self.backend.get_bucket_encryption(self.bucket_name) or {}).get("Rule", {})
    default = rule.get("ApplyServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"})
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in default.items())
    inner = f"<ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"
    if bucket_key := rule.get("BucketKeyEnabled"):
        inner += f"<BucketKeyEnabled>{str(bucket_key).lower()}</BucketKeyEnabled>"
    root = "ServerSideEncryptionConfiguration"
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return 200, {}, f'<{root} xmlns="{space}"><Rule>{inner}</Rule></{root}>'


def get_object_lock_configuration(self):
    """Days or years, never both. Reference: S3, DefaultRetention. moto: `Days: 0` beside `Years: 7`."""
    on, mode, days, years = self.backend.get_object_lock_configuration(self.bucket_name)
    period = f"<Years>{years}</Years>" if years else f"<Days>{days}</Days>"
    rule = f"<Rule><DefaultRetention><Mode>{mode}</Mode>{period}</DefaultRetention></Rule>"
    lock = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>" if on else ""
    root, space = "ObjectLockConfiguration", "http://s3.amazonaws.com/doc/2006-03-01/"
    return 200, {}, f'<{root} xmlns="{space}">{lock}{rule if mode else ""}</{root}>'


def key_response_get(self, query, key_name):
    """GetObjectRetention, of an object without one as well. Reference: S3, GetObjectRetention and its errors.
    moto: 500."""
    if "retention" not in query:
        return _key_response_get(self, query, key_name)
    key, _ = self._get_key()
    if not key.lock_mode:
        code = "NoSuchObjectLockConfiguration"
        return 404, {}, f"<Error><Code>{code}</Code><Message>The object has no lock</Message></Error>"
    inner = f"<Mode>{key.lock_mode}</Mode><RetainUntilDate>{key.lock_until}</RetainUntilDate>"
    return 200, {}, f'<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</Retention>'


def get_bucket_notification(self):
    """Reference: S3, GetBucketNotificationConfiguration. moto: a root of another name, which SDKs refuse."""
    status, headers, body = _get_bucket_notification(self)
    text = body.decode() if isinstance(body, bytes) else body
    return status, headers, text.replace("GetBucketNotificationResponse", "NotificationConfiguration")


def get_bucket_replication(self):
    """The rules as they were put. Reference: S3, ReplicationRule. moto: every filter becomes "all"."""
    said = self.backend.get_bucket_replication(self.bucket_name)
    if not said:
        raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
    rules = said["Rule"] if isinstance(said["Rule"], list) else [said["Rule"]]
    inner = "".join(f"<Rule>{_xml(rule)}</Rule>" for rule in rules)
    root, space = "ReplicationConfiguration", "http://s3.amazonaws.com/doc/2006-03-01/"
    return 200, {}, f'<{root} xmlns="{space}"><Role>{said["Role"]}</Role>{inner}</{root}>'


def _xml(fields) -> str:
    """What moto has read from XML, as XML again."""
    if not isinstance(fields, dict):
        return "" if fields is None else str(fields)
    kept = {name: value for name, value in fields.items() if not name.startswith("@")}
    return "".join(f"<{name}>{_xml(value)}</{name}>" for name, value in kept.items())


def aws_managed_policies(self) -> list:
    """Two of AWS's own policies in every account. moto: none, or all of them, which is slow."""
    made = (self.account_id, self.region_name)
    return [AWSManagedPolicy.from_data(name, *made, _documents[name]) for name in AWS_POLICIES]


def get_key_rotation_status(self, key_id: str) -> bool:
    """AWS-managed keys are rotated every year, and say so (KMS Developer Guide, "Rotate AWS KMS keys").
    moto: false."""
    managed = self.keys[self.get_key_id(key_id)].key_manager == "AWS"
    return managed or _key_rotation(self, key_id)


def organizations_call(self):
    """Members may only describe their organization and leave it; all else is for the management account
    and delegated administrators. Reference: Organizations, ListAccounts. moto: an empty list."""
    backend = organizations_backends[self.current_account][self.partition]
    member = not backend.org and self.current_account in organizations_backends.master_accounts
    if member and self._get_action() != "DescribeOrganization":
        message = "You don't have permissions to access this resource."
        error = JsonRESTError("AccessDeniedException", message)
        headers, body = self._enrich_response(self.response_headers, error.description)
        return error.code, headers, body
    if self._get_action() == "DescribeResourcePolicy":
        # Organizations has none unless it was put. Reference: DescribeResourcePolicy, its errors. moto: 500.
        error = JsonRESTError("ResourcePolicyNotFoundException", "We can't find a resource policy.")
        headers, body = self._enrich_response(self.response_headers, error.description)
        return error.code, headers, body
    return _organizations_dispatch(self)


def _patches():
    replaced = [
        (CloudTrailBackend, "describe_trails", cloudtrail.describe_trails),
        (CloudTrailBackend, "get_trail", cloudtrail.get_trail),
        (CloudTrailBackend, "get_trail_status", cloudtrail.get_trail_status),
        (CloudTrailResponse, "get_event_selectors", cloudtrail.get_event_selectors),
        (CloudTrailResponse, "get_insight_selectors", cloudtrail.get_insight_selectors),
        (Trail, "check_bucket_exists", cloudtrail.check_bucket_exists),
        (Trail, "description", cloudtrail.description),
        (Trail, "put_event_selectors", cloudtrail.put_event_selectors),
        (TrailStatus, "description", cloudtrail.status_description),
        (S3Response, "get_bucket_versioning", get_bucket_versioning),
        (S3Response, "get_bucket_encryption", get_bucket_encryption),
        (S3Response, "get_bucket_notification", get_bucket_notification),
        (S3Response, "get_bucket_replication", get_bucket_replication),
        (S3Response, "_key_response_get", key_response_get),
        (S3Response, "_bucket_response_put", bucket_response_put),
        (S3Response, "get_object_lock_configuration", get_object_lock_configuration),
        (IAMBackend, "_init_aws_policies", aws_managed_policies),
        (KmsBackend, "get_key_rotation_status", get_key_rotation_status),
        (OrganizationsResponse, "call_action", organizations_call),
    ]
    for owner, name, new in replaced:
        yield patch.object(owner, name, new)
    for name, answer in cloudtrail.MISSING.items():
        yield patch.object(CloudTrailResponse, name, answer, create=True)
    yield patch.object(AccountResponse, "list_regions", list_regions, create=True)
    yield patch.object(IamResponse, "list_organizations_features", list_organizations_features, create=True)
    yield patch.dict(account_paths, {"{0}/listRegions$": AccountResponse.dispatch})
    # Buckets of other accounts are closed (S3 User Guide, "cross-account bucket permissions"). moto: open.
    yield patch("moto.s3.models.s3_allow_crossdomain_access", lambda: False)
    # CloudTrail takes a delegated administrator (its User Guide, "organization delegated administrator").
    known = [*FakeDelegatedAdministrator.SUPPORTED_SERVICES, "cloudtrail.amazonaws.com"]
    yield patch.object(FakeDelegatedAdministrator, "SUPPORTED_SERVICES", known)


PATCHES = list(_patches())


def apply() -> None:
    for each in PATCHES:
        each.start()


def lift() -> None:
    for each in reversed(PATCHES):
        each.stop()
