"""Which language somebody is answered in whose own is not known: what the browser puts first.

Owns: reading it from the request.
Never: which languages there are (`catalogues`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request

    from shopbell_server.catalogues import Voice
    from shopbell_server.core.language import Language
    from shopbell_server.web.services import Services


def spoken_language(request: Request, here: Services) -> Language:
    """Return the language that the browser puts first if there is a catalogue for it, else English."""
    return here.catalogues.first_of(request.headers.get("accept-language", ""))


def spoken_voice(request: Request, here: Services) -> Voice:
    """Return the same as what says texts in it."""
    return here.catalogues.voice(spoken_language(request, here))
