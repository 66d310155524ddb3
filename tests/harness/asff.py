"""Would Security Hub take these requests? botocore knows fields and types, not words and lengths: those are here."""

import json
import re
from pathlib import Path

from botocore.session import Session
from botocore.validate import ParamValidator

INPUT = Session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape
# From the documentation of AwsSecurityFinding: where, and how many characters.
LENGTHS = {
    "Title": 256,
    "Description": 1024,
    "Id": 512,
    "GeneratorId": 512,
    "ProductName": 128,
    "CompanyName": 128,
    "AwsAccountName": 50,
    "Region": 16,
}
ARN = re.compile(r"arn:(aws[a-z-]*):securityhub:([a-z0-9-]+):(\d{12}):product/\3/default")


def requests(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def findings(path: Path) -> list[dict]:
    return [finding for request in requests(path) for finding in request["Findings"]]


def problems(path: Path) -> list[str]:
    wrong = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        request = json.loads(line)
        report = ParamValidator().validate(request, INPUT)
        wrong += [f"line {number}: {report.generate_report()}"] if report.has_errors() else []
        wrong += [f"line {number}: {text}" for text in _words(request, INPUT)]
        if len(request["Findings"]) > 100 or len(line.encode()) > 6_000_000:
            wrong.append(f"line {number}: too large a batch")
        if len({finding.get("ProductArn") for finding in request["Findings"]}) > 1:
            wrong.append(f"line {number}: of more than one account and region")
        for finding in request["Findings"]:
            wrong += [f"line {number}: {text}" for text in _limits(finding)]
    ids = [finding.get("Id") for finding in findings(path)]
    if len(set(ids)) != len(ids):
        wrong.append("two findings with the same id")
    return wrong


def _words(value, shape):
    """Words that are not in the API's list, and empty texts."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            if name in shape.members:
                yield from _words(inner, shape.members[name])
    elif shape.type_name == "list":
        for inner in value:
            yield from _words(inner, shape.member)
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{shape.name}: {value!r}"
        if not value.strip():
            yield f"{shape.name} is empty"


def _limits(finding: dict):
    for name, length in LENGTHS.items():
        if len(finding.get(name, "")) > length:
            yield f"{name} has {len(finding[name])} characters"
    advice = finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "")
    if len(advice) > 512:
        yield f"Recommendation.Text has {len(advice)} characters"
    fields = finding.get("ProductFields", {})
    if len(fields) > 50 or any(len(k) > 128 or len(v) > 2048 for k, v in fields.items()):
        yield "ProductFields"
    if len(finding.get("Compliance", {}).get("RelatedRequirements", [])) > 32:
        yield "RelatedRequirements"
    if len(finding.get("Types", [])) > 50 or len(finding.get("Resources", [])) > 32:
        yield "Types or Resources"
    if len(json.dumps(finding, ensure_ascii=False).encode()) > 240_000:
        yield "over 240 KB"
    arn = ARN.fullmatch(finding.get("ProductArn", ""))
    if not arn or arn[2] != finding.get("Region") or arn[3] != finding.get("AwsAccountId"):
        yield f"ProductArn {finding.get('ProductArn')!r} is not of the finding's account and region"


def totals(path: Path) -> dict:
    """Counted from the findings, not from the last one, which says them."""
    *told, _ = findings(path)
    status = [finding["Compliance"]["Status"] for finding in told]
    return {
        "pass": status.count("PASSED"),
        "fail": status.count("FAILED"),
        "waived": sum("trailaudit/Waiver" in finding["ProductFields"] for finding in told),
        "unknown": status.count("WARNING"),
        "not_applicable": status.count("NOT_AVAILABLE"),
    }
