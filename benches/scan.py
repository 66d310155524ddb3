#!/usr/bin/env python3
"""`trailaudit scan` of many accounts x 17 regions, each request answered 30 ms late.

    target/venv/bin/python benches/scan.py [--accounts 10] [--runs 3] [--prowler PATH] [-- more arguments of scan]

Prints wall time, peak memory, requests, findings. With `--prowler` its CloudTrail checks run on the same
answers, account by account as it works.
"""

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from many_accounts import ROLE, ManyAccounts

BINARY = os.environ.get("TRAILAUDIT_BIN") or Path(__file__).resolve().parent.parent / "target/release/trailaudit"


def main() -> None:
    own, more = split(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=10)
    parser.add_argument("--delay", type=float, default=0.03, metavar="SECONDS")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--judge", action="store_true", help="measure judging alone, too: a saved inventory")
    parser.add_argument("--prowler", help="its command, to compare with")
    options = parser.parse_args(own)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ManyAccounts(options.accounts, options.delay) as cloud, tempfile.TemporaryDirectory() as folder:
        # One run that is not counted: the emulator behind answers each question for the first time.
        scan(cloud, folder, more)
        runs = [scan(cloud, folder, more) for _ in range(options.runs)]
        seconds = statistics.median(it["seconds"] for it in runs)
        told = runs[0]
        assert all(it["findings"] == told["findings"] for it in runs), "the runs differ"
        print(f"trailaudit: {options.accounts} accounts, {told['regions']} pairs of account and region")
        print(f"  median of {options.runs} runs {seconds:.2f} s, at most {max(it['mib'] for it in runs):.0f} MiB")
        print(f"  {told['requests']} requests, {told['requests'] / told['regions']:.2f} per account and region")
        print(f"  exit {told['code']}, {told['findings']} findings; {told['accounts']} accounts seen in full")
        if options.judge:
            judge(cloud, folder, options.runs)
        if options.prowler:
            other, requests, checks = prowler(cloud, options.prowler, folder)
            print(f"prowler: {other:.2f} s for {len(cloud.accounts)} accounts one after the other")
            print(f"  {requests} requests, {checks} findings")
            print(f"  trailaudit is {other / seconds:.0f} times as fast")


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def scan(cloud: ManyAccounts, folder: str, more: list[str]) -> dict:
    cloud.seen.clear()
    environment = {"AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": "us-east-1"}
    environment |= cloud.session_of(cloud.org.management)
    told = run(folder, ["--role-name", ROLE, *more], environment)
    return told | {"requests": sum(cloud.seen.values())}


def judge(cloud: ManyAccounts, folder: str, runs: int) -> None:
    """All checks but those on access, on what was collected before."""
    saved = str(Path(folder) / "saved.jsonl")
    scan(cloud, folder, ["--save-inventory", saved])
    told = [run(folder, ["--inventory", saved, "--skip-check", "access-*"], {}) for _ in range(runs)]
    assert all(it["findings"] == told[0]["findings"] for it in told), "the runs differ"
    seconds = statistics.median(it["seconds"] for it in told)
    print(f"judging alone: {told[0]['findings']} findings in {seconds:.2f} s, reading and writing included")
    print(f"  {Path(saved).stat().st_size / 2**20:.0f} MiB read, at most {max(it['mib'] for it in told):.0f} MiB")


def run(folder: str, arguments: list[str], environment: dict) -> dict:
    """One run of the binary, and what it said."""
    out = Path(folder) / "audit.json"
    out.unlink(missing_ok=True)
    command = [str(BINARY), "scan", "-f", f"json={out}", *arguments]
    start = time.monotonic()
    child = subprocess.Popen(command, env={"PATH": "/usr/bin:/bin", **environment}, stderr=subprocess.DEVNULL)
    peak = 0
    while child.poll() is None:
        peak = max(peak, high_water(child.pid))
        time.sleep(0.005)
    seconds = time.monotonic() - start
    if not out.exists():
        sys.exit(f"{command} ended with {child.returncode}")
    audit = json.loads(out.read_bytes())
    return {
        "seconds": seconds,
        "mib": peak / 1024,
        "code": child.returncode,
        "accounts": sum(it["status"] == "assessed" for it in audit["coverage"]["accounts"]),
        "regions": len(audit["coverage"]["regions"]),
        "findings": len(audit["findings"]),
    }


def high_water(process: int) -> int:
    """The most memory that the process has had so far, in KiB. The rusage of a child is no measure: it begins
    with the memory of this process, from before the child's program was loaded."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def prowler(cloud: ManyAccounts, command: str, folder: str) -> tuple[float, int, int]:
    """Its checks on CloudTrail, in one account after the other."""
    cloud.seen.clear()
    findings, start = 0, time.monotonic()
    for account in cloud.accounts:
        environment = os.environ | {"AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": "us-east-1"}
        environment |= cloud.session_of(account)
        arguments = ["aws", "--service", "cloudtrail", "-M", "csv", "-o", folder, "-F", account, "--no-banner"]
        subprocess.run([command, *arguments], env=environment, capture_output=True, check=False)
        rows = list(Path(folder).rglob(f"{account}*.csv"))
        for row in rows[:1]:
            with row.open(newline="") as file:
                findings += sum(1 for _ in csv.DictReader(file, delimiter=";"))
    return time.monotonic() - start, sum(cloud.seen.values()), findings


if __name__ == "__main__":
    main()
