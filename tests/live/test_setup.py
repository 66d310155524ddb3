"""The first hour, as docs/setup.md has it: each of its commands, in order, against the emulator; and a scan without a role."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from harness import tool

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs/setup.md"


def lines() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def place(org, tmp_path):
    """A folder with what the page names, `trailaudit` and `aws` on the path, and the credentials of the management account."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/trailaudit").symlink_to(Path(tool.binary()).absolute())
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{org.management}:root"}}
    (tmp_path / "trust.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    client = org.client("s3")
    client.create_bucket(Bucket=f"trailaudit-audits-{org.management}", ObjectLockEnabledForBucket=True)
    # It lets CloudTrail alone write, and the emulator does not read its conditions.
    org.client("s3", org.archive).delete_bucket_policy(Bucket="org-trail-logs")
    return tmp_path


def run(place, org, emulator, line: str) -> subprocess.CompletedProcess:
    line = line.replace("111111111111", org.management).replace("r-abcd", org.root)
    if "--approve RUN" in line:
        line = line.replace("RUN", json.loads((place / "audits/latest.json").read_text())["run"])
    path = f"{place / 'bin'}:{ROOT / 'target/venv/bin'}:{os.environ['PATH']}"
    variables = {**tool.environment(place, **tool.credentials(emulator.url)), "PATH": path, "AWS_DEFAULT_REGION": "us-east-1"}
    return subprocess.run(["bash", "-c", line], cwd=place, env=variables, capture_output=True, text=True, timeout=170)


def test_every_command_in_its_order(org, emulator, place):
    made = lines()
    assert len(made) > 12
    for line in made:
        if "cloudformation deploy" in line:
            continue  # test_stack.py deploys it
        done = run(place, org, emulator, line)
        # Nothing was ever delivered in the emulator: the scans find that, and say so.
        expected = (1, 3) if re.match(r"trailaudit (scan|nightly --store \S+ (--object|--role))", line) else (0,)
        assert done.returncode in expected, f"{line}\n{done.stderr}"
    # What the page says is there.
    assert (place / "trailaudit.toml").exists()
    assert "bucket-mfa-delete" in (place / "trailaudit-waivers.toml").read_text()
    assert json.loads((place / "audits/approved.json").read_text())["approver"] == "security@example.com"
    for name in ("inventory.jsonl.zst", "audit.json.zst", "report.html", "evidence.tar.zst", "night.json"):
        assert list((place / "audits/audits").rglob(name)), name
    template = (place / "trailaudit-role.yaml").read_text()
    assert "s3:GetObject" in template and "sts:AssumeRole" in template
    given = org.client("iam").get_role_policy(RoleName="trailaudit-auditor", PolicyName="trailaudit")
    assert given["PolicyDocument"] == json.loads((place / "trailaudit-policy.json").read_text())


def test_a_scan_without_a_role_says_so_at_once(org, emulator, tmp_path):
    done = tool.run(tmp_path, "scan", "-f", "text", "-f", "json=audit.json", **tool.credentials(emulator.url))
    assert done.code in (1, 3)
    said = f"{len(org.members)} of {len(org.accounts)} accounts"
    # Before anything else.
    assert done.err.splitlines()[0].startswith(f"warning: {said} will not be scanned")
    first = done.json()["do_first"][0]
    assert (first["check"], first["accounts"]) == ("accounts-not-scanned", len(org.members))
    assert first["subjects"] == sorted(org.members)
    text = re.sub(r"\s+", " ", done.out)
    assert f"DO FIRST 1. HIGH accounts-not-scanned ({len(org.members)} accounts) {said} were not scanned" in text


def test_with_a_role_nothing_is_said(org, emulator, tmp_path):
    checks = ("--check", "trail-multi-region")
    done = tool.run(tmp_path, "scan", "--role-name", tool.ROLE, *checks, "-f", "json=audit.json", **tool.credentials(emulator.url))
    assert "will not be scanned" not in done.err
    assert all(it["check"] != "accounts-not-scanned" for it in done.json()["do_first"])
    # Nor of accounts that were left out by choice.
    chosen = ("--accounts", org.management)
    done = tool.run(tmp_path, "scan", *chosen, *checks, "-f", "json=audit.json", **tool.credentials(emulator.url))
    assert "will not be scanned" not in done.err
