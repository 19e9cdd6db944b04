"""What every piece of the customer's page needs: words, language, and the query that keeps it.

Owns: the language that she gets, and the templates.
Never: what a page shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import Query, Request
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates

from shopbell_server.core.language import LANGUAGES
from shopbell_server.usecases.customers.own_profile import own_profile
from shopbell_server.web.assets import TEMPLATES as FOLDER_OF_TEMPLATES
from shopbell_server.web.customer.page_links import ENTRANCE
from shopbell_server.web.customer.words import (
    EVENTS,
    IDENTIFIERS,
    LANGUAGE_NAMES,
    PURPOSES_OF_LOOKS,
    ROLES,
    clock_of,
    day_of,
    me_words,
    said_of,
)
from shopbell_server.web.http.forms import fields_of
from shopbell_server.web.http.problems import ProblemError
from shopbell_server.web.words import language_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Language
    from shopbell_server.usecases.customers.customer_page import Customer
    from shopbell_server.web.services import Services

Chosen = Annotated[Literal["nl", "en"] | None, Query(alias="language")]
"""The language that she chose on the page; without it her profile's, or her browser's."""

TEMPLATES: Final = Jinja2Templates(FOLDER_OF_TEMPLATES)


def context_of(here: Services, language: Language, chosen: Language | None) -> dict[str, Any]:
    """Return what every piece of the page needs."""
    return {
        "t": me_words(language),
        "language": language,
        "other": "en" if language == "nl" else "nl",
        "chosen": chosen_query(chosen),
        "demo": here.site.demo,
        "day_of": lambda at, timezone: day_of(at, timezone, language),
        "clock_of": clock_of,
        "role_of": lambda key: said_of(ROLES, key, language),
        "purpose_of": lambda key: said_of(PURPOSES_OF_LOOKS, key, language),
        "event_of": lambda key: said_of(EVENTS, key, language),
        "identifier_of": lambda key: said_of(IDENTIFIERS, key, language),
        "language_of": lambda key: said_of(LANGUAGE_NAMES, key, language),
    }


def language_for(request: Request, chosen: Language | None, hers: str | None) -> Language:
    """Return the language of the page: the chosen one, `hers` if it is one of ours, else the browser's."""
    if chosen is not None:
        return chosen
    spoken = "" if hers is None else hers.lower().split("-")[0]
    for ours in LANGUAGES:
        if ours == spoken:
            return ours
    return language_of(request.headers.get("accept-language", ""))


def own_language(
    request: Request, here: Services, found: Customer, chosen: Language | None
) -> Language:
    """Return the same for somebody who is signed in, by her profile."""
    if chosen is not None:
        return chosen
    with here.database.read() as work:
        profile = own_profile(work, found.enrolment).profile
    return language_for(request, None, None if profile is None else profile.language)


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
