"""Who asks for what is known of her: the customer, by her phone or at her own page.

Owns: which credentials `/me` and `/v1/me` take, and asking for a fresh proof.
Never: what she may do. Staff have a cookie of another name, and neither opens a door of the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Header, Request

from shopbell_server.core.access.credentials import MOST_CHARACTERS, fingerprint
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.usecases.customers.customer_page import Customer, customer_of
from shopbell_server.usecases.customers.fresh_proof import ByPage, ByTicket
from shopbell_server.web.access.session_cookies import PAGE_COOKIE
from shopbell_server.web.access.who import Buckets, Here, any_phone, own_page, phone
from shopbell_server.web.http.problems import ProblemError

if TYPE_CHECKING:
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.usecases.customers.fresh_proof import Proof
    from shopbell_server.web.http.limits import Limits
    from shopbell_server.web.services import Services

TICKET_HEADER: Final = "Shopbell-Ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Herself:
    """A customer who asks about herself: `secret` is what she presented."""

    enrolment: Enrolment
    secret: str = field(repr=False)
    page: Customer | None
    """None: her phone asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A customer who brings a proof; `fresh_proof.prove` says whether it holds."""

    enrolment: Enrolment
    secret: str = field(repr=False)
    proof: Proof


def on_her_page(request: Request, here: Here, buckets: Buckets) -> Customer | None:
    """Return who is signed in at `/me` on this browser."""
    return _on_page(request, here, buckets, counts_as_use=True)


def on_her_page_unasked(request: Request, here: Here, buckets: Buckets) -> Customer | None:
    """Return the same where the page asks by itself, which does not make the session longer."""
    return _on_page(request, here, buckets, counts_as_use=False)


def herself(request: Request, here: Here, buckets: Buckets) -> Herself:
    """Let a customer in: her phone by its device token, her browser by the session of her page.

    What a browser is to write must come from a page of ours.
    """
    if "authorization" in request.headers:
        found = phone(request, any_phone(request, here, buckets), buckets)
        return Herself(enrolment=found.enrolment, secret=found.secret, page=None)
    page = on_her_page(request, here, buckets)
    if page is None:
        raise ProblemError(
            401,
            "unauthorized",
            "This needs a device token, or the session of /me.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if request.method not in {"GET", "HEAD"}:
        own_page(request, here)
    return Herself(enrolment=page.enrolment, secret=PAGE_COOKIE.secret(request), page=page)


def proven(
    found: Annotated[Herself, Depends(herself)],
    ticket: Annotated[
        str | None,
        Header(
            alias=TICKET_HEADER,
            max_length=MOST_CHARACTERS,
            description="A ticket of her profile, as `POST /v1/app/tickets` gives; it is used up. Not needed "
            "in a session of /me that began within the last five minutes.",
        ),
    ] = None,
) -> Proven:
    """Let a customer in who brings a proof. A phone without a ticket has none."""
    if found.page is not None:
        proof: Proof = ByPage(session=found.page.session)
    elif ticket is not None:
        proof = ByTicket(ticket=ticket)
    else:
        raise not_proven()
    return Proven(enrolment=found.enrolment, secret=found.secret, proof=proof)


def not_proven() -> ProblemError:
    """Return the answer to a proof that is none: it is old, used, or somebody else's."""
    detail = (
        f"This needs a fresh proof: a ticket of hers in the header {TICKET_HEADER}, at most five minutes "
        "old and not used before; or open /me again from the app and ask within five minutes."
    )
    return ProblemError(403, "proof-needed", detail)


PerhapsOnPage = Annotated[Customer | None, Depends(on_her_page)]
PerhapsOnPageUnasked = Annotated[Customer | None, Depends(on_her_page_unasked)]
OwnData = Annotated[Herself, Depends(herself)]
OwnDataProven = Annotated[Proven, Depends(proven)]


def own_address(request: Request, origin: str | None) -> str:
    """Return where this server is reached; without a setting, as whoever asks reached it."""
    if origin is not None:
        return origin
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _on_page(
    request: Request, here: Services, buckets: Limits, *, counts_as_use: bool
) -> Customer | None:
    secret = PAGE_COOKIE.secret(request)
    if not secret:
        return None
    found = customer_of(here.database, secret, here.clock.now_ms(), counts_as_use=counts_as_use)
    if found is not None:
        buckets.draw(Limit.CUSTOMER, fingerprint(secret))
    return found
