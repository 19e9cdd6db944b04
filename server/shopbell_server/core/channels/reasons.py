"""The one reason why somebody who is here may want help, by what the other channels said.

Owns: which of several facts counts, and until when it does.
Never: who may see it (`core.board.disclosure`), or words in a language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_server.core.channels.facts import NEEDS, ChannelFact, Kind
from shopbell_server.core.ids import Millis
from shopbell_server.core.units import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.consent.ledger import Purpose
    from shopbell_server.core.ids import StoreId


class ReasonKind(StrEnum):
    """Of several the first counts."""

    PICKUP = "pickup"
    """Something of hers is ready here."""
    APPOINTMENT = "appointment"
    """She has an appointment here, about now."""
    RETURN = "return"
    """She brings something back."""
    RESERVATION = "reservation"
    """Something is put aside for her here."""
    COMPLAINT = "complaint"
    """Nothing else, but she complained and is waiting for an answer."""


COMPLAINT: Final = "complaint"
"""The topic of a conversation in which somebody complains. One of a `negative` mood counts as well."""

BEFORE_MS: Final = 12 * HOUR_MS
"""An appointment is a reason from the morning of its day on. By hours and not by the calendar: whoever comes
at nine for an appointment at half past eight in the evening is as early as it gets."""

AFTER_MS: Final = 4 * HOUR_MS
"""And until long after it began: she may be late, or it may last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What staff may be told: the kind to all who see her, `what` to those who see more."""

    kind: ReasonKind
    what: str | None = field(default=None, repr=False)
    """Which one: the channel's number of it, and the product or topic."""
    due_ms: Millis | None = None
    ask_first: bool = False
    """A complaint of hers is open: ask before anything is sold."""


def reason_of(
    facts: Iterable[ChannelFact], store: StoreId, now_ms: Millis, purposes: frozenset[Purpose]
) -> Reason | None:
    """Return the reason that a row in `store` shows at `now_ms`; None: there is none.

    `facts` are those that stand; of those only what `purposes` allow to be shown is looked at.
    """
    shown = [each for each in facts if NEEDS[each.kind] <= purposes]
    complaints = [each for each in shown if _is_complaint(each)]
    for kind, source, states in _IN_ORDER:
        counting = [
            each
            for each in shown
            if each.kind is source
            and each.state in states
            and each.store in {None, store}
            and _is_now(each, now_ms)
        ]
        if counting:
            first = min(counting, key=_by_due)
            return Reason(
                kind=kind, what=_what(first), due_ms=first.due_ms, ask_first=bool(complaints)
            )
    if complaints:
        latest = max(complaints, key=lambda each: (each.at_ms, each.mark))
        return Reason(kind=ReasonKind.COMPLAINT, what=_what(latest), ask_first=True)
    return None


def changes_ms(facts: Iterable[ChannelFact], now_ms: Millis) -> Millis | None:
    """Return until when `reason_of` stays the same if nothing is said meanwhile; None: for ever."""
    moments = (
        moment for each in facts if each.due_ms is not None for moment in _span(each, each.due_ms)
    )
    return min((each for each in moments if each > now_ms), default=None)


_IN_ORDER: Final = (
    (ReasonKind.PICKUP, Kind.PICKUP, frozenset({"ready"})),
    (ReasonKind.APPOINTMENT, Kind.APPOINTMENT, frozenset({"booked"})),
    (ReasonKind.RETURN, Kind.RETURN, frozenset({"requested"})),
    (ReasonKind.RESERVATION, Kind.RESERVATION, frozenset({"reserved"})),
)


def _is_complaint(fact: ChannelFact) -> bool:
    if fact.kind is not Kind.CONVERSATION or fact.state == "closed":
        return False
    return (fact.word("topic") or "").casefold() == COMPLAINT or fact.word("mood") == "negative"


def _is_now(fact: ChannelFact, now_ms: Millis) -> bool:
    if fact.due_ms is None:
        # Nobody can say when such an appointment is.
        return fact.kind is not Kind.APPOINTMENT
    from_ms, to_ms = _span(fact, fact.due_ms)
    return from_ms <= now_ms < to_ms


def _span(fact: ChannelFact, due_ms: Millis) -> tuple[Millis, Millis]:
    """Return from when to when a fact that is due counts."""
    if fact.kind is Kind.APPOINTMENT:
        return Millis(due_ms - BEFORE_MS), Millis(due_ms + AFTER_MS)
    return Millis(0), due_ms


def _by_due(fact: ChannelFact) -> tuple[bool, int, str]:
    """Order by what is due first; what is due at no time comes last, in the order of its keys."""
    return fact.due_ms is None, fact.due_ms or 0, fact.key


def _what(fact: ChannelFact) -> str:
    about = fact.word("product") or fact.word("topic")
    return fact.key if about is None else f"{fact.key} · {about}"
