"""Is a file of OCSF events valid? By the projection of the schema, by the schema's own classes and captions, and by the
models that other tools load it with."""

import ipaddress
import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.events.findings.detection_finding import DetectionFinding
from pydantic import ValidationError

VERSION = "1.8.0"
COMPLIANCE, DETECTION, ACTIVITY = 2003, 2004, 6003
DATA = Path(__file__).parent.parent.parent / "reports/tests/data"
PROJECTION = Draft202012Validator(json.loads((DATA / f"ocsf-compliance_finding-{VERSION}.schema.json").read_text()))
MODELS = {COMPLIANCE: ComplianceFinding, DETECTION: DetectionFinding}


@cache
def schema() -> dict:
    return get_ocsf_schema(version=VERSION)


@cache
def validator(number: int, profiles: tuple) -> Draft202012Validator:
    classes = OcsfJsonSchemaEmbedded(schema())
    name = classes.lookup_class_name_from_uid(number)
    return Draft202012Validator(classes.get_class_schema(name, profiles=list(profiles)))


@cache
def entity(number: int) -> dict:
    return next(it for it in schema()["classes"].values() if it["uid"] == number)


def events(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def captions(value: dict, attributes: dict, at: str) -> list[str]:
    """The words beside a number are those of the schema, and addresses are addresses: JSON Schema does not ask."""
    wrong = []
    for name, member in value.items():
        attribute = attributes.get(name, {})
        known = attribute.get("enum", {}).get(str(member)) if isinstance(member, int) else None
        word = value.get(attribute.get("sibling", ""))
        if known and member != 99 and word is not None and word != known["caption"]:
            wrong.append(f"{at}.{name}: {member} is {known['caption']}, not {word}")
        if attribute.get("type") == "ip_t":
            try:
                ipaddress.ip_address(member)
            except ValueError:
                wrong.append(f"{at}.{name}: {member!r} is no address")
        below = schema()["objects"].get(attribute.get("object_type"), {}).get("attributes", {})
        for item in member if isinstance(member, list) else [member]:
            if isinstance(item, dict) and below:
                wrong += captions(item, below, f"{at}.{name}")
    return wrong


def problems_of(event: dict) -> list[str]:
    number = event.get("class_uid")
    if number not in (COMPLIANCE, DETECTION, ACTIVITY):
        return [f"class_uid: {number}"]
    profiles = tuple(event.get("metadata", {}).get("profiles", ()))
    found = list(validator(number, profiles).iter_errors(event))
    if number == COMPLIANCE:
        found += PROJECTION.iter_errors(event)
    wrong = [f"{it.json_path}: {it.message[:200]}" for it in found]
    if number in MODELS:
        try:
            MODELS[number].model_validate(event)
        except ValidationError as error:
            wrong += [f"py-ocsf-models: {it['loc']}: {it['msg']}" for it in error.errors()]
    wrong += captions(event, entity(number)["attributes"], "$")
    # The time of a record is what it says, and 0 where it says none.
    if number != ACTIVITY and event.get("time", 0) < 10**12:
        wrong.append("time is not in milliseconds")
    if event.get("type_uid") != number * 100 + event.get("activity_id", 0):
        wrong.append("type_uid")
    if event.get("category_uid") != number // 1000:
        wrong.append("category_uid")
    return wrong


def problems(path: Path) -> list[str]:
    return [f"line {number}: {it}" for number, event in enumerate(events(path), 1) for it in problems_of(event)]


def totals(path: Path) -> dict:
    """Counted from the events, not from the last one, which says them."""
    *findings, _ = events(path)
    detected = [event for event in findings if event["class_uid"] == DETECTION]
    findings = [event for event in findings if event["class_uid"] == COMPLIANCE]
    status = [event["compliance"]["status_id"] for event in findings]
    # A key event that was found fails; one that is suppressed was waived.
    waived = [event for event in findings if event["compliance"]["status_id"] == 3 and event["status_id"] == 3]
    waived += [event for event in detected if event["status_id"] == 3]
    return {
        "pass": status.count(1),
        "fail": status.count(3) + len(detected),
        "waived": len(waived),
        "unknown": status.count(2),
        "not_applicable": status.count(99),
    }
