"""What becomes of a batch, before any of its events counts.

Owns: once and only once, from the right edge, at a believable time.
Never: what events mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from shopbell_server.core.dating import Undated, plausibility
from shopbell_server.core.ids import Millis
from shopbell_wire.messages import ClockAnchor, Presence, Refused, Scan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.dating import Dating
    from shopbell_wire.messages import Event


class Fate(Enum):
    """What happens to a batch as a whole."""

    TAKEN = "taken"
    REPEATED = "repeated"
    """Known, same bytes: acknowledged again, without effect."""
    CONFLICT = "conflict"
    """Known, other bytes: two machines speak as one (a cloned card). Never taken for a repetition."""
    WRONG_EDGE = "wrong_edge"
    """Came on the topic of another edge than it names."""


def fate(*, topic_edge: str, named_edge: str, sha256: bytes, known_sha256: bytes | None) -> Fate:
    """Return what happens to a batch that came on `topic_edge` and says that it is of `named_edge`."""
    if topic_edge != named_edge:
        return Fate.WRONG_EDGE
    if known_sha256 is None:
        return Fate.TAKEN
    return Fate.REPEATED if known_sha256 == sha256 else Fate.CONFLICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A presence event with its true times; None where only its token can tell them."""

    index: int
    presence: Presence
    at: Times | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When it was first and last seen, and when its mac was heard, as far as it has one."""

    first_ms: Millis
    last_ms: Millis
    mac_ms: Millis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A code with the true time at which it was held up."""

    index: int
    scan: Scan
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The events of a batch that count, and those that are refused alone."""

    seen: tuple[Seen, ...]
    shown: tuple[Shown, ...]
    refused: tuple[Refused, ...]


RefusedFor = Literal["implausible_time", "undated_code"]


def admit(
    events: Iterable[tuple[int, Event]], seq: int, dating: Dating, now_ms: Millis
) -> Admitted:
    """Return the events of batch `seq` by their true times.

    A pass held up before an unset clock cannot be verified (its code is right for 30 s only), so it is
    refused by name, for a person to see.
    """
    seen: list[Seen] = []
    shown: list[Shown] = []
    refused: list[Refused] = []
    for index, event in events:
        wrong: RefusedFor | None = None
        match event:
            case Presence():
                one = _seen(index, event, dating)
                wrong = _implausible(one, now_ms)
                if wrong is None:
                    seen.append(one)
            case Scan():
                held_up = _shown(index, event, dating, now_ms)
                if isinstance(held_up, Shown):
                    shown.append(held_up)
                else:
                    wrong = held_up
            case ClockAnchor() if not is_believable(event, now_ms):
                wrong = "implausible_time"
            case _:
                pass
        if wrong is not None:
            refused.append(Refused(seq=seq, index=index, reason=wrong))
    return Admitted(seen=tuple(seen), shown=tuple(shown), refused=tuple(refused))


def is_believable(anchor: ClockAnchor, now_ms: Millis) -> bool:
    """Return whether `anchor` may date a boot: one far off would make all of its events implausible."""
    return plausibility(Millis(anchor.wall_ms), now_ms) == "plausible"


def _seen(index: int, presence: Presence, dating: Dating) -> Seen:
    if isinstance(dating, Undated):
        return Seen(index=index, presence=presence, at=None)
    last_ms = dating.dated(presence.last_ms)
    first_ms = min(dating.dated(presence.first_ms), last_ms)  # "left" before "entered": a point
    mac_ms = dating.dated(presence.mac_ms) if isinstance(presence.mac_ms, int) else None
    return Seen(
        index=index,
        presence=presence,
        at=Times(first_ms=Millis(first_ms), last_ms=last_ms, mac_ms=mac_ms),
    )


def _shown(index: int, scan: Scan, dating: Dating, now_ms: Millis) -> Shown | RefusedFor:
    if isinstance(dating, Undated):
        return "undated_code"
    at_ms = dating.dated(scan.at_ms)
    if plausibility(at_ms, now_ms) != "plausible":
        return "implausible_time"
    return Shown(index=index, scan=scan, at_ms=at_ms)


def _implausible(one: Seen, now_ms: Millis) -> RefusedFor | None:
    if one.at is None:
        return None
    for at_ms in (one.at.first_ms, one.at.last_ms):
        if plausibility(at_ms, now_ms) != "plausible":
            return "implausible_time"
    return None
