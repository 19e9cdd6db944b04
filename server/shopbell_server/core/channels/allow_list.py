"""Which events of other channels are kept, and which of their fields: data, and how it is read.

Owns: the list. The names are those of Segment's e-commerce specification where it has them.
Never: whose an event is. What the list does not name is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shopbell_server.core.channels.facts import ChannelFact, Kind, due_too_late, oldest_ms
from shopbell_server.core.channels.own_time import parsed
from shopbell_server.core.channels.tracked import Dropped, Tracked, id_of, text_of
from shopbell_server.core.ids import StoreId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import LinkId, Millis, ProfileId


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """What an event says: the fact, and the properties that it is read from, the first that is there."""

    kind: Kind
    state: str
    key: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    due: tuple[str, ...] = ()
    by_browser: bool = False
    """Whether a browser's key may say it. Anybody can, who has read the source of the page."""


_PRODUCT: Final = MappingProxyType({"product": ("product", "product_name", "name")})
"""Or the name of the first of `products`."""

_TOPIC: Final = MappingProxyType({"topic": ("topic",)})

_STATED: Final = MappingProxyType({"topic": ("topic",), "mood": ("mood",)})

MOODS: Final = frozenset({"positive", "neutral", "negative"})
"""As the customer or the agent stated it: nothing is inferred, and no other word is kept."""


def _order(state: str) -> Says:
    return Says(kind=Kind.ORDER, state=state, key=("order_id",), words=_PRODUCT)


def _pickup(state: str) -> Says:
    return Says(
        kind=Kind.PICKUP, state=state, key=("order_id",), words=_PRODUCT, due=("pickup_by",)
    )


def _return(state: str) -> Says:
    return Says(kind=Kind.RETURN, state=state, key=("return_id", "order_id"), words=_PRODUCT)


def _reservation(state: str) -> Says:
    return Says(
        kind=Kind.RESERVATION,
        state=state,
        key=("reservation_id",),
        words=_PRODUCT,
        due=("reserved_until",),
    )


def _appointment(state: str) -> Says:
    return Says(
        kind=Kind.APPOINTMENT,
        state=state,
        key=("appointment_id",),
        words=_TOPIC,
        due=("starts_at",),
    )


def _conversation(state: str) -> Says:
    return Says(
        kind=Kind.CONVERSATION,
        state=state,
        key=("ticket_id", "conversation_id"),
        words=_STATED,
    )


def _wish(state: str) -> Says:
    return Says(
        kind=Kind.WISH, state=state, key=("product_id", "sku"), words=_PRODUCT, by_browser=True
    )


ALLOWED: Final[Mapping[str, tuple[Says, ...]]] = MappingProxyType(
    {
        "order completed": (_order("completed"),),
        "order updated": (_order("updated"),),
        # What is not to be delivered is not to be picked up either.
        "order cancelled": (_order("cancelled"), _pickup("cancelled")),
        "order refunded": (_order("refunded"), _pickup("cancelled")),
        "order ready for pickup": (_pickup("ready"),),
        "order picked up": (_pickup("picked_up"),),
        "return requested": (_return("requested"),),
        "return received": (_return("received"),),
        "product reserved": (_reservation("reserved"),),
        "reservation cancelled": (_reservation("cancelled"),),
        "appointment booked": (_appointment("booked"),),
        "appointment moved": (_appointment("booked"),),
        "appointment cancelled": (_appointment("cancelled"),),
        "appointment kept": (_appointment("kept"),),
        **{
            f"{what} {state}": (_conversation(state),)
            for what in ("support ticket", "support conversation", "conversation")
            for state in ("opened", "updated", "closed")
        },
        "product added to wishlist": (_wish("added"),),
        "product removed from wishlist": (_wish("removed"),),
    }
)
"""By the name of a `track`, in small letters."""

TRAITS: Final = ("loyalty_tier", "preferred_advisor")
"""Traits of an `identify` that are kept, each as a fact of its own name."""


def facts_of(
    event: Tracked,
    *,
    now_ms: Millis,
    profile: ProfileId,
    said_by: LinkId | None,
    mark: bytes,
) -> tuple[ChannelFact, ...] | Dropped:
    """Return what an event that is on the list says of `profile`, or why nothing is kept of it."""
    if event.call == "identify":
        found = _of_traits(event, profile, said_by, mark)
        fresh = tuple(each for each in found if event.at_ms >= oldest_ms(each.kind, now_ms))
        return fresh if fresh or not found else Dropped.TIME
    facts = []
    for says in on_the_list(event):
        key = _first(event.said, says.key)
        if key is None:
            return Dropped.INCOMPLETE
        store = id_of(event.said.get("store_id"))
        fact = ChannelFact(
            profile=profile,
            kind=says.kind,
            key=key,
            state=says.state,
            at_ms=event.at_ms,
            mark=mark,
            store=None if store is None else StoreId(store),
            due_ms=next(filter(None, (parsed(event.said.get(name)) for name in says.due)), None),
            words=_words(event.said, says),
            said_by=said_by,
        )
        if event.at_ms < oldest_ms(says.kind, now_ms) or due_too_late(fact, now_ms):
            return Dropped.TIME
        facts.append(fact)
    return tuple(facts) or Dropped.NOT_ON_THE_LIST


def on_the_list(event: Tracked) -> tuple[Says, ...]:
    """Return what a `track` says; nothing, if the list does not have it."""
    return ALLOWED.get(" ".join(event.name.split()).casefold(), ())


def browser_may_say(event: Tracked) -> bool:
    """Return whether a browser's key may send this at all: it speaks of nobody whom it names.

    What it may send and is not on the list is dropped as everything is.
    """
    if event.call not in {"track", "page", "screen"} or event.user is not None or event.external:
        return False
    return all(says.by_browser for says in on_the_list(event))


def _of_traits(
    event: Tracked, profile: ProfileId, said_by: LinkId | None, mark: bytes
) -> tuple[ChannelFact, ...]:
    facts = []
    for name in TRAITS:
        if name in event.said:
            value = text_of(event.said[name])
            facts.append(
                ChannelFact(
                    profile=profile,
                    kind=Kind.TIER,
                    key=name,
                    state="cleared" if value is None else "set",
                    at_ms=event.at_ms,
                    mark=mark,
                    words=() if value is None else (("value", value),),
                    said_by=said_by,
                )
            )
    return tuple(facts)


def _words(said: Mapping[str, object], says: Says) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for word, names in says.words.items():
        text = next(filter(None, (text_of(said.get(name)) for name in names)), None)
        if word == "product" and text is None:
            text = _first_product(said)
        if word == "mood" and text is not None:
            text = text.lower() if text.lower() in MOODS else None
        if text is not None:
            found[word] = text
    return tuple(sorted(found.items()))


def _first_product(said: Mapping[str, object]) -> str | None:
    products = said.get("products")
    first = products[0] if isinstance(products, list) and products else None
    return text_of(first.get("name")) if isinstance(first, dict) else None


def _first(said: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    return next(filter(None, (id_of(said.get(name)) for name in names)), None)
