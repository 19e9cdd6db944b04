"""What somebody who held up a code is told, in light or sound.

Owns: which answer a code gets, how an answer looks, how often it may be given.
Never: gives an answer (adapters do), or one for a code that is kept before it is kept (`tasks.look`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.codes import StalePass, UnknownCode, Why

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_edge.core.units import Boottime


class Answer(StrEnum):
    """What she is told. There is none for codes that are nobody's business here."""

    GOOD = "good"
    """It is kept. Nothing more: whether it is true, the server says later."""
    NOT_GOOD = "not_good"
    """Meant for us, and not taken: cut off, misread, or there was no room to keep it."""
    REFRESH = "refresh"
    """An old picture of a pass: show the living one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Light or sound for `on_ms`, then none for `off_ms`."""

    on_ms: int
    off_ms: int


_SHORT: Final = Pulse(on_ms=120, off_ms=180)
"""Told apart when counted, by eye and by ear: three a second."""

PULSES: Final[Mapping[Answer, tuple[Pulse, ...]]] = {
    Answer.GOOD: (Pulse(on_ms=600, off_ms=180),),
    Answer.REFRESH: (_SHORT, _SHORT),
    Answer.NOT_GOOD: (_SHORT, _SHORT, _SHORT),
}
"""One long: done. Two short: once more, refreshed. Three short: no. All are over within a second, before
the next customer holds up hers."""

_MEANT_FOR_US: Final = frozenset({Why.MALFORMED_PASS, Why.CHECK_DIGIT, Why.ZEROS, Why.CUT})


def refusal(found: StalePass | UnknownCode) -> Answer | None:
    """Return what to say of a code that is not kept; None for those that are only counted."""
    if isinstance(found, StalePass):
        return Answer.REFRESH
    return Answer.NOT_GOOD if found.why in _MEANT_FOR_US else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a reader is used, which decides how often it answers."""

    repeats: bool
    """Whether reading a code once more is an act of somebody, who then wants to know: it is kept."""
    quiet_ms: int
    """How long after a refusal the same refusal says nothing new."""


HANDHELD: Final = Habits(repeats=True, quiet_ms=0)
"""Somebody pulls a trigger each time."""

CAMERA: Final = Habits(repeats=False, quiet_ms=3_000)
"""Sees what it sees fifteen times a second. An old picture is held up for some seconds: told at once, and
again about when she looks up."""


class Patience:
    """The refusals of one reader, given as its `habits` say."""

    __slots__ = ("_habits", "_said", "_said_at")

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._said: Answer | None = None
        self._said_at: int = 0

    def again(self) -> Answer | None:
        """Return what to say of a code that was kept before."""
        return Answer.GOOD if self._habits.repeats else None

    def refusal(self, found: StalePass | UnknownCode, now: Boottime) -> Answer | None:
        """Return what to say of a code that is not kept at `now`, which must not run backwards."""
        answer = refusal(found)
        if answer is None:
            return None
        if answer == self._said and now - self._said_at < self._habits.quiet_ms:
            return None
        self._said, self._said_at = answer, now
        return answer
