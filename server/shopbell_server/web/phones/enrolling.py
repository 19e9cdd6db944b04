"""`/v1/app/…`: what the retailer's app and its backend call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.usecases.consent.consents import change_consents, leave, standing_of
from shopbell_server.usecases.customers.enrol import NotEnrolled, enrol, make_ticket, note_ticket
from shopbell_server.usecases.customers.issue import NotIssued, issue_tokens
from shopbell_server.usecases.customers.notices import unread
from shopbell_server.usecases.once import once
from shopbell_server.web.access.who import AnyPhone, Buckets, Here, OwnPhone, TicketKey, peer
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.problems import Fault, Problem, ProblemError, invalid, not_found
from shopbell_server.web.phones.bodies import (
    ConsentIn,
    ConsentsChangedOut,
    ConsentsIn,
    ConsentsOut,
    EnrolmentIn,
    EnrolmentOut,
    TicketIn,
    TicketOut,
    TokensOut,
    enrolment_out,
    purposes_out,
    receipt_out,
    ticket_out,
    tokens_out,
)
from shopbell_server.web.phones.notices import notices_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.web.services import Services

PROBLEMS: Final[dict[int | str, dict[str, object]]] = {
    status: {"model": Problem} for status in (401, 409, 413, 415, 422, 429, 503)
}

routes: Final = APIRouter(prefix="/v1/app", tags=["app"], responses=PROBLEMS)


@routes.post(
    "/tickets",
    openapi_extra=DESCRIBED,
    status_code=201,
    response_model=TicketOut,
    responses={403: {"model": Problem, "description": "The API key has not the scope tickets."}},
)
def post_ticket(request: Request, body: TicketIn, caller: TicketKey, here: Here) -> Response:
    """Make a ticket with which one phone may enrol for a profile within five minutes."""

    def act(work: UnitOfWork) -> bytes:
        now_ms = here.clock.now_ms()
        order = body.order(caller.name)
        ticket = make_ticket(work, here.entropy, order, now_ms, here.site.guards)
        note_ticket(work, ticket, now_ms, key_name=caller.name, key_secret=caller.secret)
        return ticket_out(ticket).model_dump_json().encode()

    return _json(carry_out(here, request, caller.secret, body, act), 201)


@routes.post(
    "/enrolments",
    openapi_extra=DESCRIBED,
    status_code=201,
    response_model=EnrolmentOut,
    responses={410: {"model": Problem, "description": "The ticket is unknown, used or expired."}},
)
def post_enrolment(request: Request, body: EnrolmentIn, here: Here, buckets: Buckets) -> Response:
    """Enrol a phone with a ticket; the answer holds everything it needs, once."""
    buckets.draw(Limit.STRANGERS, peer(request))
    buckets.draw(Limit.TICKET, fingerprint(body.ticket))

    def act(work: UnitOfWork) -> bytes | NotEnrolled:
        _require_known_texts(here, body.consents)
        enrolled = enrol(
            work,
            here.entropy,
            here.clock.now_ms(),
            ticket=body.ticket,
            phone_model=body.phone_model,
            said=[consent.said() for consent in body.consents],
            sinks=here.site.sinks,
            guards=here.site.guards,
        )
        if isinstance(enrolled, NotEnrolled):
            return enrolled
        return enrolment_out(enrolled, here.site).model_dump_json().encode()

    outcome = carry_out(here, request, body.ticket, body, act)
    if outcome is NotEnrolled.TOO_MANY:
        detail = (
            "As many phones are enrolled for this customer as may be. Leave on one of them first."
        )
        raise ProblemError(409, "too-many-phones", detail)
    if isinstance(outcome, NotEnrolled):
        # Drawn on by tickets that are none alone: who guesses is slowed down, and nobody beside them.
        buckets.draw(Limit.REFUSED, peer(request))
        detail = "The ticket is unknown, used or older than five minutes. Ask for a new one."
        raise ProblemError(410, "ticket-invalid", detail)
    return _json(outcome, 201)


@routes.get(
    "/tokens",
    response_model=TokensOut,
    responses={403: {"model": Problem, "description": "recognise_in_store is not given."}},
)
def get_tokens(found: OwnPhone, here: Here) -> Response:
    """Return seven days of tokens, from the current window on."""

    def act(work: UnitOfWork) -> bytes | NotIssued:
        supply = issue_tokens(work, found.enrolment, here.clock.now_ms(), here.aes)
        if isinstance(supply, NotIssued):
            return supply
        notices = unread(work, found.enrolment.person, here.clock.now_ms())
        return tokens_out(supply.tokens, notices, here.site).model_dump_json().encode()

    outcome = once(here.database, None, here.clock.now_ms(), act)
    if not isinstance(outcome, bytes):
        detail = "Tokens need the consent recognise_in_store."
        raise ProblemError(403, "no-consent", detail)
    return _json(outcome, 200)


@routes.get("/consents")
def get_consents(found: OwnPhone, here: Here) -> ConsentsOut:
    """Return how every purpose stands."""
    person, now_ms = found.enrolment.person, here.clock.now_ms()
    with here.database.read() as work:
        standing = standing_of(work, person, now_ms)
        notices = unread(work, person, now_ms)
    return ConsentsOut(purposes=purposes_out(standing), notices=notices_out(notices))


@routes.put("/consents", openapi_extra=DESCRIBED, response_model=ConsentsChangedOut)
def put_consents(request: Request, body: ConsentsIn, found: OwnPhone, here: Here) -> Response:
    """Turn purposes on and off. What is withdrawn is off when this answers."""
    stores: set[StoreId] = set()

    def act(work: UnitOfWork) -> bytes:
        _require_known_texts(here, body.consents)
        changed = change_consents(
            work,
            here.entropy,
            here.clock.now_ms(),
            enrolment=found.enrolment,
            said=[consent.said() for consent in body.consents],
            rules=here.site.rules,
            sinks=here.site.sinks,
        )
        stores.update(changed.stores)
        out = ConsentsChangedOut(
            purposes=purposes_out(changed.standing), receipt=receipt_out(changed.receipt)
        )
        return out.model_dump_json().encode()

    answer = carry_out(here, request, found.secret, body, act)
    _announce(here, stores, found.enrolment.person)
    return _json(answer, 200)


@routes.delete(
    "/enrolments/{enrolment_id}",
    openapi_extra=DESCRIBED,
    status_code=204,
    response_class=Response,
    responses={404: {"model": Problem, "description": "It is not this phone's enrolment."}},
)
def delete_enrolment(request: Request, enrolment_id: str, found: AnyPhone, here: Here) -> Response:
    """Withdraw everything and end the enrolment. Asking again is fine: it has ended."""
    if enrolment_id != found.enrolment.person:
        raise not_found("enrolment")
    stores: set[StoreId] = set()

    def act(work: UnitOfWork) -> bytes:
        stores.update(
            leave(
                work,
                here.entropy,
                here.clock.now_ms(),
                enrolment=found.enrolment,
                rules=here.site.rules,
                sinks=here.site.sinks,
            )
        )
        return b""

    carry_out(here, request, found.secret, None, act)
    _announce(here, stores, found.enrolment.person)
    return Response(status_code=204)


def _require_known_texts(here: Services, consents: Sequence[ConsentIn]) -> None:
    """Refuse what names a text that there never was. What she takes back counts whatever she read."""
    faults = [
        Fault(field=f"consents[{number}].text_sha256", got="the hash of no text", allowed=allowed)
        for number, each in enumerate(consents)
        if each.state == "given"
        and (
            allowed := here.site.texts.why_unknown(
                each.purpose, each.text_version, each.text_sha256
            )
        )
    ]
    if faults:
        raise invalid(faults)


def _announce(here: Services, stores: Iterable[StoreId], person: PersonId) -> None:
    for store in stores:
        here.live.changed(store, [person])


def _json(body: bytes, status: int) -> Response:
    return Response(body, status, media_type="application/json")
