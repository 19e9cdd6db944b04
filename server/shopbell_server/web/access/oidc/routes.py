"""Signing in with a work account: there, and back.

Owns: what a browser brings back, and what somebody reads who is not let in.
Never: what an address brings, in a text or a log. A code of ours says what was wrong; it is counted too.
"""

from __future__ import annotations

import hmac
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from shopbell_server.core.access.oidc_claims import Refusal, Refused
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.core.access.staff_session import SESSION_MS
from shopbell_server.core.language import N_
from shopbell_server.ports.provider import NotBelievedError, ProviderAwayError
from shopbell_server.usecases.staff.provider_sign_in import (
    ATTEMPT_MS,
    begin_attempt,
    sign_in_by_claims,
    take_attempt,
)
from shopbell_server.usecases.staff.refusals import NOBODY
from shopbell_server.web.access.oidc.attempts import (
    ATTEMPT_COOKIE,
    BY_PROVIDER_COOKIE,
    attempt_of,
)
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.access.sign_in_page import sign_in_page
from shopbell_server.web.access.spoken import spoken_voice
from shopbell_server.web.access.who import Buckets, Here, PerhapsSignedIn, peer
from shopbell_server.web.http.problems import count, not_found
from shopbell_server.web.services import WorkAccounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.usecases.staff.sign_in import SignedIn
    from shopbell_server.web.services import Services

MOST_CODE: Final = 8192
"""Of a code: providers' own have 20 to 2 000 characters."""

MOST_TEXT: Final = 512
"""Of what else comes back: state has 43, an issuer is an address."""

routes: Final = APIRouter(tags=["pages"])

_CANCELLED: Final = N_("You were not signed in: that was cancelled. Try again if you want to.")
_STALE: Final = N_("That took too long, or began in another window. Sign in again.")
_AWAY: Final = N_("Work accounts cannot be reached at the moment. Try again in a minute.")
_NOT_BELIEVED: Final = N_(
    "The answer about your account cannot be used, so you were not signed in. "
    "Tell the operator this word: {word}"
)
_REFUSED: Final[Mapping[Refusal, str]] = MappingProxyType(
    {
        Refusal.NO_ID: N_("Your account has no name that is known here. Ask the operator."),
        Refusal.UNVERIFIED: N_("The e-mail address of your account is not confirmed yet."),
        Refusal.DISABLED: N_("Your account may not be used here. Ask your manager."),
        Refusal.NO_ROLE: N_("Your account has no role here. Ask your manager."),
        Refusal.NO_STORE: N_("Your account belongs to no store yet. Ask your manager."),
        Refusal.UNKNOWN_STORE: N_("Your account's stores are not known here. Ask the operator."),
        Refusal.LOCAL: N_(
            "Somebody signs in here under this name with a password. Ask the operator."
        ),
    }
)

_BY_PEOPLE: Final = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
    }
)
_BY_OUTAGE: Final = frozenset({"server_error", "temporarily_unavailable"})


def accounts(here: Here) -> WorkAccounts:
    """Let only those on who can sign in so here."""
    if here.accounts is None:
        raise not_found("page")
    return here.accounts


Accounts = Annotated[WorkAccounts, Depends(accounts)]
Short = Annotated[str | None, Query(max_length=MOST_TEXT)]


@routes.get("/login/oidc", include_in_schema=False)
async def get_there(request: Request, here: Here, buckets: Buckets, work: Accounts) -> Response:
    """Send a browser to the provider."""
    buckets.draw(Limit.STRANGERS, peer(request))
    now_ms = here.clock.now_ms()
    secret = await run_in_threadpool(begin_attempt, here.database, here.entropy, now_ms)
    try:
        url = await work.provider.way_there(attempt_of(secret))
    except (ProviderAwayError, NotBelievedError) as error:
        return _failed(request, here, error)
    answer = RedirectResponse(url, 303)
    ATTEMPT_COOKIE.put(answer, secret, ATTEMPT_MS // 1000)
    return answer


@routes.get("/login/oidc/callback", include_in_schema=False)
async def get_back(  # noqa: PLR0913  (each is a part of the address, or of the program)
    request: Request,
    here: Here,
    buckets: Buckets,
    work: Accounts,
    found: PerhapsSignedIn,
    *,
    state: Short = None,
    iss: Short = None,
    error: Short = None,
    code: Annotated[str | None, Query(max_length=MOST_CODE)] = None,
) -> Response:
    """Let in who comes back from the provider, if this browser was sent there and the provider says who."""
    buckets.draw(Limit.STRANGERS, peer(request))
    secret = ATTEMPT_COOKIE.secret(request)
    attempt = attempt_of(secret)
    # Nobody else's attempt is used up by an address that somebody made this browser open.
    theirs = hmac.compare_digest(attempt.state.encode(), (state or "").encode())
    if not theirs or not await run_in_threadpool(
        take_attempt, here.database, secret, here.clock.now_ms()
    ):
        # Whoever goes back in the browser is here again, and signed in.
        return RedirectResponse("/board", 303) if found else _told(request, here, "stale", 400)
    if error is not None or code is None:
        return _done(_errored(request, here, error))
    try:
        claims = await work.provider.claims(attempt, code, iss)
    except (ProviderAwayError, NotBelievedError) as failed:
        return _done(_failed(request, here, failed))
    outcome = await run_in_threadpool(partial(_signed_in, here, work, claims))
    if isinstance(outcome, Refused):
        text = spoken_voice(request, here).gettext(_REFUSED[outcome.reason])
        count(f"oidc-{outcome.reason}")
        return _done(sign_in_page(request, here, text, 403))
    answer = RedirectResponse("/board", 303)
    STAFF_COOKIE.put(answer, outcome.secret, SESSION_MS // 1000)
    BY_PROVIDER_COOKIE.put(answer, "1", SESSION_MS // 1000)
    return _done(answer)


def _signed_in(
    here: Services, work: WorkAccounts, claims: Mapping[str, object]
) -> SignedIn | Refused:
    now_ms = here.clock.now_ms()
    outcome = sign_in_by_claims(
        here.database,
        here.entropy,
        now_ms,
        claims,
        rules=work.rules,
        languages=here.catalogues.languages,
        passwords_too=not work.only,
    )
    if isinstance(outcome, Refused):
        here.refusals.count(here.database, outcome.staff or NOBODY, now_ms)
    return outcome


def _errored(request: Request, here: Services, error: str | None) -> Response:
    """Return what is said where the provider brings an error in place of a code."""
    if error in _BY_PEOPLE:
        return _told(request, here, "cancelled", 401)
    if error in _BY_OUTAGE:
        return _told(request, here, "away", 503)
    return _failed(request, here, NotBelievedError("provider_error"))


def _failed(
    request: Request, here: Services, error: ProviderAwayError | NotBelievedError
) -> Response:
    if isinstance(error, ProviderAwayError):
        return _told(request, here, "away", 503)
    count(f"oidc-{error}")
    text = spoken_voice(request, here).gettext(_NOT_BELIEVED).format(word=error)
    return sign_in_page(request, here, text, 502)


def _told(request: Request, here: Services, kind: str, status: int) -> Response:
    count(f"oidc-{kind}")
    text = spoken_voice(request, here).gettext(_TEXTS[kind])
    return sign_in_page(request, here, text, status)


_TEXTS: Final = {"cancelled": _CANCELLED, "stale": _STALE, "away": _AWAY}


def _done(answer: Response) -> Response:
    ATTEMPT_COOKIE.drop(answer)
    return answer
