#!/usr/bin/env python3
"""`verify s3://` against `aws cloudtrail validate-logs`: the same objects, every request 30 ms slower than loopback.

benches/verify-s3.py [TARGET]: the folder of release builds (default target/release); `aws` (PyPI `awscli`) beside this
Python or on the path. A small server on loopback answers both from memory: moto would be slower than either. Prints
medians, requests, and the counts of both sides: unequal counts void the figure. Then a whole organization in one
command against the sum of its chains one by one.
"""

import asyncio, json, os, re, statistics, subprocess, sys, tempfile, threading, time
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
BIN = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release")
DELAY, PAGE, START = 0.030, 1000, 1767225600  # 2026-01-01
WHO = "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>a</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>"
TRAIL = {"Name": "main", "TrailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", "HomeRegion": "eu-west-1", "S3BucketName": "logs", "IsOrganizationTrail": False}


def instant(hours):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + hours * 3600))


def answer(status, kind, body, more=()):
    top = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(top).encode() + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """One client: each request is answered late, by the clock and not by the work of others."""

    def __init__(self, server):
        self.server, self.held = server, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head, begin = self.held[:end], end + 4
            size = 0
            if head.startswith(b"POST"):
                size = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
                if len(self.held) < begin + size:
                    return
            self.held = self.held[begin + size :]
            self.server.loop.call_later(DELAY, self.transport.write, self.server.reply(head))


class Server:
    """S3, and what little of CloudTrail and STS is asked, for one tree. What it holds, it answers without thinking."""

    def __init__(self, root):
        side = map(json.loads, (root / ".metadata.jsonl").read_text().splitlines())
        metadata = {it["key"]: it["metadata"] for it in side}
        self.keys = json.loads(Path(f"{root}.keys.json").read_text())
        self.objects, self.sizes = {}, {}
        for path in root.rglob("*.gz"):
            key, body = path.relative_to(root).as_posix(), path.read_bytes()
            more = [f"x-amz-meta-{name}: {value}" for name, value in metadata.get(key, {}).items()]
            self.objects[f"/logs/{key}".encode()] = answer("200 OK", "binary/octet-stream", body, more)
            self.sizes[key] = len(body)
        self.sorted, self.seen, self.loop = sorted(self.sizes), Counter(), asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self.run, args=[ready], daemon=True).start()
        ready.wait()

    def run(self, ready):
        async def serve():
            server = await self.loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=1024)
            self.url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            ready.set()
            await server.serve_forever()

        self.loop.run_until_complete(serve())

    def reply(self, head):
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
        held = self.objects.get(target.partition(b"?")[0])
        if held is not None:
            self.seen["get"] += 1
            return held
        lines = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
        headers = {name.lower(): value for name, _, value in lines}
        name, status, kind, body = self.post(headers) if method == b"POST" else self.get(target.decode())
        self.seen[name] += 1
        return answer(status, kind, body)

    def post(self, headers):
        if "x-amz-target" not in headers:
            return "GetCallerIdentity", "200 OK", "text/xml", WHO.encode()
        operation = headers["x-amz-target"].rsplit(".", 1)[1]
        region = re.search(r"Credential=[^/]+/[^/]+/([^/]+)/", headers["authorization"]).group(1)
        body = {"ListPublicKeys": self.keys.get(region), "DescribeTrails": {"trailList": [TRAIL]}}[operation]
        return operation, "200 OK", "application/x-amz-json-1.1", json.dumps(body).encode()

    def get(self, target):
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        key = unquote(url.path).lstrip("/").partition("/")[2]
        if "location" in query:
            return "location", "200 OK", "text/xml", b"<LocationConstraint>eu-west-1</LocationConstraint>"
        if not key:
            return "list", "200 OK", "text/xml", self.listing(query).encode()
        return "get", "404 Not Found", "text/xml", b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"

    def listing(self, query):
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = query.get("continuation-token") or query.get("start-after") or query.get("marker") or ""
        keys = [key for key in self.sorted if key.startswith(prefix) and key > after]
        more = ""
        if delimiter:
            names = sorted({prefix + key[len(prefix) :].split("/")[0] + "/" for key in keys if "/" in key[len(prefix) :]})
            rows = "".join(f"<CommonPrefixes><Prefix>{escape(it)}</Prefix></CommonPrefixes>" for it in names)
        else:
            rows = "".join(f"<Contents><Key>{escape(it)}</Key><Size>{self.sizes[it]}</Size></Contents>" for it in keys[:PAGE])
            if len(keys) > PAGE:
                more = f"<NextContinuationToken>{escape(keys[PAGE - 1])}</NextContinuationToken>"
        return f"<ListBucketResult><Name>logs</Name><IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}{rows}</ListBucketResult>"


