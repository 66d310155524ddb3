"""The scripts under `benches/` still run, and find what they should. Small inputs: nothing is measured here."""

import os
import subprocess
import sys
from pathlib import Path

from harness import tool

BENCHES = Path(__file__).parent.parent.parent / "benches"


def bench(script: str, *arguments: str) -> str:
    command = [sys.executable, BENCHES / script, *arguments]
    environment = {**os.environ, "TRAILAUDIT_BIN": tool.binary()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_access():
    """The planted truth: 20 who can, and 24 who only seem to."""
    told = bench("access.py", tool.binary(), "--roles", "60", "--users", "10", "--accounts", "2", "--no-peer")
    assert "20/20 found    0/24 decoys accused   0 others accused" in told
    assert "2 accounts of 100 roles" in told and told.rstrip().endswith("right")


def test_filters():
    """Every published set in every spelling is found covered, and every list that lacks a name is not."""
    told = bench("filters.py", tool.binary(), "--accounts", "20")
    rows = told.splitlines()[1:]
    assert len(rows) == 4 * 5 + 3, told
    assert all("  right (" in row for row in rows), told


def test_scan():
    told = bench("scan.py", "--accounts", "6", "--delay", "0", "--runs", "1", "--judge", "--", "--check", "trail-*")
    assert "6 accounts, 102 pairs of account and region" in told
    assert "6 accounts seen in full" in told and "judging alone" in told


def test_formats():
    told = bench("formats.py", "--findings", "300", "--accounts", "3")
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 10, told


def test_shapes():
    """Both sides are one binary: what it finds differs from itself in nothing, whatever the shape."""
    told = bench("shapes.py", tool.binary(), tool.binary(), "--part", "25")
    rows = told.splitlines()[2:]
    assert len(rows) == 15, told
    assert all(row.endswith("| 0 |") for row in rows), told
