"""Events and facts of other channels, as tests say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shopbell_server.core.channels.facts import ChannelFact, Kind
from shopbell_server.core.channels.tracked import Call, Dropped, Tracked, tracked
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import Millis, ProfileId, StoreId

if TYPE_CHECKING:
    from shopbell_server.core.ids import LinkId

NOW: Final = Millis(1_795_262_400_000)
"""2026-11-21T12:00:00Z."""

EVERYTHING: Final = frozenset(Purpose)
HERE: Final = StoreId("ams-01")
ADA: Final = ProfileId("ada")


def said(call: Call = "track", event: str | None = "Order Completed", **more: Any) -> Tracked:
    raw = {"type": call, "messageId": "m-1", "userId": "ada", **more}
    if event is not None:
        raw["event"] = event
    found = tracked(raw, None, sent=None, received_ms=NOW, stands_for="?")
    assert isinstance(found, Tracked), found
    return found


def not_said(raw: object, call: Call | None = None, sent: object = None) -> Dropped:
    found = tracked(raw, call, sent=sent, received_ms=NOW, stands_for="?")
    assert isinstance(found, Dropped), found
    return found


def fact(
    kind: Kind = Kind.PICKUP,
    state: str = "ready",
    key: str = "1042",
    *,
    at_ms: int = NOW,
    store: str | None = None,
    due_ms: int | None = None,
    profile: ProfileId = ADA,
    mark: bytes = bytes(16),
    said_by: LinkId | None = None,
    **words: str,
) -> ChannelFact:
    return ChannelFact(
        profile=profile,
        kind=kind,
        key=key,
        state=state,
        at_ms=Millis(at_ms),
        mark=mark,
        store=None if store is None else StoreId(store),
        due_ms=None if due_ms is None else Millis(due_ms),
        words=tuple(sorted(words.items())),
        said_by=said_by,
    )
