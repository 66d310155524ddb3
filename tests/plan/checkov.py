#!/usr/bin/env python3
"""Checkov (PyPI) and trailaudit on the same plans, as a table: `checkov.py BINARY FOLDER`.

The folder holds plans as `terraform show -json` writes them, by the names below: `honest.py` keeps its own with
`TRAILAUDIT_PLANS=FOLDER`. (The plans of the tests are cut down to what trailaudit reads; Checkov sees no resources in them.)
What is true follows from the change.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target" / "plan-tools" / "checkov"
# The plan, what is true of it, and the checks of either that are about it.
CASES = [
    (
        "create",
        "the bucket policy is not in the plan; it denies no plain HTTP",
        ["CKV_AWS_93", "CKV_AWS_70"],
        ["bucket-tls-only", "bucket-policy-admits-cloudtrail"],
    ),
    ("validation-off", "log file validation is switched off", ["CKV_AWS_36"], ["trail-log-file-validation"]),
    ("public-block-off", "Block Public Access of the log bucket is removed", ["CKV_AWS_53", "CKV2_AWS_6"], ["bucket-public-access-block"]),
    ("no-trail", "the only trail is deleted", ["CKV_AWS_36", "CKV_AWS_67"], ["plan-deletes-logging"]),
    ("open-to-all", "the bucket policy lets everyone read", ["CKV_AWS_70", "CKV_AWS_93"], ["bucket-policy-cross-account"]),
    ("delete-trail", "the only trail is deleted", ["CKV_AWS_36", "CKV_AWS_67"], ["plan-deletes-logging"]),
    ("split-delete-module", "the trail and its key are deleted", ["CKV_AWS_36", "CKV_AWS_67"], ["plan-deletes-logging"]),
    (
        "split-create",
        "the bucket is locked for 400 days in COMPLIANCE mode",
        ["CKV_AWS_143", "CKV_AWS_21"],
        ["bucket-object-lock-compliance-mode", "bucket-versioning"],
    ),
    ("split-public", "Block Public Access of the log bucket is switched off", ["CKV_AWS_53", "CKV_AWS_54"], ["bucket-public-access-block"]),
    ("split-forget-versioning", "Terraform forgets the versioning of the log bucket", ["CKV_AWS_21"], ["plan-releases-protection"]),
    ("no-op", "nothing changes", [], ["plan-deletes-logging"]),
]


def checkov() -> Path:
    binary = TOOLS / "bin" / "checkov"
    if not binary.exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
        subprocess.run([TOOLS / "bin" / "pip", "install", "--quiet", "checkov"], check=True)
    return binary


def peer(path: Path) -> dict[str, list[str]]:
    command = [checkov(), "-f", path, "--framework", "terraform_plan", "-o", "json", "--compact", "--skip-download"]
    found: dict[str, list[str]] = {}
    results = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    results = results[0] if isinstance(results, list) else results
    for status in ("passed", "failed"):
        for it in results.get("results", {}).get(f"{status}_checks", []):
            found.setdefault(it["check_id"], []).append(status.removesuffix("ed"))
    return found


def ours(path: Path, binary: str) -> tuple[int, dict[str, list[str]]]:
    done = subprocess.run([binary, "plan", path, "-q", "-f", "json"], capture_output=True, text=True, check=False)
    found: dict[str, list[str]] = {}
    for it in json.loads(done.stdout)["findings"]:
        found.setdefault(it["check"], []).append(it["status"])
    return done.returncode, found


def told(found: dict[str, list[str]], checks: list[str]) -> str:
    return "; ".join(f"`{check}` {', '.join(sorted(set(found.get(check, ['not reported']))))}" for check in checks)


def main() -> None:
    binary = sys.argv[1]
    version = subprocess.run([checkov(), "--version"], capture_output=True, text=True, check=False).stdout.strip()
    print(f"| plan | what is true | Checkov {version} | trailaudit |\n| --- | --- | --- | --- |")
    for name, truth, theirs, own in CASES:
        path = Path(sys.argv[2]) / f"{name}.json"
        if not path.exists():
            continue
        they, (code, we) = peer(path), ours(path, binary)
        failed = sum(it.count("fail") for it in they.values())
        passed = sum(it.count("pass") for it in they.values())
        counts = f"{failed} fail, {passed} pass"
        their = f"{counts}; {told(they, theirs)}" if theirs else counts
        print(f"| {name} | {truth} | {their} | exit {code}; {told(we, own)} |")


if __name__ == "__main__":
    main()
