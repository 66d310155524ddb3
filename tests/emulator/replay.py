"""A proxy that answers a request the second time as it did the first, request id included: two runs that ask the same
then hear the same."""

import hashlib
import http.client
from threading import Lock

from emulator.proxy import Proxy, _Handler

IDS = ("x-amzn-requestid", "x-amz-request-id")
DROPPED = ("connection", "transfer-encoding", "content-length", "date")


class Replay(Proxy):
    """Answers by what a request says: who asks, where, for what. What is below the paths of `changing` is passed on."""

    def __init__(self, target: str, changing: tuple[str, ...] = (), **more):
        self.changing = changing
        self.answers: dict[str, tuple[int, list, bytes]] = {}
        self.answering = Lock()
        super().__init__(target, handler=_Replaying, **more)


class _Replaying(_Handler):
    def forward(self, body: bytes, cut: bool = False):
        if self.path.startswith(self.proxy.changing):
            return super().forward(body, cut)
        asked = self.headers.get("Authorization", "").split("Signature=")[0].split("Credential=")[-1].split(",")[0]
        said = (self.command, self.path, asked, self.headers.get("X-Amz-Target", ""), body.decode("latin-1"))
        key = hashlib.sha256(repr(said).encode()).hexdigest()
        with self.proxy.answering:
            held = self.proxy.answers.get(key)
            if held is None:
                held = self.proxy.answers[key] = self.fetch(body, key[:32])
        self.answer(*held, cut)

    def fetch(self, body: bytes, request_id: str) -> tuple[int, list, bytes]:
        upstream = http.client.HTTPConnection(self.proxy.host, timeout=60)
        upstream.request(self.command, self.path, body, dict(self.headers))
        reply = upstream.getresponse()
        text = reply.read()
        headers = [(name, value) for name, value in reply.getheaders() if name.lower() not in DROPPED + IDS]
        upstream.close()
        return reply.status, [*headers, *((name, request_id) for name in IDS)], text
