"""What goes wrong, told as RFC 9457 problems.

Owns: the form of every error answer, and which exception becomes which.
Never: a value that somebody sent. An error says where it was, of what kind, and what is allowed.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import Counter
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shopbell_program.whereabouts import place_of
from shopbell_server.core.recognition.tokens import NoDayKeyError
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.web.http.headers import HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

    from shopbell_server.web.http.outages import Outages

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

RETRY_LATER_S = 2
"""A database that is busy or restarting is back within seconds."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str
    got: str
    """The kind of the value, never the value: it may be anybody's."""
    allowed: str


class Problem(BaseModel):
    """RFC 9457. `type` is stable and for programs, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] | None = None


class ProblemError(Exception):
    """Answer the request with this problem."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Fault] | None = None,
    ) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = list(errors) if errors else None


_REFUSED: Final = Counter(
    "shopbell_http_refused", "Requests that were refused, by why.", ["reason"]
)


def count(kind: str) -> None:
    """Count one request that was refused; `kind` is a word of this program, never of a request."""
    _REFUSED.labels(kind).inc()


def response(error: ProblemError) -> JSONResponse:
    """Return the answer that tells `error`, and count it."""
    count(error.kind)
    problem = Problem(
        type=f"urn:shopbell:problem:{error.kind}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        errors=error.errors,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        error.status,
        # The door adds these too, but the answer to an unexpected exception is made outside of it.
        {**HEADERS, "Cache-Control": "no-store", **error.headers},
        MEDIA_TYPE,
    )


def invalid(faults: Sequence[Fault]) -> ProblemError:
    """Return the answer to a request that is not as it is described; `faults` says where."""
    where = ", ".join(each.field for each in faults)
    return ProblemError(422, "invalid", f"Not as described: {where}.", errors=faults)


def not_found(what: str) -> ProblemError:
    """Return the one answer for what does not exist and for what is somebody else's."""
    return ProblemError(404, "not-found", f"There is no such {what}, or it is not yours to see.")


def must_be_an_id(text: str, what: str) -> None:
    """Answer `not_found(what)` where no database can be asked for it: PostgreSQL takes no NUL."""
    if not text.isprintable():
        raise not_found(what)


def install(app: FastAPI) -> None:
    """Let `app` answer every expected exception with a problem."""
    app.add_exception_handler(ProblemError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DatabaseBusyError, _busy)
    app.add_exception_handler(DatabaseLostError, _lost)
    app.add_exception_handler(NoDayKeyError, _no_keys)
    app.add_exception_handler(Exception, _unexpected)


async def _told(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101  (registered for it alone)
    return response(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it alone)
    return response(invalid([_fault(each) for each in error.errors()]))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for it alone)
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    detail = _DETAILS.get(error.status_code, str(error.detail))
    return response(ProblemError(error.status_code, kind, detail, headers=error.headers))


async def _lost(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DatabaseLostError)  # noqa: S101  (registered for it alone)
    outages: Outages = request.app.state.outages
    outages.note(error)
    return await _busy(request, error)


async def _busy(_request: Request, _error: Exception) -> JSONResponse:
    return response(
        ProblemError(
            503,
            "unavailable",
            "The database is busy or away. Nothing was changed; try again.",
            headers={"Retry-After": str(RETRY_LATER_S)},
        )
    )


async def _no_keys(_request: Request, _error: Exception) -> JSONResponse:
    detail = "There are no keys for the coming days. The operator must see to the key job."
    return response(ProblemError(503, "no-day-keys", detail, headers={"Retry-After": "60"}))


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # Its type and place, and nothing that it says: that may be about somebody. Starlette raises it again
    # after this answer, and `http_server` keeps uvicorn from printing it.
    route = request.scope.get("route")
    log.error(
        "request_failed",
        route=getattr(route, "path", None),
        error=type(error).__qualname__,
        place=place_of(error),
    )
    return response(ProblemError(500, "internal", "This is our fault; the operator can see it."))


def _fault(error: Mapping[str, Any]) -> Fault:
    if error["type"] == "json_invalid":
        return Fault(field="body", got="text that is not JSON", allowed="a JSON object")
    missing = error["type"] == "missing"
    return Fault(
        field=_field(error["loc"]),
        got="nothing" if missing else _kind(error.get("input")),
        allowed="a value" if missing else str(error["msg"]).removeprefix("Value error, "),
    )


def _field(location: Sequence[str | int]) -> str:
    """Return `consents[0].purpose`; the part of the request comes first only if nothing else does."""
    parts = location[1:] or location
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _kind(value: object) -> str:
    match value:
        case str():
            return f"text of {len(value)} characters"
        case list():
            return f"a list of {len(value)}"
        case _:
            return _KINDS.get(type(value), "something else")


_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "an object",
}

_DETAILS = {
    400: "The request cannot be read: the body must be JSON.",
    404: "There is no such page or resource.",
    405: "This resource does not take that method.",
}
