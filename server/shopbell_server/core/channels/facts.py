"""What another channel said of a customer that helps on the floor.

Owns: kinds of facts, what one needs to be kept and shown, how long it counts, and which of two stands.
Never: which event says what (`allow_list`), or whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.units import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_server.core.ids import LinkId, Millis, ProfileId, StoreId


class Kind(StrEnum):
    """What a fact is about. The values are stored."""

    ORDER = "order"
    RESERVATION = "reservation"
    PICKUP = "pickup"
    RETURN = "return"
    APPOINTMENT = "appointment"
    CONVERSATION = "conversation"
    WISH = "wish"
    TIER = "tier"
    """What the retailer calls her: her tier, and the advisor whom she prefers."""


SERVICE_DAYS: Final = 90
"""Orders, returns, appointments, conversations: a season. What is older is no reason to help today."""

WISHES_DAYS: Final = 180
"""Half a year: what was wished for last winter is not sold this summer."""

TIERS_DAYS: Final = 393
"""Tiers are given for a year; thirteen months, as visits. A channel that says it again begins anew."""

KEPT_DAYS: Final[Mapping[Kind, int]] = MappingProxyType(
    dict.fromkeys(Kind, SERVICE_DAYS) | {Kind.WISH: WISHES_DAYS, Kind.TIER: TIERS_DAYS}
)

NEEDS: Final[Mapping[Kind, frozenset[Purpose]]] = MappingProxyType(
    {each: frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF}) for each in Kind}
    | {
        each: frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, Purpose.SHOW_PURCHASES})
        for each in (Kind.ORDER, Kind.TIER)
    }
    | {
        Kind.WISH: frozenset(
            {Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, Purpose.SHOW_BROWSING}
        )
    }
)
"""What she allows where a fact of a kind is kept and shown. Tiers follow from what she bought. What may be
shown to nobody is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFact:
    """Of one profile, kind and key the latest by its own time stands; then by its mark."""

    profile: ProfileId
    kind: Kind
    key: str = field(repr=False)
    """What the channel calls the order, the ticket …: 128 characters at the most."""
    state: str
    at_ms: Millis
    """Its own time: when the channel's own system said that it happened."""
    mark: bytes
    """16 bytes: of the message that said it."""
    store: StoreId | None = None
    due_ms: Millis | None = None
    """When an appointment begins, or until when something is put aside."""
    words: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Texts by name, in the order of the names: `product`, `topic`, `mood`, `value`."""
    said_by: LinkId | None = None
    """The identifier of which it was said; None: the profile itself. Where that goes, the fact goes."""

    @property
    def counts_from_ms(self) -> Millis:
        """From when its time to be kept runs: an appointment of next year is kept until it was."""
        return self.at_ms if self.due_ms is None else max(self.at_ms, self.due_ms)

    def word(self, name: str) -> str | None:
        """Return one of its words."""
        return dict(self.words).get(name)


def rank(fact: ChannelFact) -> tuple[Millis, bytes]:
    """Return by what of two facts of one key the greater stands."""
    return fact.at_ms, fact.mark


def standing(facts: Iterable[ChannelFact]) -> tuple[ChannelFact, ...]:
    """Return those that stand, by kind and key: nothing changes by order, nor by repetition.

    Of what several parts of one profile say of one key the latest stands too.
    """
    latest: dict[tuple[Kind, str], ChannelFact] = {}
    for fact in facts:
        before = latest.get((fact.kind, fact.key))
        if before is None or rank(before) < rank(fact):
            latest[fact.kind, fact.key] = fact
    return tuple(fact for _, fact in sorted(latest.items()))


def oldest_ms(kind: Kind, now_ms: Millis) -> int:
    """Return before when a fact is over already: one that was let go of would come back to life."""
    return now_ms - KEPT_DAYS[kind] * DAY_MS


def due_too_late(fact: ChannelFact, now_ms: Millis) -> bool:
    """Return whether it is due so late that it would be kept longer than anything is."""
    return fact.due_ms is not None and fact.due_ms > now_ms + LATEST_DUE_DAYS * DAY_MS


LATEST_DUE_DAYS: Final = 400
"""Nobody books further ahead than next year's season."""
