#!/usr/bin/env python3
"""`events` on a mirror: CPU time against `verify` of the same tree, and against jq and DuckDB on the same records.

benches/events-folder.py [TARGET [BEFORE]]: the folder of release builds (default target/release), and a binary from
before, of which the same is measured beside ours. All take turns; medians of CPU seconds, user and system, of all cores,
and of the seconds that each lasted.
The records are published ones, multiplied (benches/records.py): most come from attacks, so that every second one is a
key event. What detections cost is measured on an ordinary day as well (tests/harness/benign.py, multiplied), which is
what they are run on every night; the bar of `detect` is that day's. Prints the counts of both sides: unequal counts void
the figure. jq and duckdb (Python) are used where they are installed.
"""

import gzip, json, os, resource, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import records
from harness import benign

ROOT = Path(__file__).parent.parent
BIN = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release")
BEFORE = Path(sys.argv[2]) if len(sys.argv) > 2 else None
START = 1767225600  # 2026-01-01
HOURS = 24
MEGABYTES = int(os.environ.get("BENCH_MB", "128"))
# How many times the CPU time of `verify` each may take (docs/events.md).
BARS = {
    "published records, most from attacks": {"search, literal": 1.2, "search, scan": 1.6, "stats by name": 1.6, "stats by actor": 1.6},
    "an ordinary day": {"stats by name": 1.6, "stats by actor": 1.6, "detect": 1.6},
}
TURNS = int(os.environ.get("BENCH_TURNS", "5"))


def instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + seconds))


def make(root, kind):
    """Bytes and records of the tree's logs, inflated, and the ID of one event."""
    if kind == "an ordinary day":
        templates = benign.records()
        size = sum(len(json.dumps(it, separators=(",", ":"))) for it in templates) / len(templates)
        records.make(root, MEGABYTES * records.SIZE / size, BIN, templates=templates)
    else:
        records.make(root, MEGABYTES, BIN)
    texts = (gzip.decompress(it.read_bytes()) for it in root.rglob("*.json.gz") if "/CloudTrail/" in str(it))
    sizes = [(len(text), text.count(b'"eventID":"')) for text in texts]
    some = next(it for it in sorted(root.rglob("*.json.gz")) if "/CloudTrail/" in str(it))
    rare = json.loads(gzip.decompress(some.read_bytes()))["Records"][0]["eventID"]
    return sum(size for size, _ in sizes), sum(count for _, count in sizes), rare


# Starts a command and says on stderr what it took. A process counts as its own the memory of the one that started it:
# this one has little.
STARTER = """
import json, os, sys, time
begin = time.monotonic()
silent = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(pid, 0)
took = [usage.ru_utime + usage.ru_stime, time.monotonic() - begin, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]
json.dump(took, sys.stderr)
"""


def run(command):
    """CPU seconds, seconds, mebibytes at most, and stdout; the command has to end well."""
    with tempfile.TemporaryFile() as out:
        starter = [sys.executable, "-I", "-S", "-c", STARTER, *(str(it) for it in command)]
        done = subprocess.run(starter, stdout=out, stderr=subprocess.PIPE, check=True)
        cpu, seconds, memory, code = json.loads(done.stderr)
        assert code == 0, (command, code)
        out.seek(0)
        return cpu, seconds, memory, out.read()


def main():
    over = [words for kind, bars in BARS.items() for words in measure(kind, bars)]
    if over:
        sys.exit(f"over the bar: {', '.join(over)}")


def measure(kind, bars):
    """Prints what each side takes on such a tree; gives those that take more than their bar."""
    print(f"\n{kind}")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "tree"
        raw, count, rare = make(root, kind)
        packed = sum(it.stat().st_size for it in root.rglob("*.json.gz"))
        print(f"{raw / 1e6:.0f} MB, some {count} records, {raw / packed:.1f}:1, {os.cpu_count()} cores")
        keys = ["--public-keys", f"{root}.keys.json", "--until", instant(HOURS * 3600), "--now", instant(HOURS * 3600 + 7200), "-q"]
        tool = BIN / "trailaudit"
        sides = {
            "verify": [tool, "verify", root, *keys, "-f", "json"],
            "search, literal": [tool, "events", "search", root, f"eventID = {rare}", *keys, "-f", "json"],
            "search, scan": [tool, "events", "search", root, "failed and mfa", *keys, "-f", "json"],
            "stats by name": [tool, "events", "stats", root, "--by", "name", *keys, "-f", "json"],
            "stats by actor": [tool, "events", "stats", root, "--by", "actor", *keys, "-f", "json"],
            "detect": [tool, "events", "detect", root, *keys, "-f", "json", "--exit-zero"],
            "timeline": [tool, "events", "timeline", root, *keys, "-f", "json"],
            "coverage": [tool, "events", "coverage", root, *keys, "-f", "json"],
        }
        if BEFORE:
            for side in ("verify", "stats by name", "detect", "timeline"):
                sides[f"{side}, before"] = [BEFORE, *sides[side][1:]]
        took = {side: [] for side in sides}
        lasted = {side: [] for side in sides}
        peak, answers = {}, {}
        for _ in range(TURNS):
            for side, command in sides.items():
                cpu, seconds, memory, out = run(command)
                took[side].append(cpu)
                lasted[side].append(seconds)
                peak[side] = max(memory, peak.get(side, 0))
                answers[side] = json.loads(out)
        base = statistics.median(took["verify"])
        first = statistics.median(lasted["verify"])
        over = []
        for side in sides:
            median = statistics.median(took[side])
            seconds = statistics.median(lasted[side])
            answer = answers[side]
            told = answer.get("total", answer.get("records", ""))
            seen = answer.get("rests_on", answer.get("events", {})).get("records", {}).get("verified", "")
            if median / base > bars.get(side, 99):
                over.append(side)
            print(f"{side:<21} {median:6.2f} s CPU, {raw / 1e6 / median:5.0f} MB/s, {median / base:4.2f} x verify; {seconds:5.2f} s, {seconds / first:4.2f} x; {peak[side]:4.0f} MiB; {told if isinstance(told, int) else ''} of {seen}")
        if kind != "an ordinary day":
            judge(root, answers, raw, rare)
        return over


def judge(root, answers, raw, rare):
    """The same questions by others, on one core."""
    logs = sorted(it for it in root.rglob("*.json.gz") if "/CloudTrail/" in str(it))
    if shutil.which("jq"):
        begin = resource.getrusage(resource.RUSAGE_CHILDREN)
        script = 'zcat "$@" | jq -c \'.Records[] | select(.eventID == "%s")\' | wc -l' % rare
        found = int(subprocess.run(["sh", "-c", script, "sh", *map(str, logs)], capture_output=True, check=True).stdout)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
        told(f"jq", cpu, raw, found, answers["search, literal"]["total"])
    try:
        import duckdb
    except ImportError:
        return
    begin = time.process_time()
    with duckdb.connect(config={"threads": 1}) as db:
        query = "select count(*) from (select unnest(Records) r from read_json(?, columns={Records: 'JSON[]'}, maximum_object_size=200000000)) where r->>'eventID' = ?"
        found = db.execute(query, [list(map(str, logs)), rare]).fetchone()[0]
    told("DuckDB", time.process_time() - begin, raw, found, answers["search, literal"]["total"])


def told(side, cpu, raw, found, ours):
    equal = "" if found == ours else f"; VOID: {found} records, ours {ours}"
    print(f"{side:<21} {cpu:6.2f} s CPU, {raw / 1e6 / cpu:5.0f} MB/s{equal}")


main()
