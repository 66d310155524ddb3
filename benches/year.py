"""A year of digests of many accounts, by simulation: what one account and region cost, measured, and the rest computed.

    target/venv/bin/python benches/year.py TARGET/release [--accounts 1000] [--regions 17] [--hours 8760]

TARGET/release holds `trailaudit` and `examples/digest-tree`. One account with a year of hourly digests in one region (no
logs) is laid down as a folder, planned with `shard plan-verify`, verified by `shard run`, and merged. From its CPU
seconds, memory and objects follows what accounts and regions would take in so many shards: requests (one GET for a
digest, one LIST for 1,000, of digests and of logs), hours of requests with 64 of 30 ms under way in each shard, and hours
of CPU on one core. Shards hold whole accounts. The account
is cut into windows as well, and these are verified and merged.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAIT, IN_FLIGHT = 0.030, 64


def measured(*command) -> tuple[float, float, int]:
    """Seconds, seconds of CPU, and the most memory in MiB."""
    started = time.monotonic()
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    words = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{words[-2000:]}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--regions", type=int, default=17)
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 16, 64, 256])
    given = parser.parse_args()
    binary, generator = given.folder / "trailaudit", given.folder / "examples/digest-tree"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = {"hours": given.hours, "logs_per_hour": 0, "start": "2025-01-01T00:00:00Z", "regions": ["us-east-1"]}
        subprocess.run([generator, folder / "tree"], input=json.dumps(spec), text=True, check=True)
        run = folder / "run"
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1735689600 + 3600 * given.hours))
        plan = ("plan-verify", folder / "tree", "--public-keys", f"{folder}/tree.keys.json", "--until", until)
        measured(binary, "shard", *plan, "--run", run, "--shards", 1)
        seconds, cpu, memory = measured(binary, "shard", "run", "--run", run, "--shard", 0)
        merged = measured(binary, "shard", "merge", "--run", run, "--output", folder / "chains.jsonl")
        size = (run / "shards/0000.jsonl.zst").stat().st_size
        # The same account, cut into windows of about a month.
        cut = folder / "cut"
        measured(binary, "shard", *plan, "--since", "2025-01-01", "--run", cut, "--max-unit", 2_300)
        count = len(json.loads((cut / "plan.json").read_text())["shards"])
        windows = [measured(binary, "shard", "run", "--run", cut, "--shard", it) for it in range(count)]
        joined = measured(binary, "shard", "merge", "--run", cut, "--output", folder / "cut.jsonl")
        held = sum(it.stat().st_size for it in (cut / "shards").iterdir())
    print(f"one account and region, {given.hours:,} digests: {seconds:.1f} s, {cpu:.1f} s of CPU, {memory} MiB;")
    print(f"its merge {merged[1]:.1f} s of CPU, {merged[2]} MiB; the shard has {size:,} bytes")
    most, memory = max(it[1] for it in windows), max(it[2] for it in windows)
    print(f"in {count} windows: at most {most:.1f} s of CPU and {memory} MiB for one;")
    print(f"their merge {joined[1]:.1f} s of CPU, {joined[2]} MiB; the shards have {held:,} bytes")
    places = given.accounts * given.regions
    objects = places * given.hours
    requests = objects + places * 2 * (given.hours / 1000 + 1)
    print(f"{given.accounts:,} accounts x {given.regions} regions: {objects:,} digests, {requests:,.0f} requests")
    print("shards  accounts in each  requests in each  hours of requests  hours of CPU")
    for shards in given.shards:
        share = -(-given.accounts // shards) / given.accounts
        waiting = requests * share * WAIT / IN_FLIGHT / 3600
        print(f"{shards:6}  {share * given.accounts:16.0f}  {requests * share:16,.0f}  {waiting:17.1f}  {cpu * places * share / 3600:12.1f}")


if __name__ == "__main__":
    main()
