"""Corrections to moto's CloudTrail. See corrections.py for how they are applied and what the words mean."""

import json

from moto.cloudtrail.exceptions import (
    JsonRESTError,
    S3BucketDoesNotExistException,
    TrailNameTooShort,
    TrailNotFoundException,
)
from moto.cloudtrail.models import Trail, TrailStatus, cloudtrail_backends
from moto.organizations.models import organizations_backends
from moto.s3.models import s3_backends

from emulator import lake

_description = Trail.description
_status = TrailStatus.description


def _own(account: str, region: str) -> list:
    """Trails of an account that exist in a region, as their own or as the shadow of a multi-region one."""
    found = [t for backend in cloudtrail_backends[account].values() for t in backend.trails.values()]
    return [t for t in found if t.is_multi_region or t.region_name == region]


def _of_organization(account: str, region: str) -> list:
    """Organization trails that a member sees."""
    management, _ = organizations_backends.master_accounts.get(account, (None, None))
    if management is None:
        return []
    return [t for t in _own(management, region) if t.is_org_trail]


def describe_trails(self, include_shadow_trails: bool) -> list:
    """Members see organization trails, as shadows. Reference: DescribeTrails, includeShadowTrails.
    moto: not at all."""
    own = _own(self.account_id, self.region_name)
    if include_shadow_trails:
        return own + _of_organization(self.account_id, self.region_name)
    return [t for t in own if t.region_name == self.region_name]


def get_trail(self, name_or_arn: str):
    """By name in its home region, by ARN wherever it is seen. Reference: GetTrail, GetEventSelectors.
    moto: TrailNotFoundException by ARN outside of the home region."""
    if len(name_or_arn) < 3:
        raise TrailNameTooShort(actual_length=len(name_or_arn))
    for trail in describe_trails(self, True):
        home = trail.region_name == self.region_name and trail.account_id == self.account_id
        if trail.arn == name_or_arn or (home and trail.trail_name == name_or_arn):
            return trail
    raise TrailNotFoundException(account_id=self.account_id, name=name_or_arn)


def get_trail_status(self, name: str):
    """A shadow answers to its ARN only, and for the region in which it is called. Reference: GetTrailStatus,
    "Returns a JSON-formatted list of information about the specified trail [..] in the current Region"; Name.
    moto: to its name as well, with the same answer everywhere."""
    status = get_trail(self, name).status
    there = getattr(status, "facts_in", {}).get(self.region_name)
    return Regional(status, there) if there else status


class Regional:
    """The status of a trail as one region reports it."""

    def __init__(self, status, there: dict):
        self.status, self.there = status, there

    def description(self) -> dict:
        return {**self.status.description(), **self.there}


def status_description(self) -> dict:
    """Delivery times and errors as the scenario set them in `facts`. Reference: GetTrailStatus.
    moto: no digest times, no errors, and a delivery time of now."""
    return {**_status(self), **getattr(self, "facts", {})}


def description(self, include_region: bool = False) -> dict:
    """Says whether selectors were put. Reference: Trail, HasCustomEventSelectors. moto: always false.
    Unset fields are absent, not null."""
    said = _description(self, include_region)
    said["HasCustomEventSelectors"] = bool(self.event_selectors or self.advanced_event_selectors)
    said["HasInsightSelectors"] = bool(self.insight_selectors)
    said["HomeRegion"] = self.region_name
    return {name: value for name, value in said.items() if value is not None}


def check_bucket_exists(self) -> None:
    """The bucket may be another account's; its policy decides. User Guide, "log files from multiple
    accounts". moto: it must be the trail's own account's."""
    if self.bucket_name not in s3_backends.bucket_accounts:
        raise S3BucketDoesNotExistException(f"S3 bucket {self.bucket_name} does not exist!")


def put_event_selectors(self, event_selectors, advanced_event_selectors) -> None:
    """One kind replaces the other. Reference: PutEventSelectors. moto: advanced ones stay."""
    self.event_selectors = event_selectors or []
    self.advanced_event_selectors = advanced_event_selectors or []


def get_event_selectors(self) -> str:
    """A trail that was never given selectors has one that records all management events. Reference:
    CloudTrail, EventSelector, its defaults. moto: two empty lists."""
    trail = self.cloudtrail_backend.get_trail(json.loads(self.body).get("TrailName"))
    if trail.advanced_event_selectors:
        said = {"AdvancedEventSelectors": trail.advanced_event_selectors}
    else:
        default = {"ReadWriteType": "All", "IncludeManagementEvents": True}
        lists = {"DataResources": [], "ExcludeManagementEventSources": []}
        said = {"EventSelectors": [{**default, **lists, **s} for s in trail.event_selectors or [{}]]}
    return json.dumps({"TrailARN": trail.arn, **said})


def get_insight_selectors(self) -> str:
    """Reference: GetInsightSelectors, InsightNotEnabledException. moto: 200 without selectors."""
    trail = self.cloudtrail_backend.get_trail(self._get_param("TrailName"))
    if not trail.insight_selectors:
        message = f"Trail {trail.arn} does not have Insights enabled."
        raise JsonRESTError("InsightNotEnabledException", message)
    return json.dumps({"TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors})


public_keys: dict = {}  # region: what ListPublicKeys answers there


def list_public_keys(self) -> str:
    return json.dumps(public_keys.get(self.region, {"PublicKeyList": []}))


# Lake, and the public keys that a scenario signs with. Reference: these operations. moto: HTML and 500.
MISSING = {**{it.__name__: it for it in lake.ANSWERS}, "list_public_keys": list_public_keys}


aggregations: dict[str, list[dict]] = {}  # trail ARN: what PutEventConfiguration would have set


def get_event_configuration(self) -> str:
    """Of a trail, its aggregations. Reference: GetEventConfiguration. moto: HTML and 500."""
    trail = self.cloudtrail_backend.get_trail(self._get_param("TrailName"))
    said = {"TrailARN": trail.arn, "AggregationConfigurations": aggregations.get(trail.arn, [])}
    return json.dumps(said)


MISSING["get_event_configuration"] = get_event_configuration


# Account and region: the events that a scenario says have happened there. No call of ours is in it.
history: dict[tuple[str, str], list[dict]] = {}


def lookup_events(self) -> str:
    """Event history, by name and time, the latest first, 50 at the most. Reference: LookupEvents.
    moto: HTML and 500."""
    body = json.loads(self.body)
    wanted = {a["AttributeKey"]: a["AttributeValue"] for a in body.get("LookupAttributes", [])}
    found = [
        event
        for event in history.get((self.current_account, self.region), [])
        if event["EventName"] == wanted.get("EventName", event["EventName"])
        and body.get("StartTime", 0) <= event["EventTime"] <= body.get("EndTime", float("inf"))
    ]
    found.sort(key=lambda event: -event["EventTime"])
    start, size = int(body.get("NextToken") or 0), min(body.get("MaxResults", 50), 50)
    said = {"Events": found[start : start + size]}
    if len(found) > start + size:
        said["NextToken"] = str(start + size)
    return json.dumps(said)


MISSING["lookup_events"] = lookup_events
