"""Turns away requests that no handler should have to think about."""

import re
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from helloworld.errors import error_response

# Half of what an Application Load Balancer lets through (16 KiB and 64 KiB): far above any honest request, and below
# the HTTP parser's own limits, whose answers have no body.
MAX_TARGET_BYTES = 8 * 1024
MAX_HEADER_BYTES = 32 * 1024

# A reg-name, an IPv4 address or a bracketed IPv6 address, then an optional port.
_HOST = re.compile(rb"(?:[0-9A-Za-z._~!$&'()*+,;=%-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?")


class Guard:
    """ASGI middleware: hands sane requests on, answers the others itself with a JSON error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await error_response(scope, *refusal)(scope, receive, send)


def _refusal(scope: Scope) -> tuple[HTTPStatus, str] | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG, f"the request target is longer than {MAX_TARGET_BYTES} bytes"
    header_bytes = 0
    hosts = []
    for name, value in scope["headers"]:
        header_bytes += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
    if header_bytes > MAX_HEADER_BYTES:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the headers are larger than {MAX_HEADER_BYTES} bytes"
    # HTTP/1.0 knows no Host, and the server then hands over an empty one.
    host_is_optional = scope["http_version"] in ("1", "1.0") and hosts in ([], [b""])
    if not host_is_optional and (len(hosts) != 1 or not _HOST.fullmatch(hosts[0])):
        return HTTPStatus.BAD_REQUEST, "the Host header is missing, repeated or malformed"
    return None
