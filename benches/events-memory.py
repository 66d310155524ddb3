#!/usr/bin/env python3
"""`events` on a mirror of a hundred gigabytes of records, inflated: the memory that it takes at most.

benches/events-memory.py [TARGET] [--gigabytes 100] [--records 10000000] [--only search,stats,timeline,detect]: the folder
of release builds (default target/release). Eight logs of published records (benches/records.py), some ten megabytes each, stand in turn
under the names of all logs of the tree as hard links, and every digest is signed over the hash of its own: it takes the
room of eight. A timeline and key events are asked of so many records. Exits with 1 above 256 MiB.
"""

import argparse, gzip, hashlib, json, os, subprocess, sys, tempfile, time
from pathlib import Path

import records

ROOT = Path(__file__).parent.parent
MIB, CHAINS, LOGS, START = 256, 8, 8, 1767225600


def instant(hours):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + hours * 3600))


def logs(folder, target):
    """Some logs of ten megabytes of records each, and how many records they have."""
    records.make(folder / "some", 12 * LOGS, target)
    paths = [it for it in sorted((folder / "some").rglob("*.json.gz")) if "/CloudTrail/" in str(it)]
    texts = [gzip.decompress(it.read_bytes()).removeprefix(b'{"Records":[').removesuffix(b"]}") for it in paths]
    return [b'{"Records":[' + b",".join(texts[at::LOGS]) + b"]}" for at in range(LOGS)]


def lay(folder, target, size=None, count=None):
    """A tree of so many bytes, or of so many records."""
    folder.mkdir()
    texts = logs(folder, target)
    if count:
        size = count * sum(map(len, texts)) / sum(it.count(b'"eventID":"') for it in texts)
    hours = max(1, round(size / (sum(map(len, texts)) / LOGS) / CHAINS))
    names = [hashlib.sha256(it).hexdigest() for it in texts]
    times = {"oldestEventTime": instant(0), "newestEventTime": instant(hours)}
    signed = [{"hour": it, "set_log": {"hashValue": names[it % LOGS], **times}} for it in range(hours)]
    spec = {"accounts": [f"{it:012}" for it in range(1, CHAINS + 1)], "hours": hours, "logs_per_hour": 1, "signed": signed}
    root = folder / "tree"
    subprocess.run([target / "examples/digest-tree", root], input=json.dumps(spec), text=True, check=True)
    ones = [folder / f"log-{at}.json.gz" for at in range(LOGS)]
    for one, text in zip(ones, texts, strict=True):
        one.write_bytes(gzip.compress(text))
    found, total = 0, 0
    for chain in sorted(root.rglob("CloudTrail")):
        # One log an hour: their names are in the order of the hours.
        for hour, path in enumerate(sorted(chain.rglob("*.json.gz"))):
            path.unlink()
            os.link(ones[hour % LOGS], path)
            found, total = found + 1, total + len(texts[hour % LOGS])
    return root, hours, found, total


def ask(tool, words, root, hours):
    """Runs it; whether it took too much."""
    more = ["--until", instant(hours), "--now", instant(hours + 2), "--public-keys", f"{root}.keys.json", "-q"]
    begin = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([tool, "events", words[0], root, *words[1:], *more, "-f", "json"], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        size = out.seek(0, 2)
        out.seek(0)
        # A timeline may be larger than what can be opened here: its head has the numbers.
        head = out.read(1 << 20).decode("utf-8", "replace")
        out.seek(0)
        answer = json.load(out) if size < 1 << 28 else json.loads(head[: head.index(',\n  "holes"')] + "}")
    rests_on, memory = answer.get("rests_on", answer.get("events", {})), usage.ru_maxrss / 1024
    verified = rests_on.get("logs", {}).get("verified", "?")
    count = sum(rests_on.get("records", {}).values()) or answer.get("records")
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 1, 3), code
    print(f"events {words[0]}: {time.monotonic() - begin:.0f} s, {usage.ru_utime + usage.ru_stime:.0f} s of CPU, "
          f"{memory:.0f} MiB, {verified} logs verified, {count} records, {size / 1e6:.0f} MB told", flush=True)
    return memory > MIB


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", type=Path, default=ROOT / "target/release")
    parser.add_argument("--gigabytes", type=float, default=100)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--only", default="search,stats,timeline,detect")
    options = parser.parse_args()
    tool, only = options.target / "trailaudit", options.only.split(",")
    questions = {"search": ["search", "name = NoSuchCall"], "stats": ["stats", "--by", "name"], "timeline": ["timeline"], "detect": ["detect"]}
    over = False
    for kinds, extent in ((("search", "stats"), {"size": options.gigabytes * 1e9}), (("timeline", "detect"), {"count": options.records})):
        wanted = [it for it in kinds if it in only]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as name:
            root, hours, count, size = lay(Path(name) / "bench", options.target, **extent)
            print(f"{size / 1e9:.0f} GB of records in {count} logs, {CHAINS} chains of {hours} hours", flush=True)
            for kind in wanted:
                over |= ask(tool, questions[kind], root, hours)
    sys.exit(over)


if __name__ == "__main__":
    main()
