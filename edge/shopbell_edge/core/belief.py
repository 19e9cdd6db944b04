"""How far a radio is believed: what it says of itself, and what the store's heartbeat beacon shows.

Owns: which of the two counts, and when a doubt is refuted.
Never: measures (`reception`), or tries a remedy (`recovery`).

A radio knows that it scans; whether anything is withheld from it, it cannot know. A doubt outlives the
scan in which it arose, for to begin anew proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from shopbell_edge.core.reception import LIKELY, Doubt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_edge.core.reception import Reception
    from shopbell_wire.messages import Hearing

STATES: Final[Mapping[str, Hearing]] = {
    "heartbeat_unheard": "blind",
    "duplicate_filter": "suspect",
    "dead_band": "suspect",
}
"""What a doubt makes of a radio. With the last two it hears, but not everybody, nor every time."""

Flaw = Literal["no_flags", "low_duty", "heartbeat_gone"]
"""What an operator should know of a radio that is believed nevertheless.

`no_flags`, `low_duty`: as of `reception`; a phone that is heard is heard still, and if leaving waited for
these to end, nobody would ever leave. `heartbeat_gone`: the beacon has not been heard once since the scan
began, while others were: it is the beacon that is silent, or too far away.
"""

HEARD_AGAIN: Final = 3
"""Sightings that end `heartbeat_unheard`: a duplicate filter that is stuck lets one pass with each scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a radio hears, why that is thought, and for how long it has been so already."""

    state: Hearing
    reason: str
    for_ms: int = 0
    tells_leaving: bool = False
    """Of one that is suspect: whether silence shows who left nevertheless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is thought of one radio. `tries` counts the remedies that were asked for against `doubt`."""

    state: Hearing = "blind"
    reason: str = "starting"
    for_ms: int = 0
    doubt: Doubt | None = None
    unheard_ms: int = 0
    tries: int = 0
    flaw: Flaw | None = None
    tells_leaving: bool = False

    @property
    def verdict(self) -> Verdict:
        """Return what to say of it."""
        doubt = self.doubt
        if doubt is not None and (self.state == "hearing" or self.reason in _DOUBTS):
            return Verdict(
                state=STATES[doubt],
                reason=doubt,
                for_ms=self.unheard_ms,
                tells_leaving=self.tells_leaving and self.state == "hearing",
            )
        if self.state == "hearing" and self.flaw is not None:
            return Verdict(state="hearing", reason=self.flaw)
        return Verdict(state=self.state, reason=self.reason, for_ms=self.for_ms)


def told(belief: Belief, state: Hearing, reason: str, for_ms: int) -> Belief:
    """Return what is thought once the radio has said how it does. That refutes no doubt."""
    return replace(belief, state=state, reason=reason, for_ms=for_ms, flaw=None)


def judged(
    belief: Belief, reception: Reception, others: int, longest_gap_ms: float = 0.0
) -> Belief:
    """Return what is thought once the beacon was measured; `others` were heard since the scan began.

    With a stuck duplicate filter silence shows who left while the beacon's gaps are up to `longest_gap_ms`
    (`leave_timeout`); who comes in is not noticed, so that it stays suspect. More `tries` than before ask for
    the next remedy. Only for a radio that says that it hears.
    """
    fault = reception.fault
    if fault == "heartbeat_unheard" and not reception.sightings and others >= LIKELY:
        return replace(belief, doubt=None, tries=0, flaw="heartbeat_gone")
    if fault == "heartbeat_unheard" or fault == "duplicate_filter" or fault == "dead_band":  # noqa: PLR1714  narrows
        unheard_ms = reception.unheard_ms if fault == "heartbeat_unheard" else 0
        tries = belief.tries + 1
        return replace(
            belief,
            doubt=fault,
            unheard_ms=unheard_ms,
            tries=tries,
            flaw=None,
            tells_leaving=fault == "duplicate_filter" and reception.gap_ms <= longest_gap_ms,
        )
    enough = HEARD_AGAIN if belief.doubt == "heartbeat_unheard" else LIKELY
    if belief.doubt is not None and reception.sightings < enough:
        return belief
    return replace(belief, doubt=None, tries=0, flaw=fault, tells_leaving=False)


_DOUBTS: Final = frozenset(get_args(Doubt))
