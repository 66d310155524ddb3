"""moto, an emulator of AWS over HTTP, with a log of every request and refusals that a test can ask for."""

import io
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Thread

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import get_account_id_from
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.organizations.models import organizations_backends
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import InternalServerError
from werkzeug.serving import make_server

from emulator import cloudtrail, corrections
from emulator.calls import Call, error_body, identify

XML = ("s3", "s3control", "iam", "sts")  # services that refuse with 403 and XML


class Quiet(MotoRequestHandler):
    """The requests are in `Emulator.log`; standard error is for the tests."""

    def log(self, *_args, **_kwargs) -> None:
        pass


@dataclass
class Refusal:
    """Calls that get an error. Empty means any; `operation` is a glob, `resource` a part of path or body.
    `{call}` in the message stands for the call."""

    code: str
    message: str = "Access Denied"
    operation: str = "*"
    accounts: tuple = ()
    regions: tuple = ()
    resource: str = ""
    status: int = 0

    def covers(self, call: Call) -> bool:
        return (
            fnmatchcase(call.name, self.operation)
            and (not self.accounts or call.account in self.accounts)
            and (not self.regions or call.region in self.regions)
            and self.resource in call.text
        )


class Emulator:
    """One server for the whole test session, on a port that the system chooses."""

    def __init__(self, port: int = 0):
        self.log: list[Call] = []
        self.refusals: list[Refusal] = []
        self.server = make_server("127.0.0.1", port, self, threaded=True, request_handler=Quiet)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self._correct(True)
        self.reset()
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self._correct(False)

    @contextmanager
    def as_shipped(self):
        """moto without our beliefs about AWS."""
        self._correct(False)
        self.reset()
        try:
            yield self
        finally:
            self._correct(True)
            self.reset()

    def _correct(self, on: bool) -> None:
        if on:
            corrections.apply()
        else:
            corrections.lift()
        self.corrected = on
        # A new one: it keeps the paths of a service as it first saw them.
        self.moto = DomainDispatcherApplication(create_backend_app)

    def reset(self) -> None:
        """An empty AWS. The ids that moto draws are the same after every reset."""
        BackendDict.reset()
        reset_model_data()
        organizations_backends.master_accounts.clear()
        mock_random.seed(42)
        corrections.forget()
        self.log.clear()
        self.refusals.clear()

    def refuse(self, code: str, **what) -> None:
        """Answers calls with an error. The fields are those of `Refusal`."""
        self.refusals.append(Refusal(code, **what))

    def counts(self) -> dict[str, int]:
        """Calls by operation, to be compared with the tool's own ledger."""
        return dict(Counter(call.name for call in self.log))

    def __call__(self, environ, start_response):
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size) if size else b""
        environ["wsgi.input"] = io.BytesIO(body)
        path = environ["REQUEST_URI"]
        call = identify(environ["REQUEST_METHOD"], path, EnvironHeaders(environ), body)
        call.account = get_account_id_from(call.access_key)
        self.log.append(call)

        def answered(status, headers, exc_info=None):
            names = {name.lower(): value for name, value in headers}
            call.status = int(status.split()[0])
            call.request_id = names.get("x-amzn-requestid") or names.get("x-amz-request-id", "")
            return start_response(status, headers, exc_info)

        refusal = self._refusal(call)
        if refusal:
            return self._refuse(call, refusal, environ, answered)
        whole = corrections.whole(call.service, path.split("?")[0]) if self.corrected else None
        if whole:
            headers, body = whole(call.account, call.region)
            request_id = ("x-amzn-RequestId", str(uuid.uuid4()))
            answered("200 OK", [*headers, ("Content-Length", str(len(body))), request_id])
            return [body]
        try:
            return self.moto(environ, answered)
        except Exception:  # moto raises for what it lacks; its server answers 500 with HTML
            return InternalServerError()(environ, answered)

    def _refusal(self, call: Call) -> Refusal | None:
        found = next((r for r in self.refusals if r.covers(call)), None)
        if found or not self.corrected or not call.region:
            return found
        if corrections.enabled(call.account, call.region):
            return None
        # A region that an account has not opted in to does not know its credentials (General Reference,
        # "Managing AWS Regions"). moto answers everywhere.
        message = "The security token included in the request is invalid."
        return Refusal("UnrecognizedClientException", message)

    def _refuse(self, call: Call, refusal: Refusal, environ, start_response):
        call.request_id, call.error = str(uuid.uuid4()), refusal.code
        message = refusal.message.replace("{call}", call.name)
        kind, text = error_body(call, refusal.code, message)
        body = b"" if environ["REQUEST_METHOD"] == "HEAD" else text.encode()
        status = refusal.status or (403 if call.service in XML else 400)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        headers += [("x-amzn-RequestId", call.request_id), ("x-amz-request-id", call.request_id)]
        headers += [("x-amzn-ErrorType", refusal.code)]
        start_response(f"{status} Refused", headers)
        return [body]
