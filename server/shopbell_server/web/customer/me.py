"""`/v1/me…`: what is known of a customer, for her phone and for her page.

Owns: what is answered.
Never: taking it along and being forgotten, which want a fresh proof; the page (`me_pages`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request

from shopbell_server.usecases.customers.known import here_now, known_of
from shopbell_server.web.access.customers import OwnData, own_address
from shopbell_server.web.access.spoken import spoken_voice
from shopbell_server.web.access.who import Here
from shopbell_server.web.customer.bodies import MeOut, NowOut, here_out, me_out
from shopbell_server.web.customer.consent_receipts import ConsentReceiptOut, receipt_of
from shopbell_server.web.http.problems import Problem
from shopbell_server.web.http.times import moment

if TYPE_CHECKING:
    from shopbell_server.core.ids import PersonId
    from shopbell_server.web.services import Services

routes: Final = APIRouter(
    prefix="/v1/me",
    tags=["me"],
    responses={status: {"model": Problem} for status in (401, 429, 503)},
)


@routes.get("")
def get_me(request: Request, found: OwnData, here: Here) -> MeOut:
    """Return what is known of this enrolment: who looked, who received it, where it is recognised now."""
    now_ms = here.clock.now_ms()
    known = known_of(here.database, now_ms, here.site.rules, found.enrolment)
    voice = spoken_voice(request, here)
    return me_out(known, now_ms, dict(here.site.notice.recipients), voice)


@routes.get("/now")
def get_now(request: Request, found: OwnData, here: Here) -> NowOut:
    """Return where this enrolment is recognised now. Cheap enough to ask every few seconds."""
    now_ms = here.clock.now_ms()
    voice = spoken_voice(request, here)
    recognised = here_now(here.database, now_ms, here.site.rules, found.enrolment)
    return NowOut(at=moment(now_ms), recognised_now=[here_out(each, voice) for each in recognised])


@routes.get("/receipt")
def get_receipt(request: Request, found: OwnData, here: Here) -> ConsentReceiptOut:
    """Return the receipt of everything that she said about her consents (ISO/IEC TS 27560)."""
    return own_receipt(here, found.enrolment.person, own_address(request, here.site.origin))


def own_receipt(here: Services, person: PersonId, address: str) -> ConsentReceiptOut:
    """Return the receipt of one enrolment as of now."""
    now_ms = here.clock.now_ms()
    with here.database.read() as work:
        entries = work.ledger.entries([person]).get(person, ())
    return receipt_of(
        receipt_id=here.entropy.uuid7(now_ms),
        person=person,
        entries=entries,
        notice=here.site.notice,
        texts=here.site.texts,
        page=f"{address}/me",
        now_ms=now_ms,
    )
