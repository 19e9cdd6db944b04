"""`/me`: the customer's own page: her pass, what is allowed, what is known, who looked.

Owns: the page and its forms. It works without scripts, but for the pass, which then shows one code at a time.
Never: what programs ask (`me`), or what is known (`usecases.customers.known`).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from shopbell_server.core.access.credentials import MOST_CHARACTERS
from shopbell_server.core.access.customer_sessions import SESSION_MS
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.core.consent.ledger import Place, Purpose
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.usecases.consent.consents import Said, change_consents
from shopbell_server.usecases.consent.held_back import NotLetGo, let_go
from shopbell_server.usecases.customers.customer_page import enter, leave_page
from shopbell_server.usecases.customers.known import here_now, known_of
from shopbell_server.usecases.once import once
from shopbell_server.web.access.customers import PerhapsOnPage, PerhapsOnPageUnasked, own_address
from shopbell_server.web.access.session_cookies import PAGE_COOKIE
from shopbell_server.web.access.who import Buckets, Here, own_page, peer
from shopbell_server.web.customer.bodies import here_out, me_out
from shopbell_server.web.customer.context import (
    Chosen,
    chosen_query,
    context_of,
    form_of,
    language_for,
    not_as_described,
    own_language,
    to_door,
)
from shopbell_server.web.customer.me import own_receipt
from shopbell_server.web.customer.page_links import ENTRANCE
from shopbell_server.web.customer.pass_drawing import drawn_pass
from shopbell_server.web.customer.words import SAID
from shopbell_server.web.http.problems import ProblemError
from shopbell_server.web.http.rendering import render
from shopbell_server.web.http.times import moment

if TYPE_CHECKING:
    from shopbell_server.core.consent.texts import ConsentText
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import StoreId
    from shopbell_server.core.language import Language
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.customers.customer_page import Customer
    from shopbell_server.web.customer.pass_drawing import DrawnPass
    from shopbell_server.web.services import Services

FOR_TODAY: Final = frozenset(Purpose) - {Purpose.SHARE_WITH_CDP, Purpose.MESSAGES}
"""What may be allowed for one day: what happens in the store while she is there. What others were told, or a
message that she gets next week, is not over with the day."""

routes: Final = APIRouter(tags=["me"], include_in_schema=False)


@routes.get("/me")
def get_page(
    request: Request,
    here: Here,
    found: PerhapsOnPage,
    chosen: Chosen,
    said: Literal["text_changed"] | None = None,
) -> Response:
    """Show her page; lead who is not signed in to the door."""
    if found is None:
        return to_door(chosen)
    now_ms = here.clock.now_ms()
    known = known_of(here.database, now_ms, here.site.rules, found.enrolment)
    voice = here.catalogues.voice(language_for(request, here, chosen, known.language))
    out = me_out(known, now_ms, dict(here.site.notice.recipients), voice)
    context = context_of(here, voice, chosen) | {
        "me": out,
        "said": None if said is None else voice.gettext(SAID[said]),
        "drawn": _drawn(here, found.enrolment),
        "texts": {each: here.site.texts.of(each, voice.language) for each in Purpose},
        "for_today": FOR_TODAY,
        "recognise": here.site.texts.of(Purpose.RECOGNISE_IN_STORE, voice.language).title,
        "allowed": {each.purpose: each for each in out.purposes},
        "timezone": _timezone(here),
        "notice": here.site.notice,
    }
    return render(request, voice, "me.html", context)


@routes.get(ENTRANCE)
def get_door(
    request: Request,
    here: Here,
    chosen: Chosen,
    said: Literal["ended", "erased"] | None = None,
) -> Response:
    """Show the door: the secret of a link stands behind the `#`, and only the button sends it."""
    return _door(request, here, chosen, said, 200)


@routes.post(ENTRANCE, dependencies=[Depends(own_page)])
async def post_door(request: Request, here: Here, buckets: Buckets, chosen: Chosen) -> Response:
    """Use a link up and let her in."""
    buckets.draw(Limit.STRANGERS, peer(request))
    secret = form_of(await request.body()).get("link", "").strip().lstrip("#")[:MOST_CHARACTERS]
    entered = await run_in_threadpool(
        enter, here.database, here.entropy, here.clock.now_ms(), secret
    )
    if entered is None:
        # Drawn on by links that are none alone, as by every credential.
        buckets.draw(Limit.REFUSED, peer(request))
        return _door(request, here, chosen, "link_used", 401)
    answer = RedirectResponse(f"/me{chosen_query(chosen)}", 303)
    PAGE_COOKIE.put(answer, entered.secret, SESSION_MS // 1000)
    return answer


@routes.post("/me/leave", dependencies=[Depends(own_page)])
def post_leave(request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen) -> Response:
    """Sign out. Doing it again is fine. The door speaks the language that the page did."""
    language = chosen if found is None else own_language(request, here, found, chosen)
    leave_page(here.database, PAGE_COOKIE.secret(request))
    answer = to_door(language, said="ended")
    PAGE_COOKIE.drop(answer)
    return answer


@routes.post("/me/consents", dependencies=[Depends(own_page)])
async def post_consents(
    request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen
) -> Response:
    """Switch one purpose on, off, or on for today. Off is off when this answers."""
    if found is None:
        return to_door(chosen)
    form = form_of(await request.body())
    try:
        purpose = Purpose(form.get("purpose", ""))
    except ValueError:
        raise not_as_described("purpose") from None
    state = form.get("state", "")
    if state not in {"on", "off", "today"} or (state == "today" and purpose not in FOR_TODAY):
        raise not_as_described("state")
    language = language_for(request, here, chosen, form.get("text_language"))
    text = here.site.texts.of(purpose, language)
    if state != "off" and form.get("text_sha256") != text.sha256:
        return RedirectResponse(f"/me{chosen_query(chosen, said='text_changed')}", 303)
    await run_in_threadpool(_change, here, found, text, state)
    return RedirectResponse(f"/me{chosen_query(chosen)}#{purpose}", 303)


@routes.post("/me/let-go", dependencies=[Depends(own_page)])
async def post_let_go(
    request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen
) -> Response:
    """Let go of another device of hers whose consent ran out; what it is not is left as it is."""
    if found is None:
        return to_door(chosen)
    other = PersonId(form_of(await request.body()).get("enrolment", ""))
    await run_in_threadpool(_let_go, here, found, other)
    return RedirectResponse(f"/me{chosen_query(chosen)}#purposes-title", 303)


@routes.get("/me/pass")
def get_pass(request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen) -> Response:
    """Return the piece of the page that shows the pass, for the next ten minutes."""
    if found is None:
        raise _signed_out()
    voice = here.catalogues.voice(own_language(request, here, found, chosen))
    context = context_of(here, voice, chosen) | {"drawn": _drawn(here, found.enrolment)}
    return render(request, voice, "me_pass.html", context)


@routes.get("/me/here")
def get_here(request: Request, here: Here, found: PerhapsOnPageUnasked, chosen: Chosen) -> Response:
    """Return the piece of the page that says where she is recognised now. The page asks by itself."""
    if found is None:
        raise _signed_out()
    now_ms = here.clock.now_ms()
    voice = here.catalogues.voice(own_language(request, here, found, chosen))
    recognised = here_now(here.database, now_ms, here.site.rules, found.enrolment)
    context = context_of(here, voice, chosen)
    context["recognised_now"] = [here_out(each, voice) for each in recognised]
    return render(request, voice, "me_here.html", context)


@routes.get("/me/receipt")
def get_receipt(request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen) -> Response:
    """Return the receipt of her consents as a file to keep."""
    if found is None:
        return to_door(chosen)
    address = own_address(request, here.site.origin)
    receipt = own_receipt(here, found.enrolment.person, address)
    return Response(
        receipt.model_dump_json(indent=2),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="consent-receipt.json"'},
    )


def _let_go(here: Services, found: Customer, other: PersonId) -> None:
    stores: set[StoreId] = set()

    def act(work: UnitOfWork) -> bytes | NotLetGo:
        outcome = let_go(
            work,
            here.entropy,
            here.clock.now_ms(),
            enrolment=found.enrolment,
            other=other,
            rules=here.site.rules,
            sinks=here.site.sinks,
        )
        if isinstance(outcome, NotLetGo):
            return outcome
        stores.update(outcome)
        return b""

    once(here.database, None, here.clock.now_ms(), act)
    for store in stores:
        here.live.changed(store, [found.enrolment.person])


def _change(here: Services, found: Customer, text: ConsentText, state: str) -> None:
    stores: set[StoreId] = set()
    person: PersonId = found.enrolment.person
    said = Said(
        purpose=text.purpose,
        given=state != "off",
        text_version=text.version,
        text_sha256=text.sha256,
        language=text.language,
        until_ms=_midnight(here) if state == "today" else None,
    )

    def act(work: UnitOfWork) -> bytes:
        changed = change_consents(
            work,
            here.entropy,
            here.clock.now_ms(),
            enrolment=found.enrolment,
            said=[said],
            rules=here.site.rules,
            sinks=here.site.sinks,
            place=Place.PASS_PAGE,
            evidence="page_session",
        )
        stores.update(changed.stores)
        return b""

    # Twice is as good as once, so there is no Idempotency-Key: a browser has none.
    once(here.database, None, here.clock.now_ms(), act)
    for store in stores:
        here.live.changed(store, [person])


def _drawn(here: Services, enrolment: Enrolment) -> DrawnPass | None:
    with here.database.read() as work:
        card = work.people.card_of(enrolment.person)
    return None if card is None else drawn_pass(card, here.clock.now_ms())


def _door(
    request: Request,
    here: Services,
    chosen: Language | None,
    said: str | None,
    status: int,
) -> Response:
    voice = here.catalogues.voice(language_for(request, here, chosen, None))
    context = context_of(here, voice, chosen) | {
        "said": None if said is None else voice.gettext(SAID[said]),
        "erased": said == "erased",
        "notice": here.site.notice,
    }
    return render(request, voice, "me_door.html", context, status)


def _timezone(here: Services) -> str:
    """Return the time zone of times that belong to no store: the first store's."""
    with here.database.read() as work:
        stores = work.registry.stores()
    return stores[0].timezone if stores else "UTC"


def _midnight(here: Services) -> Millis:
    """Return the end of this day."""
    zone = ZoneInfo(_timezone(here))
    today = moment(here.clock.now_ms()).astimezone(zone).date()
    end = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(UTC)
    return Millis(int(end.timestamp() * 1000))


def _signed_out() -> ProblemError:
    return ProblemError(401, "not-signed-in", "Open /me again from the app.")
