#!/usr/bin/env python3
"""`verify` of a mirror: its speed against reading, inflating and hashing the same files alone, and its peak memory.

benches/verify-folder.py [TARGET]: the folder of release builds (default target/release). Both sides take turns, each in
a process of its own on all cores; medians. Prints the counts of both sides: unequal counts void the figure.
"""

import json, os, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release")
REGIONS = ["eu-west-1", "us-east-1", "us-east-2", "us-west-2"]
START = 1767225600  # 2026-01-01


def instant(hours):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + hours * 3600))


def make(root, **spec):
    subprocess.run([BIN / "examples/digest-tree", root], input=json.dumps(spec), text=True, check=True)


def verify(root, hours):
    """Seconds, kibibytes at most, and the chains."""
    out = f"{root}.json"
    command = [BIN / "trailaudit", "verify", root, "--public-keys", f"{root}.keys.json", "--until", instant(hours), "-qf", f"json={out}"]
    begin = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.monotonic() - begin
    assert os.waitstatus_to_exitcode(status) == 0
    return took, usage.ru_maxrss, json.loads(Path(out).read_text())["chains"]


def throughput(folder):
    root = folder / "speed"
    # 4 chains x 24 hours x 8 logs of 300 events: more than 200 MB.
    make(root, regions=REGIONS, hours=24, logs_per_hour=8, records=300)
    ours, alone = [], []
    for _ in range(9):
        begin = time.monotonic()
        told = subprocess.run([BIN / "examples/inflate-hash", root], capture_output=True, text=True, check=True).stdout
        alone.append(time.monotonic() - begin)
        took, _, chains = verify(root, 24)
        ours.append(took)
    files, raw, _ = map(int, told.split())
    packed = sum(path.stat().st_size for path in root.rglob("*.gz"))
    valid = sum(it["logs"]["valid"] + it["digests"]["valid"] for it in chains)
    print(f"{raw / 1e6:.0f} MB raw, {raw / packed:.1f}:1, {os.cpu_count()} cores")
    a, o = statistics.median(alone), statistics.median(ours)
    print(f"inflate + SHA-256 alone: {a:.3f} s, {raw / 1e6 / a:.0f} MB/s, {files} files")
    print(f"trailaudit verify:       {o:.3f} s, {raw / 1e6 / o:.0f} MB/s, {valid} files valid")
    print(f"ratio: {100 * a / o:.0f} %" if valid == files else "VOID: the counts differ")


def memory(folder):
    for hours in (250, 2500):
        root = folder / f"memory{hours}"
        # 40 objects an hour: 4 chains of a digest and 9 logs each.
        make(root, regions=REGIONS, hours=hours, logs_per_hour=9, records=1)
        took, peak, chains = verify(root, hours)
        valid = sum(it["logs"]["valid"] + it["digests"]["valid"] for it in chains)
        print(f"{valid} objects valid of {hours * 40}: {peak / 1024:.0f} MiB at most, {took:.1f} s")


def organization(folder):
    root = folder / "organization"
    make(root, accounts=[f"{n:012}" for n in range(1, 21)], regions=REGIONS, organization="o-abc", hours=24, logs_per_hour=2, records=20)
    took, peak, chains = verify(root, 24)
    verified = sum(it["verdict"] == "verified" for it in chains)
    print(f"20 accounts x 4 regions x 24 h: {verified} chains verified of 80, {took:.2f} s, {peak / 1024:.0f} MiB at most")


def main():
    with tempfile.TemporaryDirectory() as name:
        for part in (throughput, organization, memory):
            print(f"== {part.__name__}", flush=True)
            part(Path(name))


if __name__ == "__main__":
    main()
