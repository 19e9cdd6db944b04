"""The page at which staff sign in: by their work accounts, by name and password, or both.

Owns: what is offered, as the settings have it.
Never: signing anybody in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.web.access.spoken import spoken_voice
from shopbell_server.web.http.rendering import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request, Response

    from shopbell_server.web.services import Services


def sign_in_page(
    request: Request,
    here: Services,
    said: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the page; `said` is what went wrong before, in the language of the browser."""
    accounts = here.accounts
    context = {
        "said": said,
        "leads_to": request.query_params.get("next", "/board"),
        "demo": here.site.demo,
        "accounts_of": None if accounts is None else accounts.provider.host,
        "passwords": passwords_open(here),
    }
    return render(request, spoken_voice(request, here), "login.html", context, status, headers)


def passwords_open(here: Services) -> bool:
    """Return whether somebody can sign in with a password."""
    return here.accounts is None or not here.accounts.only
