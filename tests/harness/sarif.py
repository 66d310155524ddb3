"""Is a SARIF file valid, and would GitHub take it? Each function returns what is wrong, as lines."""

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

from jsonschema import Draft4Validator

TESTS = Path(__file__).parent.parent
MULTITOOL = TESTS.parent / "target/sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
SCHEMA = Draft4Validator(json.loads((TESTS / "data/schemas/sarif-schema-2.1.0.json").read_text()))
URI = re.compile(r"[A-Za-z0-9._~/%-]+")
REGION = ("startLine", "startColumn", "endLine", "endColumn")


def problems(path: Path) -> list[str]:
    return schema(path) + github(path) + limits(path)


def schema(path: Path) -> list[str]:
    """The OASIS schema."""
    errors = SCHEMA.iter_errors(json.loads(path.read_text("utf-8")))
    return [f"schema: {e.json_path}: {e.message[:200]}" for e in errors]


def github(path: Path) -> list[str]:
    """The rules of the multitool for GitHub. It exits with 0 whatever it finds, and crashes on some files:
    what counts is its own report, which starts with a byte order mark."""
    report = path.with_suffix(".multitool.sarif")
    rules = ["-c", str(TESTS / "data/github-rules.xml"), "--rule-kind", "Sarif;Ghas"]
    output = ["--level", "Error;Warning;Note", "--output", str(report), "--log", "ForceOverwrite"]
    command = [str(MULTITOOL), "validate", str(path), *rules, *output]
    # Without ICU, which a plain Debian has not.
    plain = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, env=plain)
    if run.returncode != 0 or not report.exists():
        return [f"multitool: exit code {run.returncode}: {run.stdout[-300:]}{run.stderr[-300:]}"]
    (told,) = json.loads(report.read_text("utf-8-sig"))["runs"]
    notes = [n for i in told.get("invocations", []) for n in i.get("toolExecutionNotifications", [])]
    found = [r for r in told.get("results", []) if r.get("level", "warning") == "error"]
    found += [n for n in notes if n.get("level") == "error"]
    return [f"multitool: {r.get('ruleId')}: {json.dumps(r['message'])[:300]}" for r in found]


def limits(path: Path) -> list[str]:
    """What GitHub's documentation demands and the multitool does not ask."""
    wrong = []
    runs = json.loads(path.read_text("utf-8"))["runs"]
    if len(runs) != 1:
        return [f"limits: {len(runs)} runs, one is wanted"]
    (run,) = runs
    results, rules = run.get("results", []), run["tool"]["driver"]["rules"]
    if len(gzip.compress(path.read_bytes())) > 10_000_000:
        wrong.append("limits: over 10 MB when compressed")
    if len(results) > 5_000:
        wrong.append(f"limits: {len(results)} results, 5,000 are kept")
    for rule in rules:
        wrong += [f"rule {rule['id']}: {text}" for text in _rule(rule)]
    known = {rule["id"] for rule in rules}
    for index, result in enumerate(results):
        wrong += [f"result {index}: {text}" for text in _result(result, known)]
    prints = [json.dumps(r.get("partialFingerprints"), sort_keys=True) for r in results]
    if len(set(prints)) != len(prints):
        wrong.append("limits: two results with the same fingerprint are one alert")
    if not run.get("automationDetails", {}).get("id", "").count("/"):
        wrong.append("automationDetails.id has no category")
    return wrong


def _rule(rule: dict):
    for name in ("shortDescription", "fullDescription", "help"):
        text = rule.get(name, {}).get("text", "")
        if not text or (name != "help" and len(text) > 1024):
            yield f"{name} has {len(text)} characters"
    properties = rule.get("properties", {})
    if len(properties.get("tags", [])) > 10:
        yield "more than 10 tags"
    severity = properties.get("security-severity")
    if severity is not None and not (isinstance(severity, str) and 0 < float(severity) <= 10):
        yield f"security-severity {severity!r}"


def _result(result: dict, known: set):
    if result.get("ruleId") not in known:
        yield f"unknown rule {result.get('ruleId')}"
    if not result.get("message", {}).get("text"):
        yield "no message"
    if not result.get("partialFingerprints", {}).get("primaryLocationLineHash"):
        yield "no primaryLocationLineHash"
    # A file for GitHub has neither passes nor waivers: it would show them as open alerts.
    if result.get("kind", "fail") != "fail" or result.get("suppressions"):
        yield "would be an open alert for something that did not fail"
    for location in result.get("locations", []) or [{}]:
        place = location.get("physicalLocation", {})
        uri = place.get("artifactLocation", {}).get("uri", "")
        if not URI.fullmatch(uri) or uri.startswith("/"):
            yield f"uri {uri!r}"
        if any(not place.get("region", {}).get(name) for name in REGION):
            yield "region is not full"
