#!/usr/bin/env python3
"""`events` on a mirror: CPU time against `verify` of the same tree, and against jq and DuckDB on the same records.

benches/events-folder.py [TARGET [BEFORE]]: the folder of release builds (default target/release), and a binary from
before, whose `verify` is measured beside ours. All take turns; medians of CPU seconds, user and system, of all cores.
The records are those of tests/data/events/records.jsonl, multiplied: each with a time and an id of its own. Prints the
counts of both sides: unequal counts void the figure. jq and duckdb (Python) are used where they are installed.
"""

import gzip, json, os, random, resource, shutil, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release")
BEFORE = Path(sys.argv[2]) if len(sys.argv) > 2 else None
START = 1767225600  # 2026-01-01
HOURS = 24
RAW = int(os.environ.get("BENCH_MB", "128")) * 1_000_000
TURNS = int(os.environ.get("BENCH_TURNS", "5"))


def instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + seconds))


def records():
    """So many bytes of records that there are RAW of them, in the order of time."""
    lines = (ROOT / "tests/data/events/records.jsonl").read_text().splitlines()
    real = [it for it in (json.loads(line)["record"] for line in lines) if isinstance(it.get("eventVersion"), str)]
    size = statistics.mean(len(json.dumps(it, separators=(",", ":"))) for it in real)
    count = int(RAW / size)
    picks = random.Random(7)
    for n in range(count):
        record = dict(picks.choice(real))
        record["eventTime"] = instant(int(n * (HOURS * 3600 - 900) / count))
        record["eventID"] = f"{picks.getrandbits(128):032x}"
        record["recipientAccountId"] = "111122223333"
        record["awsRegion"] = "eu-west-1"
        record["requestID"] = f"{picks.getrandbits(64):016x}"
        record.setdefault("eventCategory", "Management")
        # CloudTrail writes the version first.
        yield {"eventVersion": record.pop("eventVersion"), **record}


def make(root):
    """Logs of ten minutes each, listed and signed hour by hour."""
    raw = {}
    for record in records():
        raw.setdefault(record["eventTime"][:15], []).append(record)
    logs = []
    for minute, held in raw.items():
        text = json.dumps({"Records": held}, separators=(",", ":"))
        times = [it["eventTime"] for it in held]
        logs.append({"hour": int(minute[11:13]), "text": text, "oldest": min(times), "newest": max(times)})
    spec = {"accounts": ["111122223333"], "regions": ["eu-west-1"], "hours": HOURS, "logs_per_hour": 0, "start": instant(0), "raw_logs": logs}
    subprocess.run([BIN / "examples/digest-tree", root], input=json.dumps(spec), text=True, check=True)
    return sum(len(it["text"]) for it in logs), sum(len(it) for it in raw.values())


def run(command):
    """CPU seconds, mebibytes at most, and stdout."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(it) for it in command], stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        code = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read(), code


def main():
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "tree"
        raw, count = make(root)
        packed = sum(it.stat().st_size for it in root.rglob("*.json.gz"))
        print(f"{raw / 1e6:.0f} MB of {count} records, {raw / packed:.1f}:1, {os.cpu_count()} cores")
        keys = ["--public-keys", f"{root}.keys.json", "--until", instant(HOURS * 3600), "--now", instant(HOURS * 3600 + 7200), "-q"]
        tool = BIN / "trailaudit"
        sides = {
            "verify": [tool, "verify", root, *keys, "-f", "json"],
            "search, literal": [tool, "events", "search", root, "name = ConsoleLogin", *keys, "-f", "json"],
            "search, scan": [tool, "events", "search", root, "failed and mfa", *keys, "-f", "json"],
            "stats by name": [tool, "events", "stats", root, "--by", "name", *keys, "-f", "json"],
            "stats by actor": [tool, "events", "stats", root, "--by", "actor", *keys, "-f", "json"],
            "coverage": [tool, "events", "coverage", root, *keys, "-f", "json"],
        }
        if BEFORE:
            sides["verify, before"] = [BEFORE, "verify", root, *keys, "-f", "json"]
        took = {side: [] for side in sides}
        peak, answers = {}, {}
        for _ in range(TURNS):
            for side, command in sides.items():
                cpu, memory, out, code = run(command)
                assert code == 0, (side, code)
                took[side].append(cpu)
                peak[side] = max(memory, peak.get(side, 0))
                answers[side] = json.loads(out)
        base = statistics.median(took["verify"])
        for side in sides:
            median = statistics.median(took[side])
            answer = answers[side]
            told = answer.get("total", answer.get("records", ""))
            seen = answer.get("rests_on", {}).get("records", {}).get("verified", "")
            print(f"{side:<16} {median:6.2f} s CPU, {raw / 1e6 / median:5.0f} MB/s, {median / base:4.2f} x verify, {peak[side]:4.0f} MiB; {told if isinstance(told, int) else ''} of {seen}")
        judge(root, answers, raw)


def judge(root, answers, raw):
    """The same questions by others, on one core."""
    logs = sorted(it for it in root.rglob("*.json.gz") if "/CloudTrail/" in str(it))
    if shutil.which("jq"):
        begin = resource.getrusage(resource.RUSAGE_CHILDREN)
        script = 'zcat "$@" | jq -c \'.Records[] | select(.eventName == "ConsoleLogin")\' | wc -l'
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
        query = "select count(*) from (select unnest(Records) r from read_json(?, columns={Records: 'JSON[]'}, maximum_object_size=200000000)) where r->>'eventName' = 'ConsoleLogin'"
        found = db.execute(query, [list(map(str, logs))]).fetchone()[0]
    told("DuckDB", time.process_time() - begin, raw, found, answers["search, literal"]["total"])


def told(side, cpu, raw, found, ours):
    equal = "" if found == ours else f"; VOID: {found} records, ours {ours}"
    print(f"{side:<16} {cpu:6.2f} s CPU, {raw / 1e6 / cpu:5.0f} MB/s{equal}")


main()
