"""Says which AWS operation an HTTP request asks for, from the request alone."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from moto.core.routing import get_service_router
from moto.moto_server.werkzeug_app import BackendRequest
from werkzeug.exceptions import NotFound
from werkzeug.test import EnvironBuilder

SCOPE = re.compile(r"Credential=([^/]+)/[0-9]+/([^/]+)/([^/]+)/aws4_request")


@dataclass
class Call:
    """One request. `text` is its path and body: what a test looks into to find the resource."""

    service: str
    operation: str
    region: str
    access_key: str
    text: str
    account: str = ""
    status: int = 0
    request_id: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        """As in the tool's ledger: `cloudtrail:DescribeTrails`."""
        return f"{self.service}:{self.operation}"


def identify(method: str, path: str, headers, body: bytes) -> Call:
    """The call behind a request. `path` carries the query string; `headers` finds names in any case."""
    scope = SCOPE.search(headers.get("Authorization", ""))
    key, region, service = scope.groups() if scope else ("", "", "unsigned")
    if path.startswith("/v20180820/"):
        service = "s3control"
    service = "cloudwatch" if service == "monitoring" else service
    text = body.decode("utf-8", "replace")
    operation = (
        headers.get("X-Amz-Target", "").split(".")[-1]
        or parse_qs(text).get("Action", [""])[0]
        or (path.split("/operation/")[-1] if path.startswith("/service/") else "")
        or _rest_operation(service, method, path, headers)
    )
    # Some SDKs write `/bucket/?policy`, others `/bucket?policy`.
    return Call(service, operation, region, key, f"{path.replace('/?', '?')} {text}")


def _rest_operation(service: str, method: str, path: str, headers) -> str:
    """REST services name the operation by method and path: moto has a router for that."""
    kept = {k: v for k, v in headers.items() if k.lower() != "content-length"}
    environ = EnvironBuilder(method=method, path=path, headers=kept).get_environ()
    try:
        # The router goes by the name of the SDK's model, which has no dash.
        operation, _ = get_service_router(service.replace("-", "")).match(BackendRequest(environ))
    except NotFound:
        return f"{method} {path}"
    return operation.name


def error_body(call: Call, code: str, message: str) -> tuple[str, str]:
    """Content type and body of an error, in the form that the service of this call uses."""
    if call.service in ("s3", "s3control", "iam", "sts"):
        fields = f"<Code>{code}</Code><Message>{message}</Message>"
        request_id = f"<RequestId>{call.request_id}</RequestId>"
        if call.service == "s3":
            return "application/xml", f"<Error>{fields}{request_id}</Error>"
        error = f"<Error><Type>Sender</Type>{fields}</Error>"
        return "text/xml", f"<ErrorResponse>{error}{request_id}</ErrorResponse>"
    return "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message})
