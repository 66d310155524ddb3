"""An AWS with as many accounts as asked for, quick enough to be no part of what is measured.

The tests' emulator holds a good organization of four accounts and answers a few hundred requests a second.
Here each distinct question is put to it once; the answer is kept and given again after a set delay. Accounts
beyond its own are copies of its account `app`: their questions are asked as that account's, and the answers
come back under their own numbers.
"""

import asyncio
import http.client
import json
import re
import sys
from collections import Counter
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from emulator import corrections  # noqa: E402
from emulator.organization import MANAGEMENT, ROLE, Organization  # noqa: E402
from emulator.server import Emulator  # noqa: E402

SCOPE = re.compile(rb"Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/aws4_request")
PAGE = 20  # accounts of a page, as AWS Organizations has it
# Those that every account has without having asked for one.
REGIONS = (
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 "
    "eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
).split()
KEPT = ("content-type", "x-amzn-requestid", "x-amz-request-id", "x-amzn-errortype", "x-amz-bucket-region")


class ManyAccounts:
    """`url` serves `count` accounts, each answer `delay` seconds late. `seen` counts requests."""

    def __init__(self, count: int, delay: float):
        self.emulator = Emulator()
        self.delay = delay
        self.count = count
        self.kept: dict[tuple, tuple] = {}
        self.seen: Counter = Counter()

    def __enter__(self):
        corrections.REGIONS = REGIONS
        self.emulator.__enter__()
        self.org = Organization(self.emulator).build()
        self.model = self.org.app
        more = self.count - len(self.org.accounts)
        self.copies = [str(700_000_000_000 + number) for number in range(more)]
        for account in self.org.accounts:
            self.org.session_of(account)
        ready = Event()
        Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait()
        return self

    def __exit__(self, *failed):
        self.emulator.__exit__(*failed)

    @property
    def accounts(self) -> list[str]:
        return [*self.org.accounts, *self.copies]

    def session_of(self, account: str) -> dict:
        """The variables with which a program is the account's role."""
        key = "AKIAMANAGEMENT" if account == MANAGEMENT else f"ASIA{account}"
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "x"}

    async def _serve(self, ready: Event):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self, loop), "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await server.serve_forever()

    def answer(self, method: str, path: str, headers: dict, body: bytes) -> tuple:
        """Status, headers and body."""
        scope = SCOPE.search(headers.get("authorization", "").encode())
        key, region, service = (part.decode() for part in scope.groups()) if scope else ("", "", "")
        target = headers.get("x-amz-target", "").split(".")[-1]
        self.seen[service, target] += 1
        account = key.removeprefix("ASIA") if key.startswith("ASIA") else MANAGEMENT
        if service == "sts" and b"Action=AssumeRole" in body:
            return self._assumed(parse_qs(body.decode())["RoleArn"][0].split(":")[4])
        if target in ("ListAccounts", "ListAccountsForParent"):
            return self._listed(target, path, headers, body, region)
        model = account if account in self.org.accounts else self.model
        if model != account:
            path, body = path.replace(account, model), body.replace(account.encode(), model.encode())
            headers = {name: value.replace(account, model) for name, value in headers.items()}
        question = (model, region, service, method, path, target, body)
        if question not in self.kept:
            self.kept[question] = self._ask(model, region, service, method, path, headers, body)
        status, given, text = self.kept[question]
        return (status, given, text.replace(model.encode(), account.encode()) if model != account else text)

    def _assumed(self, account: str) -> tuple:
        xml = (
            f"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{account}</AccessKeyId>"
            "<SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>"
            f"<Arn>arn:aws:sts::{account}:assumed-role/{ROLE}/bench</Arn><AssumedRoleId>A:bench</AssumedRoleId>"
            "</AssumedRoleUser></AssumeRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
            "</AssumeRoleResponse>"
        )
        return 200, [("content-type", "text/xml")], xml.encode()

    def _listed(self, target: str, path: str, headers: dict, body: bytes, region: str) -> tuple:
        """A page of the accounts: the emulator's, with a copy of one of them for each that is more."""
        asked = json.loads(body or b"{}")
        start = int(asked.pop("NextToken", None) or 0)
        question = (target, json.dumps(asked, sort_keys=True))
        if question not in self.kept:
            whole = json.dumps(asked).encode()
            status, given, text = self._ask(MANAGEMENT, region, "organizations", "POST", path, headers, whole)
            found = json.loads(text).get("Accounts", [])
            found += [
                json.loads(json.dumps(one).replace(self.model, copy))
                for one in found
                if one["Id"] == self.model
                for copy in self.copies
            ]
            self.kept[question] = (status, given, found)
        status, given, found = self.kept[question]
        page = {"Accounts": found[start : start + PAGE]}
        if start + PAGE < len(found):
            page["NextToken"] = str(start + PAGE)
        return status, given, json.dumps(page).encode()

    def _ask(self, account, region, service, method, path, headers, body) -> tuple:
        key = self.org.credentials[account]["aws_access_key_id"]
        sent = {name: value for name, value in headers.items() if name not in ("host", "content-length")}
        if "authorization" in sent:
            sent["authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request"
        upstream = http.client.HTTPConnection(urlsplit(self.emulator.url).netloc, timeout=60)
        upstream.request(method, path, body, sent)
        reply = upstream.getresponse()
        text = reply.read()
        upstream.close()
        return reply.status, [(n, v) for n, v in reply.getheaders() if n.lower() in KEPT], text


class _Connection(asyncio.Protocol):
    """HTTP/1.1, one request after the other."""

    def __init__(self, cloud: ManyAccounts, loop):
        self.cloud, self.loop = cloud, loop
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data: bytes):
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", 0))
        if len(rest) < size:
            return
        self.buffer = rest[size:]
        method, path, _ = first.split(" ", 2)
        status, given, text = self.cloud.answer(method, path, headers, rest[:size])
        lines = [f"HTTP/1.1 {status} X", *(f"{n}: {v}" for n, v in given), f"content-length: {len(text)}", "", ""]
        out = "\r\n".join(lines).encode() + (b"" if method == "HEAD" else text)
        self.loop.call_later(self.cloud.delay, self._send, out)

    def _send(self, out: bytes):
        if not self.transport.is_closing():
            self.transport.write(out)
