"""The pages for people: signing in, and the board."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from shopbell_server.core.access.credentials import MOST_CHARACTERS, fingerprint
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.core.access.staff_session import SESSION_MS
from shopbell_server.core.board.disclosure import TABLE, Field
from shopbell_server.core.ids import StaffId
from shopbell_server.core.language import N_, NN_
from shopbell_server.usecases.staff.sign_in import follow_link, may_try, sign_in, sign_out
from shopbell_server.web.access.oidc.attempts import BY_PROVIDER_COOKIE
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.access.sign_in_page import passwords_open, sign_in_page
from shopbell_server.web.access.spoken import spoken_voice
from shopbell_server.web.access.who import (
    Buckets,
    Here,
    PerhapsSignedIn,
    own_page,
    peer,
)
from shopbell_server.web.http import limits
from shopbell_server.web.http.forms import fields_of
from shopbell_server.web.http.problems import Fault, Problem, ProblemError, count, invalid
from shopbell_server.web.http.rendering import render
from shopbell_server.web.words import SCRIPT_WORDS

if TYPE_CHECKING:
    from shopbell_server.core.ids import StoreId
    from shopbell_server.core.registry import Staff, Store
    from shopbell_server.usecases.staff.sign_in import SignedIn
    from shopbell_server.web.services import Services


Next = Annotated[Literal["/board", "/admin", "/demo"], Query(alias="next")]
"""Where signing in leads. A closed list: a link from elsewhere must not lead anywhere else."""

routes: Final = APIRouter(tags=["pages"])

_LINK_USED: Final = N_("This link was used before or has expired. Sign in with name and password.")
_TOO_OFTEN: Final = NN_(
    "Tried too often. Wait {n} second, then try again.",
    "Tried too often. Wait {n} seconds, then try again.",
)
_WRONG: Final = N_("The name or the password is wrong. Try again.")


@routes.get("/", include_in_schema=False)
async def get_root() -> RedirectResponse:
    """Lead to the board."""
    return RedirectResponse("/board", 303)


@routes.get("/favicon.ico", include_in_schema=False)
async def get_icon() -> RedirectResponse:
    """Lead to the icon: browsers ask here where an answer is no page."""
    return RedirectResponse("/static/bell.svg", 308)


@routes.get("/login", include_in_schema=False)
def get_login(
    request: Request,
    here: Here,
    buckets: Buckets,
    found: PerhapsSignedIn,
    link: Annotated[str | None, Query(max_length=MOST_CHARACTERS)] = None,
    leads_to: Next = "/board",
) -> Response:
    """Show the form; with a one-use link, sign in."""
    if link is None:
        return RedirectResponse(leads_to, 303) if found else sign_in_page(request, here)
    buckets.draw(Limit.STRANGERS, peer(request))
    signed_in = follow_link(here.database, here.entropy, here.clock.now_ms(), link)
    if signed_in is None:
        if found:
            return RedirectResponse(leads_to, 303)
        return sign_in_page(request, here, spoken_voice(request, here).gettext(_LINK_USED), 401)
    return _welcome(RedirectResponse(leads_to, 303), signed_in)


@routes.post(
    "/login",
    dependencies=[Depends(own_page)],
    responses={status: {"model": Problem} for status in (401, 403, 422, 429)},
)
async def post_login(
    request: Request, here: Here, buckets: Buckets, leads_to: Next = "/board"
) -> Response:
    """Sign in with `staff` and `password`, as a form (leads to `next`) or as JSON (204)."""
    is_form = "json" not in request.headers.get("content-type", "")
    if not passwords_open(here):
        raise ProblemError(403, "no-passwords", "Sign in with your work account, at /login.")
    name, password = _credentials(await request.body(), is_form=is_form)
    try:
        buckets.draw(Limit.STRANGERS, peer(request))
        # First here, where it costs nothing; then in the database, where all processes count together.
        buckets.draw(Limit.PASSWORD, fingerprint(name))
        wait = await run_in_threadpool(
            may_try, here.database, name, buckets.allowance(Limit.PASSWORD), here.clock.now_ms()
        )
        if wait is not None:
            raise limits.too_often(wait)
    except ProblemError as error:
        wait_s = error.headers["Retry-After"]
        if not is_form:
            raise
        count(error.kind)
        said = spoken_voice(request, here).ngettext(*_TOO_OFTEN, int(wait_s)).format(n=wait_s)
        return sign_in_page(request, here, said, 429, {"Retry-After": wait_s})
    async with buckets.passwords:
        signed_in = await run_in_threadpool(
            sign_in,
            here.database,
            here.passwords,
            here.entropy,
            here.clock.now_ms(),
            staff=StaffId(name),
            password=password,
        )
    if signed_in is None:
        now_ms = here.clock.now_ms()
        await run_in_threadpool(here.refusals.count, here.database, StaffId(name), now_ms)
        if not is_form:
            raise ProblemError(401, "wrong", "The name or the password is wrong.")
        count("wrong")
        return sign_in_page(request, here, spoken_voice(request, here).gettext(_WRONG), 401)
    return _welcome(RedirectResponse(leads_to, 303) if is_form else Response(None, 204), signed_in)


@routes.post("/logout", dependencies=[Depends(own_page)])
async def post_logout(request: Request, here: Here) -> Response:
    """Sign out, here and on every screen with this session. Doing it again is fine.

    A stream that is open elsewhere ends within seconds, and no other is opened. Who came by the provider is
    led there, if it takes that: else the next one at this tablet would be let in as them.
    """
    await run_in_threadpool(sign_out, here.database, STAFF_COOKIE.secret(request))
    answer = await _led_out(request, here)
    STAFF_COOKIE.drop(answer)
    BY_PROVIDER_COOKIE.drop(answer)
    return answer


@routes.get("/board", include_in_schema=False)
def get_board(
    request: Request,
    here: Here,
    found: PerhapsSignedIn,
    store: Annotated[str | None, Query(max_length=128)] = None,
) -> Response:
    """Show who is here. The page is empty at first; the stream fills it."""
    if found is None:
        return RedirectResponse("/login", 303)
    stores = own_stores(here, found)
    chosen = next((each for each in stores if each.id == store), stores[0] if stores else None)
    may_look = found.role in TABLE[Field.HANDLE].viewers
    voice = here.catalogues.voice(found.language)
    context = {
        "staff": found,
        "stores": stores,
        "store": chosen,
        "live": chosen is not None and may_look,
        "may_look": may_look,
        "demo": here.site.demo,
        "script_words": voice.script_words(SCRIPT_WORDS),
        "off_board_s": here.site.rules.off_board_ms // 1000,
    }
    return render(request, voice, "board.html", context)


def own_stores(here: Services, found: Staff) -> list[Store]:
    """Return the stores of somebody of the staff, by name."""
    with here.database.read() as work:
        known: dict[StoreId, Store] = {each.id: each for each in work.registry.stores()}
    own = (known[each] for each in found.stores if each in known)
    return sorted(own, key=lambda each: (each.name, each.id))


async def _led_out(request: Request, here: Services) -> Response:
    if here.accounts is not None and BY_PROVIDER_COOKIE.secret(request):
        provider = here.accounts.provider
        url = await provider.way_out()
        if url is not None:
            context = {"leads_to": url, "host": provider.host, "demo": here.site.demo}
            return render(request, spoken_voice(request, here), "signed_out.html", context)
    return RedirectResponse("/login", 303)


def _credentials(body: bytes, *, is_form: bool) -> tuple[str, str]:
    """Return name and password as they were typed. Raises ProblemError where there is none."""
    try:
        given: object = fields_of(body) if is_form else json.loads(body)
    except (ValueError, RecursionError):
        given = None
    fields = given if isinstance(given, dict) else {}
    name, password = fields.get("staff"), fields.get("password")
    if isinstance(name, str) and isinstance(password, str) and _is_short(name, password):
        return name.strip(), password
    allowed = "text of at most 1024 characters"
    faults = [
        Fault(field=field, got="nothing" if value is None else "something else", allowed=allowed)
        for field, value in (("staff", name), ("password", password))
        if not isinstance(value, str) or not _is_short(value)
    ]
    raise invalid(faults)


def _is_short(*texts: str) -> bool:
    """Return whether hashing it costs no more than argon2 itself."""
    return all(len(text) <= 1024 and text.isprintable() for text in texts)  # noqa: PLR2004  (said in the message)


def _welcome(answer: Response, signed_in: SignedIn) -> Response:
    STAFF_COOKIE.put(answer, signed_in.secret, SESSION_MS // 1000)
    return answer
