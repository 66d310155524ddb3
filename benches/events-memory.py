#!/usr/bin/env python3
"""`events` on a mirror of a hundred gigabytes of records, inflated: the memory that it takes at most.

benches/events-memory.py [TARGET] [--gigabytes 100]: the folder of release builds (default target/release). One log of
published records (benches/records.py), some ten megabytes of it, stands under the name of every log of the tree as a
hard link, and every digest is signed over its hash: it takes the room of one. Exits with 1 above 256 MiB.
"""

import argparse, gzip, hashlib, json, os, subprocess, sys, tempfile, time
from pathlib import Path

import records

ROOT = Path(__file__).parent.parent
MIB, CHAINS, START = 256, 8, 1767225600


def instant(hours):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + hours * 3600))


def log(folder, target):
    """Ten megabytes of records."""
    records.make(folder / "some", 12, target)
    texts = [gzip.decompress(it.read_bytes()) for it in sorted((folder / "some").rglob("*.json.gz")) if "/CloudTrail/" in str(it)]
    inner = b",".join(it.removeprefix(b'{"Records":[').removesuffix(b"]}") for it in texts)
    return b'{"Records":[' + inner + b"]}"


def lay(folder, target, size):
    text = log(folder, target)
    hours = max(1, round(size / len(text) / CHAINS))
    name = hashlib.sha256(text).hexdigest()
    signed = [{"hour": it, "set_log": {"hashValue": name, "oldestEventTime": instant(0), "newestEventTime": instant(hours)}} for it in range(hours)]
    spec = {"accounts": [f"{it:012}" for it in range(1, CHAINS + 1)], "hours": hours, "logs_per_hour": 1, "signed": signed}
    root = folder / "tree"
    subprocess.run([target / "examples/digest-tree", root], input=json.dumps(spec), text=True, check=True)
    one = folder / "log.json.gz"
    one.write_bytes(gzip.compress(text))
    count = 0
    for path in root.rglob("*.json.gz"):
        if "/CloudTrail/" in str(path):
            path.unlink()
            os.link(one, path)
            count += 1
    return root, hours, count, len(text) * count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", type=Path, default=ROOT / "target/release")
    parser.add_argument("--gigabytes", type=float, default=100)
    options = parser.parse_args()
    over = False
    with tempfile.TemporaryDirectory() as name:
        root, hours, count, size = lay(Path(name), options.target, options.gigabytes * 1e9)
        print(f"{size / 1e9:.0f} GB of records in {count} logs, {CHAINS} chains of {hours} hours", flush=True)
        more = ["--until", instant(hours), "--now", instant(hours + 2), "--public-keys", f"{root}.keys.json", "-q", "-f", "json"]
        for words in (["search", root, "name = NoSuchCall"], ["stats", root, "--by", "name"]):
            begin = time.monotonic()
            with tempfile.TemporaryFile() as out:
                process = subprocess.Popen([options.target / "trailaudit", "events", *words, *more], stdout=out)
                _, status, usage = os.wait4(process.pid, 0)
                out.seek(0)
                answer = json.load(out)
            rests_on, memory = answer["rests_on"], usage.ru_maxrss / 1024
            over |= memory > MIB
            print(f"events {words[0]}: {time.monotonic() - begin:.0f} s, {usage.ru_utime + usage.ru_stime:.0f} s of CPU, "
                  f"{memory:.0f} MiB, {rests_on['logs']['verified']} logs verified, {sum(rests_on['records'].values())} records", flush=True)
    sys.exit(over)


if __name__ == "__main__":
    main()
