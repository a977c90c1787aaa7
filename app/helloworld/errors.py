"""The one shape every error answer has."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse
from starlette.types import Scope


def error_response(
    scope: Scope, status: HTTPStatus, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Build the JSON answer for `status`; `detail` says more than the status' own phrase where there is more to say.

    The request id is in the body as well as in the header: it is the part people copy into a report.
    """
    body = {"error": detail or status.phrase, "status": int(status)}
    request_id = scope.get("state", {}).get("request_id")
    if request_id is not None:
        body["request_id"] = request_id
    return JSONResponse(body, status_code=status, headers=headers)
