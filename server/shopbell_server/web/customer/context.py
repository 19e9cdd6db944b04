"""What every piece of the customer's page needs: words, language, and the query that keeps it.

Owns: the language that she gets, and the templates.
Never: what a page shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse

from shopbell_server.core.language import Language
from shopbell_server.usecases.customers.own_profile import own_profile
from shopbell_server.web.access.spoken import spoken_language
from shopbell_server.web.access.who import Here  # noqa: TC001  (FastAPI reads it)
from shopbell_server.web.customer.page_links import ENTRANCE
from shopbell_server.web.customer.words import (
    CHANNEL_KINDS,
    CHANNEL_STATES,
    EVENTS,
    HELD_BACK,
    IDENTIFIERS,
    PHONES,
    PURPOSES_OF_LOOKS,
    ROLES,
    said_of,
)
from shopbell_server.web.http.forms import fields_of
from shopbell_server.web.http.problems import Fault, ProblemError, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.catalogues import Voice
    from shopbell_server.usecases.customers.customer_page import Customer
    from shopbell_server.web.services import Services


def chosen_language(
    here: Here, language: Annotated[str | None, Query(max_length=35)] = None
) -> Language | None:
    """Return the language that an address names, if any. Raises ProblemError if it is none of ours."""
    if language is None or language in here.catalogues.languages:
        return language
    allowed = ", ".join(here.catalogues.languages)
    raise invalid([Fault(field="language", got="something else", allowed=allowed)])


Chosen = Annotated[Language | None, Depends(chosen_language)]
"""The language that she chose on the page; without it her profile's, or her browser's."""


def context_of(here: Services, voice: Voice, chosen: Language | None) -> dict[str, Any]:
    """Return what every piece of the page needs."""
    languages = here.catalogues.languages
    return {
        "others": [here.catalogues.voice(each) for each in languages if each != voice.language],
        "chosen": chosen_query(chosen),
        "demo": here.site.demo,
        "held_back": HELD_BACK,
        "phones": PHONES,
        "channel_kinds": CHANNEL_KINDS,
        "channel_states": CHANNEL_STATES,
        "role_of": lambda key: said_of(ROLES, key, voice),
        "purpose_of": lambda key: said_of(PURPOSES_OF_LOOKS, key, voice),
        "event_of": lambda key: said_of(EVENTS, key, voice),
        "identifier_of": lambda key: said_of(IDENTIFIERS, key, voice),
        "language_of": voice.name_of,
    }


def language_for(
    request: Request, here: Services, chosen: Language | None, hers: str | None
) -> Language:
    """Return the language of the page: the chosen one, `hers` if it is one of ours, else the browser's."""
    known = None if hers is None else here.catalogues.known(hers)
    return chosen or known or spoken_language(request, here)


def own_language(
    request: Request, here: Services, found: Customer, chosen: Language | None
) -> Language:
    """Return the same for somebody who is signed in, by her profile."""
    if chosen is not None:
        return chosen
    with here.database.read() as work:
        profile = own_profile(work, found.enrolment).profile
    return language_for(request, here, None, None if profile is None else profile.language)


def chosen_query(chosen: Language | None, *, said: str | None = None) -> str:
    """Return the query that keeps the language that she chose, and says what happened."""
    parts = {"language": chosen, "said": said}
    query = "&".join(f"{key}={value}" for key, value in parts.items() if value is not None)
    return f"?{query}" if query else ""


def to_door(chosen: Language | None, *, said: str | None = None) -> RedirectResponse:
    """Lead to the door: who is not signed in, or not any more."""
    return RedirectResponse(f"{ENTRANCE}{chosen_query(chosen, said=said)}", 303)


def form_of(body: bytes) -> Mapping[str, str]:
    """Return the fields of a form; of several of one name the first."""
    try:
        return fields_of(body)
    except ValueError:
        raise not_as_described("form") from None


def not_as_described(field: str) -> ProblemError:
    """Return the answer to a form that is none of ours."""
    return ProblemError(422, "invalid", f"Not as described: {field}. Use the page's own forms.")
