#!/usr/bin/env python3
"""Lets the real `aws cloudtrail validate-logs` judge trees of the generator.

judge.py DIGEST_TREE: the program `digest-tree` (an example of this crate). Needs the AWS CLI, and nothing else: a small
server on loopback answers what it asks of S3 and CloudTrail. Prints one line per tree and fails if the CLI's exit code
is not the one expected: clean trees are accepted, so the generator signs as CloudTrail does; for the faults, the table
says which of them the CLI sees.
"""

import json, os, re, subprocess, sys, tempfile, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

CLEAN = {
    "clean": {},
    "prefix, organization, underscores": {"prefix": "o-abc", "trails": ["my_trail_1"]},
    "off the hour": {"start": "2026-01-01T22:01:31Z"},
    "hours without logs": {"empty": [0, 3]},
    "backfill, linked": {"backfills": [{"hour": 1, "linked": True}, {"hour": 3, "linked": True}]},
    "backfill, not linked": {"backfills": [{"hour": 1}, {"hour": 3}]},
    "compressed anew": {"faults": [{"do": "recompress", "log": [1, 0]}, {"do": "recompress", "digest": 2}]},
    "logging stopped": {"short": [{"hour": 5, "minutes": 20}]},
}
# The fault, and whether the CLI reports it; None where its versions differ.
FAULTS = {
    "log tampered": (True, {"faults": [{"do": "tamper", "log": [2, 0]}]}),
    "log deleted": (True, {"faults": [{"do": "delete", "log": [2, 0]}]}),
    "log damaged": (True, {"faults": [{"do": "corrupt", "log": [2, 0]}]}),
    "log without its end": (False, {"faults": [{"do": "truncate", "log": [2, 0]}]}),
    "bytes after a log": (None, {"faults": [{"do": "append", "log": [2, 0]}]}),
    "log unlisted": (False, {"faults": [{"do": "add-log", "minute": 135}]}),
    "log listed twice": (False, {"signed": [{"hour": 3, "list_twice": True}]}),
    "digest tampered": (True, {"faults": [{"do": "tamper", "digest": 2}]}),
    "digest deleted": (True, {"faults": [{"do": "delete", "digest": 2}]}),
    "newest digest deleted": (False, {"faults": [{"do": "delete", "digest": 5}]}),
    "all digests deleted": (False, {"faults": [{"do": "delete", "digests": True}]}),
    "digest forged with another key": (True, {"faults": [{"do": "forge", "digest": 3}]}),
    "digest in another's place": (True, {"faults": [{"do": "replace", "target": {"digest": 3}, "with": {"digest": 2}}]}),
    "digest signed with SHA-1": (False, {"signed": [{"hour": 5, "sha1": True}]}),
    "digest not gzip": (True, {"faults": [{"do": "corrupt", "digest": 2}]}),
    "signature lost": (True, {"faults": [{"do": "strip", "digest": 2}]}),
    "restart": (False, {"restarts": [{"before": 3}]}),
    "gap": (False, {"restarts": [{"before": 3, "off_minutes": 120}]}),
    "hash of the predecessor differs": (False, {"signed": [{"hour": 3, "set": {"previousDigestHashValue": "0" * 64}}]}),
    "signature of the predecessor differs": (False, {"signed": [{"hour": 3, "set": {"previousDigestSignature": "00"}}]}),
}


class Aws(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root, objects, keys = Path(), {}, {}

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
        body = self.keys[region] if operation == "ListPublicKeys" else {}
        self.answer(json.dumps(body).encode(), headers=[("Content-Type", "application/x-amz-json-1.1")])

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if "location" in query:
            return self.answer(b"<LocationConstraint>eu-west-1</LocationConstraint>")
        if not key:
            prefix, marker = query.get("prefix", [""])[0], query.get("marker", [""])[0]
            found = sorted(k for k in self.objects if k.startswith(prefix) and k > marker)
            rows = "".join(f"<Contents><Key>{escape(k)}</Key><Size>1</Size></Contents>" for k in found)
            return self.answer(f"<ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode())
        if key not in self.objects:
            return self.answer(b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>", 404)
        headers = [(f"x-amz-meta-{name}", value) for name, value in self.objects[key].items()]
        self.answer((self.root / key).read_bytes(), headers=headers)

    do_HEAD = do_GET


def judge(program, spec, server):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        subprocess.run([program, root], input=json.dumps(spec), text=True, check=True)
        side = [json.loads(line) for line in (root / ".metadata.jsonl").read_text().splitlines()]
        metadata = {entry["key"]: entry["metadata"] for entry in side}
        files = [p.relative_to(root).as_posix() for p in root.rglob("*.gz")]
        Aws.root, Aws.objects = root, {key: metadata.get(key, {}) for key in files}
        Aws.keys = json.loads(Path(f"{root}.keys.json").read_text())
        trail = spec.get("trails", ["main"])[0]
        start = spec.get("start", "2026-01-01T00:00:00Z")
        command = ["aws", "cloudtrail", "validate-logs", "--region", "eu-west-1", "--s3-bucket", "logs",
                   "--trail-arn", f"arn:aws:cloudtrail:eu-west-1:111122223333:trail/{trail}",
                   "--start-time", start, "--end-time", "2026-01-02T12:00:00Z"]
        if spec.get("prefix"):
            command += ["--s3-prefix", spec["prefix"]]
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
                       "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_EC2_METADATA_DISABLED": "true"}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True)
        return ran.returncode, (ran.stdout + ran.stderr).strip()


def main():
    program = sys.argv[1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wrong = 0
    trees = [(name, False, spec) for name, spec in CLEAN.items()]
    trees += [(name, seen, spec) for name, (seen, spec) in FAULTS.items()]
    for name, expected, spec in trees:
        code, output = judge(program, spec, server)
        counts = "; ".join(line for line in output.splitlines() if re.match(r"\d+/\d+|No digests", line))
        good = expected in (None, code != 0) and (name not in CLEAN or ("INVALID" not in output and re.search(r"\d+/\d+ digest", output)))
        wrong += not good
        print(f"{'ok   ' if good else 'WRONG'} exit {code}  {name}: {counts}")
        if not good:
            print(output)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
