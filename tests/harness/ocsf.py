"""Is a file of OCSF events valid? By the projection of the schema, and by the models that other tools load it with."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from pydantic import ValidationError

DATA = Path(__file__).parent.parent.parent / "reports/tests/data"
SCHEMA = Draft202012Validator(json.loads((DATA / "ocsf-compliance_finding-1.8.0.schema.json").read_text()))


def events(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def problems(path: Path) -> list[str]:
    wrong = []
    for number, event in enumerate(events(path), 1):
        wrong += [f"line {number}: {e.json_path}: {e.message[:200]}" for e in SCHEMA.iter_errors(event)]
        try:
            ComplianceFinding.model_validate(event)
        except ValidationError as error:
            wrong += [f"line {number}: py-ocsf-models: {e['loc']}: {e['msg']}" for e in error.errors()]
        if event.get("time", 0) < 10**12:
            wrong.append(f"line {number}: time is not in milliseconds")
        if event.get("type_uid") != event.get("class_uid", 0) * 100 + event.get("activity_id", 0):
            wrong.append(f"line {number}: type_uid")
    return wrong


def totals(path: Path) -> dict:
    """Counted from the events, not from the last one, which says them."""
    *findings, _ = events(path)
    status = [event["compliance"]["status_id"] for event in findings]
    waived = [event for event in findings if event["compliance"]["status_id"] == 3 and event["status_id"] == 3]
    return {
        "pass": status.count(1),
        "fail": status.count(3),
        "waived": len(waived),
        "unknown": status.count(2),
        "not_applicable": status.count(99),
    }
