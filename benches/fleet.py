"""Evaluates saved inventories of large organizations: CPU seconds and memory.

    target/venv/bin/python benches/fleet.py BINARY [--accounts 1000 10000] [--old BINARY]

The inventory is that of the sample organization, with one of its accounts (no trail of its own, every region) as often
as asked for. Each row is one run: of the scan without and with the checks of `access-*`, with the audit as compressed
JSON, then of `report` and `diff` on that audit. With `--old`, both binaries run beside each other's figures, and the
totals of their audits must be equal.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = "333333333333"
RECORDS = ("account", "region", "iam", "call")


def inventory(binary: str, folder: Path, accounts: int) -> Path:
    """The sample with so many accounts."""
    sample = folder / "sample.jsonl"
    subprocess.run([binary, "collect", "--demo", "--quiet", "--output", sample], check=True)
    by_kind: dict[str, list[str]] = {}
    for line in sample.read_text().splitlines():
        by_kind.setdefault(json.loads(line)["record"], []).append(line)
    held = len(by_kind["account"])
    copies = [f"{700_000_000_000 + number}" for number in range(accounts - held)]
    model = {kind: [it for it in by_kind[kind] if f'"{MODEL}"' in it or f":{MODEL}:" in it] for kind in RECORDS}
    (trailer,) = (json.loads(it) for it in by_kind["trailer"])
    coverage, counts = trailer["value"]["coverage"], trailer["value"]["counts"]
    for name in ("accounts", "regions"):
        key = "id" if name == "accounts" else "account"
        own = [it for it in coverage[name] if it[key] == MODEL]
        coverage[name] += [{**it, key: copy} for copy in copies for it in own]
    for kind in RECORDS:
        counts[kind] = counts[kind] + len(model[kind]) * len(copies)
    (header,) = (json.loads(it) for it in by_kind["header"])
    header["value"]["scope"]["accounts"] += copies
    (organization,) = (json.loads(it) for it in by_kind["organization"])
    known = organization["value"]["known"] if "known" in organization["value"] else organization["value"]
    if isinstance(known.get("accounts"), dict) and "known" in known["accounts"]:
        known["accounts"]["known"] += copies
    path = folder / f"org-{accounts}.jsonl"
    with path.open("w") as out:
        out.write(json.dumps(header, separators=(",", ":")) + "\n")
        for kind, lines in by_kind.items():
            if kind in ("header", "trailer"):
                continue
            if kind == "organization":
                lines = [json.dumps(organization, separators=(",", ":"))]
            out.writelines(line + "\n" for line in lines)
            for copy in copies if kind in RECORDS else ():
                out.writelines(line.replace(MODEL, copy) + "\n" for line in model[kind])
        out.write(json.dumps(trailer, separators=(",", ":")) + "\n")
    return path


def measured(*command) -> tuple[float, int]:
    """Seconds of CPU, and the most memory in MiB."""
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen([*map(str, command)], stdout=nowhere, stderr=subprocess.PIPE)
        words = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1, 3):
        sys.exit(f"{' '.join(map(str, command))}: exit code {code}\n{words[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def summary(binary: str, audit: Path) -> str:
    command = [binary, "report", audit, "-q", "-f", "junit"]
    text = subprocess.run(list(map(str, command)), capture_output=True, check=True).stdout
    head = text[: text.index(b">", text.index(b"<testsuites")) + 1]
    return head.decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--old")
    parser.add_argument("--accounts", type=int, nargs="+", default=[1000, 10000])
    arguments = parser.parse_args()
    names = {"new": arguments.binary, **({"old": arguments.old} if arguments.old else {})}
    with tempfile.TemporaryDirectory() as folder:
        for accounts in arguments.accounts:
            made = inventory(arguments.binary, Path(folder), accounts)
            print(f"{accounts:,} accounts x 17 regions, {made.stat().st_size / 1e6:,.0f} MB")
            for name, binary in names.items():
                audit = Path(folder) / f"{name}.json"
                few = ["--skip-check", "access-*"]
                rows = {
                    "scan without access-*": (binary, "scan", "-q", "--inventory", made, *few, "-f", f"json={audit}"),
                    "scan": (binary, "scan", "-q", "--inventory", made, "-f", f"json={audit}"),
                    "report (junit)": (binary, "report", audit, "-q", "-f", f"junit={folder}/out.xml"),
                    "diff": (binary, "diff", audit, audit, "-q", "-f", "json"),
                }
                for what, command in rows.items():
                    seconds, memory = measured(*command)
                    print(f"  {name}  {what:24} {seconds:7.1f} s of CPU {memory:7,} MiB")
                print(f"  {name}  audit {audit.stat().st_size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
