#!/usr/bin/env python3
"""Lets the real `aws cloudtrail validate-logs` judge the trees of `cases/`, and compares.

judge.py DIGEST_TREE [NAME]: the program `digest-tree` (an example of this crate), and part of the names of the cases.
Needs the AWS CLI (PyPI `awscli`), beside this Python or on the path, and nothing else: a small server on loopback
answers what it asks of S3 and CloudTrail. Prints a table of what each reports, and fails if the CLI refuses a tree that
is clean by our cases: then the generator does not sign as CloudTrail does, or we miss a fault that the CLI sees. It takes
one account, region and trail at a time, so it is called for each, and the worst exit code counts. A trail that was moved
is described as it is after the move. It asks for no trail's status: there is nothing to give it of `logging`.
"""

import json, os, re, subprocess, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    buckets, keys, trail, organization, denied = {}, {}, {}, None, frozenset()

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        region = re.search(r"Credential=[^/]+/[^/]+/([^/]+)/", self.headers["Authorization"]).group(1)
        operation = self.headers["X-Amz-Target"].rsplit(".", 1)[1]
        body = {
            "ListPublicKeys": self.keys.get(region),
            "DescribeTrails": {"trailList": [self.trail]},
            "DescribeOrganization": {"Organization": {"Id": self.organization, "MasterAccountId": "999922223333"}},
        }[operation]
        self.answer(json.dumps(body).encode(), headers=[("Content-Type", "application/x-amz-json-1.1")])

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        root, objects = self.buckets.get(bucket, (Path(), {}))
        if "location" in query:
            return self.answer(b"<LocationConstraint>eu-west-1</LocationConstraint>")
        if not key:
            prefix, marker = query.get("prefix", [""])[0], query.get("marker", [""])[0]
            found = sorted(k for k in objects if k.startswith(prefix) and k > marker)
            rows = "".join(f"<Contents><Key>{escape(k)}</Key><Size>1</Size></Contents>" for k in found)
            return self.answer(f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode())
        if key in self.denied:
            return self.answer(b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", 403)
        if key not in objects:
            return self.answer(b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>", 404)
        headers = [(f"x-amz-meta-{name}", value) for name, value in objects[key].items()]
        self.answer((root / key).read_bytes(), headers=headers)

    do_HEAD = do_GET


def cli():
    beside = Path(sys.executable).parent / "aws"
    return str(beside) if beside.exists() else "aws"


def judge(program, case):
    spec, given = case.get("tree", {}), case.get("with", {})
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        subprocess.run([program, root], input=json.dumps(spec), text=True, check=True)
        roots = {spec.get("bucket", "logs"): root} | {p.name.partition("@")[2]: p for p in Path(folder).glob("tree@*")}
        buckets = {name: (root, objects(root)) for name, root in roots.items()}
        keys = public_keys(json.loads(Path(f"{root}.keys.json").read_text()), given.get("keys", "complete"))
        everything = {"buckets": buckets, "keys": keys, "denied": denied(spec, given.get("denied", []), root)}
        begin = datetime.fromisoformat(spec.get("start", "2026-01-01T00:00:00Z"))
        window = [(begin + timedelta(hours=it)).isoformat() for it in given.get("window", [0, 36])]
        ends = [validate(folder, laid, trail, region, window, everything)
                for laid in [spec, *spec.get("also", [])]
                for region in laid.get("regions", ["eu-west-1"])
                for trail in laid.get("trails", ["main"]) if trail not in laid.get("unvalidated", [])]
        return max(code for code, _ in ends), " / ".join(dict.fromkeys(words for _, words in ends))


def validate(folder, spec, name, region, window, everything):
    """What the CLI says of one trail in one region."""
    home = spec.get("home_region", "eu-west-1")
    place = {"bucket": spec.get("bucket", "logs"), "prefix": spec.get("prefix", ""), "organization": spec.get("organization")}
    for move in spec.get("moves", []):
        place |= {name: move[name] for name in place if name in move}
    organization = place["organization"]
    trail = {"Name": name, "TrailARN": f"arn:aws:cloudtrail:{home}:111122223333:trail/{name}", "HomeRegion": home,
             "S3BucketName": place["bucket"], "S3KeyPrefix": place["prefix"], "IsOrganizationTrail": bool(organization)}
    handler = type("Handler", (Aws,), {"trail": trail, "organization": organization, **everything})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start, end = window
    command = [cli(), "cloudtrail", "validate-logs", "--region", region, "--trail-arn", trail["TrailARN"],
               "--start-time", start, "--end-time", end]
    if organization:
        command += ["--account-id", "111122223333"]
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "TZ": "UTC", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                   "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_EC2_METADATA_DISABLED": "true"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    server.shutdown()
    server.server_close()
    lines = (ran.stdout + ran.stderr).splitlines()
    counts = [line for line in lines if re.match(r"\d+/\d+|No digests", line)]
    return ran.returncode, "; ".join(counts) or " ".join(lines[-1:])


def public_keys(answers, given):
    """What ListPublicKeys answers in each region: the key that signed, unless the case says otherwise."""
    for answer in answers.values():
        if given == "expired":
            answer["PublicKeyList"][0]["ValidityEndTime"] = answer["PublicKeyList"][0]["ValidityStartTime"]
        elif given != "complete":
            answer["PublicKeyList"] = []
    return answers


def denied(spec, targets, root):
    """The keys of the objects that may not be read: by the name of the trail and the time in theirs."""
    keys = sorted(objects(root))
    names = spec.get("trails", ["main"])
    found = set()
    for target in targets:
        if "digest" in target:
            trail = f"_{names[target.get('chain', 0)]}_"
            digests = [key for key in keys if "/CloudTrail-Digest/" in key and trail in key]
            found.add(digests[target["digest"]])
        else:
            hour, index = target["log"]
            logs = [key for key in keys if "/CloudTrail-Digest/" not in key]
            found.add(logs[hour * spec.get("logs_per_hour", 2) + index])
    return frozenset(found)


def objects(root):
    """Keys with their metadata."""
    side = [json.loads(line) for line in (root / ".metadata.jsonl").read_text().splitlines()]
    metadata = {entry["key"]: entry["metadata"] for entry in side}
    return {key: metadata.get(key, {}) for key in (p.relative_to(root).as_posix() for p in root.rglob("*.gz"))}


@dataclass
class Row:
    """What both say of one tree."""

    name: str
    ours: dict
    code: int
    words: str

    @property
    def agrees(self):
        """It accepts, and has verified something, where we find nothing."""
        return bool(self.ours) or (self.code == 0 and re.search(r"\d+/\d+ digest files valid", self.words) is not None)


def judge_all(program, named=""):
    folder = Path(__file__).parent / "cases"
    cases = [case for file in sorted(folder.glob("*.json")) for case in json.loads(file.read_text())]
    cases = [case for case in cases if named in case["name"]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        judged = list(pool.map(lambda case: judge(program, case), cases))
    return [Row(case["name"], case["expect"]["problems"], *it) for case, it in zip(cases, judged)]


def table(rows):
    lines = ["| tree | trailaudit | `aws cloudtrail validate-logs` | its words |", "| --- | --- | --- | --- |"]
    for row in rows:
        ours = ", ".join(f"{kind} {count}" for kind, count in row.ours.items()) or "nothing"
        lines.append(f"| {row.name} | {ours} | exit {row.code}{'' if row.agrees else ' WRONG'} | {row.words} |")
    missed = sum(row.code == 0 for row in rows if row.ours)
    lines.append(f"\n{len(rows)} trees; it exits 0 on {missed} in which trailaudit finds something.")
    return "\n".join(lines) + "\n"


def main():
    rows = judge_all(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    print(table(rows))
    sys.exit(0 if all(row.agrees for row in rows) else 1)


if __name__ == "__main__":
    main()
