"""Who asks: another system, a phone, or somebody of the staff.

Owns: which credential a route takes, and the check of where a form came from.
Never: what they may do. A credential of one kind opens no door of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request

from shopbell_server.core.access.api_keys import Scope, made_for
from shopbell_server.core.access.credentials import MOST_CHARACTERS, fingerprint
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.core.ids import StoreId
from shopbell_server.core.registry import Staff
from shopbell_server.usecases.staff.api_keys import key_of
from shopbell_server.usecases.staff.sign_in import who_is
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.http.limits import Limits
from shopbell_server.web.http.problems import ProblemError, not_found
from shopbell_server.web.services import Services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import Headers

    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.usecases.staff.looks import Look

_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """A system with an API key: `secret` is what it presented."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone and its enrolment, revoked or not: `secret` is what it presented."""

    enrolment: Enrolment
    secret: str = field(repr=False)


def services(request: Request) -> Services:
    """Return what `create_app` was given."""
    return cast("Services", request.app.state.services)


def buckets(request: Request) -> Limits:
    """Return the rate limits of this process."""
    return cast("Limits", request.app.state.limits)


Here = Annotated[Services, Depends(services)]
Buckets = Annotated[Limits, Depends(buckets)]


def peer(request: Request) -> bytes:
    """Return who holds the other end of the connection, and not their address (`Limits.peer`).

    Headers that name somebody else (X-Forwarded-For) are anybody's claim and are not read.
    """
    return buckets(request).peer(request.client.host if request.client else "")


def caller(request: Request, here: Services, buckets: Limits, scope: Scope) -> Caller:
    """Let a system in whose API key has `scope`."""
    # Looked up by its hash: how long that takes says nothing of any key that there is.
    secret = _bearer(request)
    key = key_of(here.database, secret, here.clock.now_ms())
    if key is None:
        raise _refused(request, buckets, "an API key")
    buckets.draw(Limit.API_KEY, fingerprint(secret))
    if scope not in key.scopes:
        detail = (
            f"This API key has not the scope `{scope}`. "
            f"`shopbell-server keys create NAME --kind {made_for(scope)}` makes one that has."
        )
        raise ProblemError(403, "scope-needed", detail)
    return Caller(name=key.name, secret=secret)


def ticket_key(request: Request, here: Here, buckets: Buckets) -> Caller:
    """Let a system in whose API key has the scope `tickets`: an app's backend."""
    return caller(request, here, buckets, Scope.TICKETS)


def receipt_key(request: Request, here: Here, buckets: Buckets) -> Caller:
    """Let a system in whose API key has the scope `receipts`: a till."""
    return caller(request, here, buckets, Scope.RECEIPTS)


def any_phone(request: Request, here: Here, buckets: Buckets) -> Phone:
    """Let a phone in by its device token, even if it has left."""
    secret = _bearer(request)
    with here.database.read() as work:
        enrolment = work.people.by_device_token(fingerprint(secret))
    if enrolment is None:
        raise _refused(request, buckets, "a device token")
    buckets.draw(Limit.DEVICE, fingerprint(secret))
    return Phone(enrolment=enrolment, secret=secret)


def phone(request: Request, found: Annotated[Phone, Depends(any_phone)], buckets: Buckets) -> Phone:
    """Let a phone in whose enrolment stands."""
    if found.enrolment.revoked_ms is not None:
        raise _refused(request, buckets, "a device token")
    return found


def staff_or_none(request: Request, here: Here, buckets: Buckets) -> Staff | None:
    """Return who is signed in on this browser."""
    secret = STAFF_COOKIE.secret(request)
    if not secret:
        return None
    found = who_is(here.database, secret, here.clock.now_ms())
    if found is not None:
        buckets.draw(Limit.STAFF, fingerprint(secret))
    return found


def staff(found: Annotated[Staff | None, Depends(staff_or_none)]) -> Staff:
    """Let staff in by their session."""
    if found is None:
        raise ProblemError(401, "not-signed-in", "Sign in at /login.")
    return found


def caller_or_staff(
    request: Request, here: Services, buckets: Limits, found: Staff | None, scope: Scope
) -> Caller | Staff:
    """Let a system in whose API key has `scope`, or who is signed in on this browser (`found`).

    Who brings a key is judged by that alone.
    """
    if "authorization" in request.headers:
        return caller(request, here, buckets, scope)
    if found is None:
        raise ProblemError(
            401,
            "not-signed-in",
            "Sign in at /login, or present an API key.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return found


def own_session(request: Request) -> bytes:
    """Return the fingerprint of the session that a browser shows, whether it is one or not."""
    return fingerprint(STAFF_COOKIE.secret(request))


def own_store(store: str, found: Annotated[Staff, Depends(staff)]) -> StoreId:
    """Return the store of the path if it is one of theirs; it does not exist otherwise."""
    if StoreId(store) not in found.stores:
        raise not_found("store")
    return StoreId(store)


def may_see(here: Services, looks: Sequence[Look]) -> None:
    """Write down what somebody is about to see; without that nothing is shown."""
    if here.looks.write(looks):
        raise ProblemError(401, "not-signed-in", "Sign in at /login.")


def own_page(request: Request, here: Here) -> None:
    """Refuse what a browser was made to send by somebody else's page.

    Browsers say where a POST comes from and let no page change it. Without that word it is refused.
    """
    origin = request.headers.get("origin", "")
    if origin not in _own_origins(here.site.origin, request.headers):
        raise ProblemError(
            403, "foreign-origin", "The Origin header must name this server. Use its own pages."
        )


TicketKey = Annotated[Caller, Depends(ticket_key)]
ReceiptKey = Annotated[Caller, Depends(receipt_key)]
AnyPhone = Annotated[Phone, Depends(any_phone)]
OwnPhone = Annotated[Phone, Depends(phone)]
SignedIn = Annotated[Staff, Depends(staff)]
PerhapsSignedIn = Annotated[Staff | None, Depends(staff_or_none)]
OwnSession = Annotated[bytes, Depends(own_session)]
OwnStore = Annotated[StoreId, Depends(own_store)]


def _own_origins(configured: str | None, headers: Headers) -> frozenset[str]:
    """Return the configured origin; without one, what the browser itself took this server for."""
    if configured is not None:
        parts = urlsplit(configured)
        return frozenset({f"{parts.scheme}://{parts.netloc}"})
    host = headers.get("host", "")
    return frozenset({f"http://{host}", f"https://{host}"}) if host else frozenset()


def _bearer(request: Request) -> str:
    given = request.headers.get("authorization", "")
    secret = given[len(_BEARER) :].strip()
    if not given.lower().startswith(_BEARER) or not 0 < len(secret) <= MOST_CHARACTERS:
        raise _unauthorized("Authorization: Bearer …")
    return secret


def _refused(request: Request, buckets: Limits, wanted: str) -> ProblemError:
    buckets.draw(Limit.REFUSED, peer(request))
    return _unauthorized(wanted)


def _unauthorized(wanted: str) -> ProblemError:
    detail = f"This needs {wanted} that is valid here."
    return ProblemError(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
