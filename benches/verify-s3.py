#!/usr/bin/env python3
"""`verify s3://` against `aws cloudtrail validate-logs` on the same objects, each request 30 ms slower than loopback.

benches/verify-s3.py TRAILAUDIT DIGEST_TREE [HOURS]: the two programs, and `aws` on the path. A small static server on
loopback answers both. Prints medians, requests and counts of both sides; unequal counts void the figure.
"""

import json, os, re, statistics, subprocess, sys, tempfile, threading, time
from collections import Counter
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).parent.parent / "checks/tests/digest"))
from judge import Aws

DELAY = 0.030
PAGE = 1000


class Slow(Aws):
    """Both kinds of listing, and whoever asks; every answer waits."""

    seen = Counter()

    def do_POST(self):
        time.sleep(DELAY)
        self.seen[self.headers.get("X-Amz-Target", "sts").rsplit(".", 1)[-1]] += 1
        if "X-Amz-Target" in self.headers:
            return super().do_POST()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        who = "<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>a</UserId>"
        space = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
        body = f"<GetCallerIdentityResponse {space}><GetCallerIdentityResult>{who}</GetCallerIdentityResult></GetCallerIdentityResponse>"
        self.answer(body.encode(), headers=[("Content-Type", "text/xml")])

    def do_GET(self):
        time.sleep(DELAY)
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        self.seen["list" if "list-type" in query or "prefix" in query else "location" if "location" in query else "get"] += 1
        if "list-type" not in query:
            return super().do_GET()
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        keys = [key for key in self.sorted if key.startswith(prefix) and key > after]
        if delimiter:
            names = sorted({prefix + key[len(prefix):].split("/")[0] + "/" for key in keys if "/" in key[len(prefix):]})
            rows, more = "".join(f"<CommonPrefixes><Prefix>{escape(it)}</Prefix></CommonPrefixes>" for it in names), ""
        else:
            rows = "".join(f"<Contents><Key>{escape(it)}</Key><Size>1</Size></Contents>" for it in keys[:PAGE])
            more = f"<NextContinuationToken>{escape(keys[PAGE - 1])}</NextContinuationToken>" if len(keys) > PAGE else ""
        cut = "true" if more else "false"
        self.answer(f"<ListBucketResult><IsTruncated>{cut}</IsTruncated>{more}{rows}</ListBucketResult>".encode())


def main():
    ours, generator, hours = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 100
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        spec = {"hours": hours, "logs_per_hour": 10, "records": 20}
        subprocess.run([generator, root], input=json.dumps(spec), text=True, check=True)
        side = map(json.loads, (root / ".metadata.jsonl").read_text().splitlines())
        metadata = {it["key"]: it["metadata"] for it in side}
        files = sorted(p.relative_to(root).as_posix() for p in root.rglob("*.gz"))
        arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"
        trail = {"Name": "main", "TrailARN": arn, "HomeRegion": "eu-west-1", "S3BucketName": "logs", "IsOrganizationTrail": False}
        handler = type("Handler", (Slow,), {
            "trail": trail, "root": root, "objects": {key: metadata.get(key, {}) for key in files}, "sorted": files,
            "keys": json.loads(Path(f"{root}.keys.json").read_text()),
        })
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                       "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1767225600 + hours * 3600))
        command = {
            "ours": [ours, "verify", "s3://logs", "--until", end, "-f", f"json={folder}/v.json"],
            "aws": ["aws", "cloudtrail", "validate-logs", "--trail-arn", arn, "--region", "eu-west-1",
                    "--start-time", "2026-01-01T00:00:00Z", "--end-time", end],
        }
        medians = {}
        for name, rounds in (("ours", 5), ("aws", 1)):
            times = []
            for _ in range(rounds):
                Slow.seen.clear()
                begin = time.monotonic()
                ran = subprocess.run(command[name], env=environment, capture_output=True, text=True)
                times.append(time.monotonic() - begin)
            medians[name] = statistics.median(times)
            if name == "ours":
                chain = json.load(open(f"{folder}/v.json"))["chains"][0]
                counts = f"{chain['digests']['valid']} digests, {chain['logs']['valid']} logs valid"
            else:
                counts = "; ".join(line for line in ran.stdout.splitlines() if re.match(r"\d+/\d+", line))
            print(f"{name}: {medians[name]:.2f} s, exit {ran.returncode}, requests {dict(Slow.seen)}, {counts}")
        print(f"{len(files)} objects; {medians['aws'] / medians['ours']:.0f} times faster")


if __name__ == "__main__":
    main()
