"""A proxy in front of the emulator that is slow, throttles or drops connections, as the test tells it."""

import http.client
import socket
import struct
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import urlsplit

from emulator.calls import Call, error_body, identify

CUT = "cut"
RESET = "reset"
SERVER_ERROR = "server error"
THROTTLE = "throttle"


@dataclass(frozen=True)
class Said:
    """An answer of the test's own, in the place of the emulator's."""

    body: bytes
    status: int = 200
    kind: str = "application/x-amz-json-1.1"
    headers: tuple[tuple[str, str], ...] = ()


class Proxy:
    """`fault(number, call)` says what happens to a request, and None that nothing does: `number` counts
    all requests from 0. `hold` is called before each is passed on: a test can make it wait there."""

    def __init__(self, target: str, fault=lambda number, call: None, hold=lambda number: None, handler=None):
        self.host = urlsplit(target).netloc
        self.fault, self.hold = fault, hold
        self.seen: list[Call] = []
        self.faults: list[Call] = []
        self.lock = Lock()
        handler = type("Handler", (handler or _Handler,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # callers that went away are what we are here for
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Gate:
    """Lets the first requests through and holds all others until it is opened."""

    def __init__(self, free: int):
        self.free = free
        self.reached, self.opened = Event(), Event()

    def __call__(self, number: int) -> None:
        if number >= self.free:
            self.reached.set()
            self.opened.wait(timeout=60)


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = identify(self.command, self.path, self.headers, body)
        with self.proxy.lock:
            number = len(self.proxy.seen)
            self.proxy.seen.append(call)
            fault = self.proxy.fault(number, call)
            if fault:
                self.proxy.faults.append(call)
        self.proxy.hold(number)
        if fault == RESET:
            self.reset()
        elif fault == THROTTLE:
            slow = call.service == "s3"
            self.refuse(call, *((503, "SlowDown") if slow else (400, "ThrottlingException")))
        elif fault == SERVER_ERROR:
            self.refuse(call, 500, "InternalFailure")
        elif isinstance(fault, Said):
            self.answer(fault.status, [("Content-Type", fault.kind), *fault.headers], fault.body)
        else:
            self.forward(body, cut=fault == CUT)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

    def reset(self):
        """Closes with an RST: nothing of what was sent or is to come counts."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def refuse(self, call: Call, status: int, code: str):
        kind, text = error_body(call, code, "Rate exceeded")
        self.answer(status, [("Content-Type", kind), ("x-amzn-ErrorType", code)], text.encode())

    def forward(self, body: bytes, cut: bool = False):
        upstream = http.client.HTTPConnection(self.proxy.host, timeout=60)
        upstream.request(self.command, self.path, body, dict(self.headers))
        reply = upstream.getresponse()
        drop = ("connection", "transfer-encoding", "content-length")
        headers = [(n, v) for n, v in reply.getheaders() if n.lower() not in drop]
        self.answer(reply.status, headers, reply.read(), cut)
        upstream.close()

    def answer(self, status: int, headers: list, body: bytes, cut: bool = False):
        """With `cut`, half of the body comes, and the connection ends."""
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True
