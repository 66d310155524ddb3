"""Is it OSCAL? compliance-trestle says. The Python package jsonschema cannot: it refuses the schema's regexes."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TRESTLE = Path(sys.executable).parent / "trestle"


def problems(path: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as home:
        _trestle(home, "init", "--local")
        name = "assessment-results/told/assessment-results.json"
        place = Path(home, name)
        place.parent.mkdir(parents=True)
        place.write_bytes(path.read_bytes())
        done = _trestle(home, "validate", "-f", name)
    if done.returncode == 0 and "VALID" in done.stdout and "INVALID" not in done.stdout:
        return []
    return [f"trestle: exit code {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}"]


def _trestle(home: str, *arguments: str):
    return subprocess.run([TRESTLE, *arguments], cwd=home, capture_output=True, text=True, timeout=120)


def result(path: Path) -> dict:
    (only,) = json.loads(path.read_text("utf-8"))["assessment-results"]["results"]
    return only


def prop(of: dict, name: str) -> str | None:
    return next((prop["value"] for prop in of["props"] if prop["name"] == name), None)


def totals(path: Path) -> dict:
    """Counted from observations and risks."""
    told = result(path)
    status = [prop(observation, "status") for observation in told["observations"]]
    waived = [risk for risk in told["risks"] if risk["status"] == "deviation-approved"]
    return {
        "pass": status.count("pass"),
        "fail": status.count("fail"),
        "waived": len(waived),
        "unknown": status.count("unknown"),
        "not_applicable": status.count("not_applicable"),
    }
