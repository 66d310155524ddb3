"""`shard merge` of a run that has collected a large organization: seconds, CPU seconds and memory.

    target/venv/bin/python benches/merge.py TARGET/release [--accounts 10000] [--shards 50 1] [--old BINARY]

TARGET/release holds `trailaudit` and `examples/fleet-run`, which lays the run down: copies of one of the sample
organization's accounts, in every region, all shards delivered. The merge calls sts:GetCallerIdentity, answered here on
this machine, and nothing else: what is measured is the merge. With `--old`, another binary merges the same run, and
writes the same bytes but for the time at which it ended and what the newer one says of the shards.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ANSWER = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::700000000000:assumed-role/auditor/run</Arn><UserId>A</UserId><Account>700000000000</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
CLOCK = re.compile(rb'"finished_at":"[^"]*"|,"shards":\[[^]]*\]')


class Identity(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


def merged(binary: Path, run: Path, output: Path, endpoint: str) -> tuple[float, float, int]:
    """Seconds, seconds of CPU, and the most memory in MiB."""
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(run.parent),
        "TMPDIR": str(run.parent),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }
    started = time.monotonic()
    command = [binary, "shard", "merge", "--run", run, "--output", output]
    process = subprocess.Popen(list(map(str, command)), env=variables, stderr=subprocess.PIPE)
    words = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{binary} shard merge:\n{words[-2000:]}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def same(one: Path, other: Path) -> bool:
    with one.open("rb") as a, other.open("rb") as b:
        lines = zip(a, b, strict=True)
        return all(x == y or CLOCK.sub(b"", x) == CLOCK.sub(b"", y) for x, y in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--shards", type=int, nargs="+", default=[50])
    parser.add_argument("--old", type=Path)
    arguments = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Identity)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    binaries = {"new": arguments.folder / "trailaudit", **({"old": arguments.old} if arguments.old else {})}
    for shards in arguments.shards:
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            lay = [arguments.folder / "examples" / "fleet-run", run, arguments.accounts, shards]
            subprocess.run(list(map(str, lay)), check=True)
            written = {name: Path(folder) / f"{name}.jsonl" for name in binaries}
            for name, binary in binaries.items():
                seconds, cpu, memory = merged(binary, run, written[name], endpoint)
                size = written[name].stat().st_size / 1e6
                print(
                    f"{arguments.accounts:,} accounts, {shards:,} shards, {size:,.0f} MB  {name}: "
                    f"{seconds:.1f} s, {cpu:.1f} s of CPU, {memory:,} MiB"
                )
            if arguments.old and not same(written["new"], written["old"]):
                sys.exit("the two binaries write different inventories")


if __name__ == "__main__":
    main()
