"""Who helps the customer of a visit: free, taken, being served, served.

Owns: the states, who may change one into which, and what becomes of one by itself.
Never: whether she may be seen (`board.disclosure`), or who is told.

Nothing is written down by time alone: `as_of` says what a stored engagement is at a moment. Its version rises
with every act, so that of two who read the same only one writes (`ports.engagements`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING, Final, assert_never

from shopbell_server.core.ids import Millis
from shopbell_server.core.units import MINUTE_MS

if TYPE_CHECKING:
    from shopbell_server.core.ids import StaffId, VisitId
    from shopbell_server.core.registry import Role

HELD_MS: Final = 20 * MINUTE_MS
"""Nobody keeps a customer for longer without a touch: a tablet was put down, a shift ended. Trying on shoes
takes ten minutes; twice that, and one touch begins it anew."""


class Outcome(StrEnum):
    """What came of it. A short list: nobody types while a customer waits."""

    BOUGHT = "bought"
    COLLECTED = "collected"
    """A pick-up or a return is done."""
    ADVISED = "advised"
    NOT_IN_STORE = "not_in_store"
    """What she came for is not here."""
    NO_HELP_WANTED = "no_help_wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """Somebody of the staff of the store."""

    staff: StaffId
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Nobody has taken her."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`by` is on the way to her."""

    by: Helper
    since_ms: Millis
    touched_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """`by` is with her; taken at `since_ms`."""

    by: Helper
    since_ms: Millis
    touched_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """It is done. Who did it is not kept."""

    outcome: Outcome
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """She was left to colleagues: the next one takes her."""

    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """She was let go of, or `HELD_MS` passed without a touch."""

    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistaken:
    """Staff say that it is somebody else: for them this visit is nobody's."""

    at_ms: Millis


Held = Taken | Serving
State = Present | Held | Served | HandedOver | Released | Mistaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """What is known of helping the customer of `visit`; a visit without one is as `first` says."""

    visit: VisitId
    version: int
    """How often it was changed."""
    state: State
    asked_ms: Millis | None = None
    """She asked for help then, and nobody has taken her since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """Go to her. By whoever has her already: I am with her, and still am."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Let go of her. A manager may do it for somebody who cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Leave her to a colleague, whoever comes. A manager may do it for somebody who cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """She was helped."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """It is another person: a phone that was lent, a pass that was found."""


Act = Take | Release | HandOver | Serve | Mistake


class Refused(Enum):
    """Why an act is not done."""

    TAKEN = auto()
    """By somebody else."""
    NOT_TAKEN = auto()
    """Only what somebody has can be given up or be done."""
    SERVED = auto()
    """It is over, unless she asks for help again."""
    MISTAKEN = auto()
    """She is nobody here any more."""


def first(visit: VisitId) -> Engagement:
    """Return what a visit begins with."""
    return Engagement(visit=visit, version=0, state=Present())


def holder(engagement: Engagement) -> Helper | None:
    """Return who has her, if anybody does. Ask it of what `as_of` says."""
    state = engagement.state
    return state.by if isinstance(state, Taken | Serving) else None


def as_of(engagement: Engagement, now_ms: Millis) -> Engagement:
    """Return what `engagement` is at `now_ms`, of the same version: too long without a touch is released."""
    until_ms = released_ms(engagement)
    if until_ms is None or now_ms < until_ms:
        return engagement
    return replace(engagement, state=Released(at_ms=until_ms))


def released_ms(engagement: Engagement) -> Millis | None:
    """Return when it is released by itself unless somebody touches it; None: nobody has her."""
    state = engagement.state
    if isinstance(state, Taken | Serving):
        return Millis(state.touched_ms + HELD_MS)
    return None


def decide(engagement: Engagement, act: Act, by: Helper, now_ms: Millis) -> Engagement | Refused:
    """Return what becomes of it, of the next version, when `by` does `act` at `now_ms`; or why not."""
    now = as_of(engagement, now_ms)
    state = now.state
    match state:
        case Served():
            return Refused.SERVED
        case Mistaken():
            return Refused.MISTAKEN
        case Taken() | Serving():
            after = _of_held(state, act, by, now_ms)
        case Present() | HandedOver() | Released():
            after = _of_free(act, by, now_ms)
        case _:
            assert_never(state)
    return after if isinstance(after, Refused) else _next(now, after)


def ask(engagement: Engagement, now_ms: Millis) -> Engagement | None:
    """Return what becomes of it when she asks for help; None: nothing, somebody comes already.

    It begins anew what was served, and what staff took for a mistake: it is her own page that asks.
    """
    now = as_of(engagement, now_ms)
    if holder(now) is not None or now.asked_ms is not None:
        return None
    over = isinstance(now.state, Served | Mistaken)
    state: State = Present() if over else now.state
    return replace(now, version=now.version + 1, state=state, asked_ms=now_ms)


def take_back(engagement: Engagement, now_ms: Millis) -> Engagement | None:
    """Return what becomes of it when she needs no help any more; None: she did not ask."""
    now = as_of(engagement, now_ms)
    if now.asked_ms is None:
        return None
    return replace(now, version=now.version + 1, asked_ms=None)


def _of_free(act: Act, by: Helper, now_ms: Millis) -> State | Refused:
    match act:
        case Take():
            return Taken(by=by, since_ms=now_ms, touched_ms=now_ms)
        case Mistake():
            return Mistaken(at_ms=now_ms)
        case Release() | HandOver() | Serve():
            return Refused.NOT_TAKEN
        case _:
            assert_never(act)


def _of_held(state: Held, act: Act, by: Helper, now_ms: Millis) -> State | Refused:
    own = state.by.staff == by.staff
    if not own and (by.role != "manager" or isinstance(act, Take | Serve)):
        return Refused.TAKEN
    match act:
        case Take():
            return Serving(by=by, since_ms=state.since_ms, touched_ms=now_ms)
        case Release():
            return Released(at_ms=now_ms)
        case HandOver():
            return HandedOver(at_ms=now_ms)
        case Serve():
            return Served(outcome=act.outcome, at_ms=now_ms)
        case Mistake():
            return Mistaken(at_ms=now_ms)
        case _:
            assert_never(act)


def _next(now: Engagement, state: State) -> Engagement:
    return replace(now, version=now.version + 1, state=state, asked_ms=None)