def run(server, folder, command):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                   "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": server.url}
    server.seen.clear()
    begin = time.monotonic()
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    return time.monotonic() - begin, dict(server.seen), ran


def make(root, **spec):
    subprocess.run([BIN / "examples/digest-tree", root], input=json.dumps(spec), text=True, check=True)
    return Server(root)


def ours(server, folder, hours, *more):
    out = folder / "v.json"
    command = [BIN / "trailaudit", "verify", "s3://logs", "--until", instant(hours), "-qf", f"json={out}", *more]
    took, seen, ran = run(server, folder, command)
    assert ran.returncode == 0, ran.stderr
    return took, seen, json.loads(out.read_text())["chains"]


def against(folder):
    hours = 100
    server = make(folder / "tree", hours=hours, logs_per_hour=10, records=20)
    aws = Path(sys.executable).parent / "aws"
    aws = str(aws) if aws.exists() else "aws"
    theirs = [aws, "cloudtrail", "validate-logs", "--trail-arn", TRAIL["TrailARN"], "--region", "eu-west-1",
              "--start-time", instant(0), "--end-time", instant(hours)]
    a, o = [], []
    for _ in range(3):
        took, seen_a, ran = run(server, folder, theirs)
        a.append(took)
        counts_a = [int(it) for it in re.findall(r"^(\d+)/\d+ \w+ files valid", ran.stdout, re.M)]
        for _ in range(3):
            took, seen_o, chains = ours(server, folder, hours)
            o.append(took)
    counts_o = [chains[0]["digests"]["valid"], chains[0]["logs"]["valid"]]
    a, o = statistics.median(a), statistics.median(o)
    objects, requests = len(server.objects), sum(seen_o.values())
    least = objects + seen_o["list"] + seen_o["ListPublicKeys"]
    print(f"{objects} objects, {1000 * DELAY:.0f} ms more for each request")
    print(f"aws cloudtrail validate-logs: {a:.2f} s, {sum(seen_a.values())} requests {seen_a}, valid {counts_a}")
    print(f"trailaudit verify:            {o:.2f} s, {requests} requests {seen_o}, valid {counts_o}")
    print(f"objects, listings and keys: {least}; {100 * (requests / least - 1):.1f} % more requests")
    print(f"{a / o:.0f} times faster" if counts_a == counts_o else "VOID: the counts differ")


def organization(folder):
    accounts, regions = [f"{n:012}" for n in range(1, 21)], ["eu-west-1", "us-east-1", "us-east-2", "us-west-2"]
    server = make(folder / "org", accounts=accounts, regions=regions, hours=24, logs_per_hour=2, records=20)
    whole = [ours(server, folder, 24) for _ in range(3)]
    took, (_, seen, chains) = statistics.median(it[0] for it in whole), whole[-1]
    each = [ours(server, folder, 24, "--accounts", a, "--regions", r) for a in accounts for r in regions]
    verified = sum(it["verdict"] == "verified" for it in chains)
    print(f"20 accounts x 4 regions x 24 h: {verified} chains verified of 80")
    print(f"in one command: {took:.2f} s, {sum(seen.values())} requests")
    print(f"chain by chain: {sum(it[0] for it in each):.2f} s, {sum(sum(it[1].values()) for it in each)} requests")


def main():
    with tempfile.TemporaryDirectory() as name:
        for part in (against, organization):
            print(f"== {part.__name__}", flush=True)
            part(Path(name))


if __name__ == "__main__":
    main()
