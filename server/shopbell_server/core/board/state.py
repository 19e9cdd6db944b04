"""Whether somebody is here, as staff see it, and when that changes by itself.

Owns: here, "left?", gone, and presence held after a code.
Never: what of her may be shown (`disclosure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.showing import held_until

if TYPE_CHECKING:
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit

Place = Literal["unshown", "here", "left_maybe", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """Where she is taken to be, and until when that is so."""

    place: Place
    """"unshown": the showing rule is not met, and only evidence can change that."""
    held: bool
    """Taken to be here because of a code and not of a signal: say when and where it was shown."""
    until_ms: Millis | None
    """The place is another from this moment on, if nothing is heard; None: never by itself."""


def board_state(visit: Visit, now_ms: Millis, rules: VisitRules) -> BoardState:
    """Return how `visit` stands on the board at `now_ms`.

    Radio: here until `left_shown_ms` after the last sighting, "left?" until `off_board_ms`, then
    gone; later where the scanners could not hear (`sessions`). A code, with no radio heard after it: here
    for the expected stay, then gone; without "left?", since nothing fell silent.
    """
    session = visit.session
    if session.gone_ms is None:
        return BoardState(place="unshown", held=False, until_ms=None)
    if now_ms >= session.gone_ms:
        return BoardState(place="gone", held=False, until_ms=None)
    held = held_until(session.last_act, session.heard_ms, rules) is not None
    unsure_ms = session.left_ms or Millis(session.end_ms + rules.left_shown_ms)
    if held:
        return BoardState(place="here", held=True, until_ms=session.gone_ms)
    if now_ms < unsure_ms:
        return BoardState(place="here", held=False, until_ms=min(unsure_ms, session.gone_ms))
    return BoardState(place="left_maybe", held=False, until_ms=session.gone_ms)
