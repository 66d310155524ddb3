#!/usr/bin/env python3
"""Every format of one audit with many findings: time and peak memory of `trailaudit report`, reading included.

    target/venv/bin/python benches/formats.py [--findings 100000] [--accounts 1000] [--keep DIR]

The audit is the sample organization's, multiplied: its findings over as many accounts as asked for, each with
17 regions, and every fingerprint made anew. Prints the bars of docs/formats.md, and exits with 1 when one is missed.
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

BINARY = os.environ.get("TRAILAUDIT_BIN") or Path(__file__).resolve().parent.parent / "target/release/trailaudit"
MEMORY, SECONDS = 512, 10  # MiB, and what `some seconds` is taken to mean
HTML = 10 * 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, help="a folder for the audit and its reports")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        audit = folder / "audit.json"
        audit.write_text(json.dumps(multiplied(sample(), options.findings, options.accounts)))
        kinds = [it["name"] for it in json.loads(told("list", "formats", "--json"))]
        print(f"{options.findings:,} findings, {options.accounts:,} accounts x 17 regions, {mb(audit)} of JSON\n")
        print("| format | seconds | peak MiB | MB written |\n| --- | ---: | ---: | ---: |")
        missed = [kind for kind in kinds if not measured(audit, kind, folder)]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def told(*arguments: str) -> str:
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=True).stdout


def sample() -> dict:
    return json.loads(subprocess.run([BINARY, "scan", "--demo", "-f", "json"], capture_output=True).stdout)


def multiplied(audit: dict, findings: int, accounts: int) -> dict:
    """Copies of the findings and of the population, each under the number of an account of its own."""
    ids = [f"{700_000_000_000 + number}" for number in range(accounts)]
    regions = audit["scope"]["regions"]
    audit["scope"]["accounts"] = ids
    assessed = {"status": "assessed", "reason": None}
    audit["coverage"]["accounts"] = [{"id": it, "name": f"account {it[-4:]}", **assessed} for it in ids]
    audit["coverage"]["regions"] = [{"account": it, "region": region, **assessed} for it in ids for region in regions]
    models, many = audit["findings"], []
    while len(many) < findings:
        round = len(many) // len(models)
        account = ids[round % accounts]
        for model in models[: findings - len(many)]:
            text = json.dumps(model).replace("444444444444", account).replace("333333333333", account)
            one = json.loads(text)
            one["subject"]["id"] = f"{one['subject']['id']}-{len(many)}"
            one["fingerprint"] = sha256(f"{one['check']}\n{one['subject']['id']}".encode()).hexdigest()
            many.append(one)
    many.sort(key=lambda it: (it["check"], it["subject"]["id"]))
    audit["findings"] = many
    # Of schema 1, which held no answers and no rules for controls: they would not be those of the copies.
    audit["schema"] = 1
    audit["answers"], audit["do_first"], audit["frameworks"] = [], [], []
    audit["summary"] = summary(audit["summary"], many)
    return audit


def summary(of: dict, findings: list[dict]) -> dict:
    of = copy.deepcopy(of)
    for status in ("pass", "fail", "unknown", "not_applicable"):
        of[status] = sum(it["status"] == status for it in findings)
    of["waived"] = sum("waiver" in it for it in findings)
    for severity in of["by_severity"]:
        of["by_severity"][severity] = sum(
            it["status"] == "fail" and "waiver" not in it and it["severity"] == severity for it in findings
        )
    return of


def measured(audit: Path, kind: str, folder: Path) -> bool:
    out = folder / f"report.{kind}"
    began = time.monotonic()
    child = subprocess.Popen([BINARY, "report", str(audit), "-q", "-f", f"{kind}={out}"])
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds, peak = time.monotonic() - began, usage.ru_maxrss / 1024
    cpu = usage.ru_utime + usage.ru_stime
    good = child.returncode == 0 and peak < MEMORY and cpu < SECONDS
    if kind == "html":
        good = good and out.stat().st_size < HTML
    note = "" if good else " missed"
    print(f"| {kind} | {seconds:.1f} ({cpu:.1f} of CPU) | {peak:.0f} | {mb(out)}{note} |", flush=True)
    return good


def mb(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f}"


if __name__ == "__main__":
    main()
