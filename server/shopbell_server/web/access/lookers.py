"""Who looks at customers: somebody of the staff, or a system with an API key.

Owns: which credentials the routes that show people take, and as whom they see them.
Never: what they may see (`core.board.disclosure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from shopbell_server.core.access.api_keys import Scope
from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.web.access.spoken import spoken_language
from shopbell_server.web.access.who import (
    Buckets,
    Caller,
    Here,
    PerhapsSignedIn,
    caller_or_staff,
    own_session,
)

if TYPE_CHECKING:
    from shopbell_server.core.board.disclosure import Viewer
    from shopbell_server.core.ids import StoreId
    from shopbell_server.core.language import Language
    from shopbell_server.core.registry import Staff
    from shopbell_server.web.http.limits import Limits
    from shopbell_server.web.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """Who looks; `session` is the fingerprint of what they presented, for the record of looks."""

    stores: frozenset[StoreId]
    """Those that exist for them."""
    viewer: Viewer
    language: Language
    session: bytes


def present_looker(
    request: Request, here: Here, buckets: Buckets, found: PerhapsSignedIn
) -> Looker:
    """Let staff in, and API keys with the scope `present`."""
    return _looker(request, here, buckets, found, Scope.PRESENT)


def visits_looker(request: Request, here: Here, buckets: Buckets, found: PerhapsSignedIn) -> Looker:
    """Let staff in, and API keys with the scope `visits`."""
    return _looker(request, here, buckets, found, Scope.VISITS)


PresentLooker = Annotated[Looker, Depends(present_looker)]
VisitsLooker = Annotated[Looker, Depends(visits_looker)]


def _looker(
    request: Request, here: Services, buckets: Limits, found: Staff | None, scope: Scope
) -> Looker:
    asks = caller_or_staff(request, here, buckets, found, scope)
    if isinstance(asks, Caller):
        with here.database.read() as work:
            stores = frozenset(each.id for each in work.registry.stores())
        return Looker(
            stores=stores,
            viewer="system",
            language=spoken_language(request, here),
            session=fingerprint(asks.secret),
        )
    return Looker(
        stores=asks.stores,
        viewer=asks.role,
        language=asks.language,
        session=own_session(request),
    )
