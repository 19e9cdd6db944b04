"""What becomes of a batch, before any of its events counts.

Owns: once and only once, from the right edge, at a believable time.
Never: what events mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple

from shopbell_server.core.dating import (
    ANCHOR_ERR_MS,
    ANCHOR_MOST_ERR_MS,
    Undated,
    is_plausible,
)
from shopbell_server.core.ids import Millis
from shopbell_server.core.token_windows import WINDOW_S
from shopbell_wire.messages import ClockAnchor, Presence, Refused, Scan, ScannerHealth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.dating import Dating
    from shopbell_server.core.ids import Window
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


class Seen(NamedTuple):
    """A presence event by true times: first and last seen, and when its mac was heard, if it has one.

    Made by the thousand, hence no dataclass.
    """

    presence: Presence
    first_ms: Millis
    last_ms: Millis
    mac_ms: Millis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A code with the true time at which it was held up."""

    scan: Scan
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What a scanner says of itself, with the true time from which on it is so."""

    health: ScannerHealth
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The events of a batch that count, and those that are refused alone."""

    seen: tuple[Seen, ...]
    undated: tuple[Presence, ...]
    """Those whose times only their tokens can tell."""
    shown: tuple[Shown, ...]
    felt: tuple[Felt, ...]
    refused: tuple[Refused, ...]


RefusedFor = Literal["implausible_time", "undated_code"]


def admit(
    events: Iterable[tuple[int, Event]], seq: int, dating: Dating, now_ms: Millis
) -> Admitted:
    """Return the events of batch `seq` by their true times.

    A pass held up before an unset clock cannot be verified (its code is right for 30 s only), so it is
    refused by name, for a person to see. What a scanner says of itself before one says nothing.
    """
    seen: list[Seen] = []
    undated: list[Presence] = []
    shown: list[Shown] = []
    felt: list[Felt] = []
    refused: list[Refused] = []
    for index, event in events:
        what = _judged(event, dating, now_ms)
        if isinstance(what, Seen):
            seen.append(what)
        elif isinstance(what, Presence):
            undated.append(what)
        elif isinstance(what, Shown):
            shown.append(what)
        elif isinstance(what, Felt):
            felt.append(what)
        elif what is not None:
            refused.append(Refused(seq=seq, index=index, reason=what))
    return Admitted(
        seen=tuple(seen),
        undated=tuple(undated),
        shown=tuple(shown),
        felt=tuple(felt),
        refused=tuple(refused),
    )


def dated_by_window(presence: Presence, window: Window, now_ms: Millis) -> Seen:
    """Return a presence event whose edge knew no time, dated by the window of its token.

    The stay keeps its length and is put at the beginning of the window, whatever the time of asking,
    so that all reports of it are of one stay. No mac can be checked against such a time.
    """
    window_ms = WINDOW_S * 1000
    first_ms = window * window_ms
    stayed_ms = max(0, presence.last_ms - presence.first_ms)
    last_ms = min(first_ms + min(stayed_ms, window_ms - 1), now_ms)
    return Seen(presence=presence, first_ms=Millis(first_ms), last_ms=Millis(last_ms), mac_ms=None)


def anchor_err_ms(anchor: ClockAnchor) -> int:
    """Return by how much `anchor` is off at most."""
    return anchor.err_ms if isinstance(anchor.err_ms, int) else ANCHOR_ERR_MS


def is_believable(anchor: ClockAnchor, now_ms: Millis) -> bool:
    """Return whether `anchor` may date a boot: one far off would make all of its events implausible."""
    return not _only_asks(anchor) and is_plausible(anchor.wall_ms, anchor.wall_ms, now_ms)


def _only_asks(anchor: ClockAnchor) -> bool:
    """Return whether an edge says that it does not know the time, so that the answer tells it."""
    return anchor_err_ms(anchor) > ANCHOR_MOST_ERR_MS


def _judged(
    event: Event, dating: Dating, now_ms: Millis
) -> Seen | Presence | Shown | Felt | RefusedFor | None:
    """Return what counts of an event, or why it does not; None if it says nothing."""
    match event:
        case Presence():
            return _seen(event, dating, now_ms)
        case Scan():
            return _shown(event, dating, now_ms)
        case ScannerHealth():
            return _felt(event, dating, now_ms)
        case ClockAnchor() if not _only_asks(event) and not is_believable(event, now_ms):
            return "implausible_time"
        case _:
            return None


def _seen(presence: Presence, dating: Dating, now_ms: Millis) -> Seen | Presence | RefusedFor:
    if isinstance(dating, Undated):
        return presence
    last_ms = dating.dated(presence.last_ms)
    first_ms = min(dating.dated(presence.first_ms), last_ms)  # "left" before "entered": a point
    if not is_plausible(first_ms, last_ms, now_ms):
        return "implausible_time"
    mac_ms = dating.dated(presence.mac_ms) if isinstance(presence.mac_ms, int) else None
    return Seen(presence=presence, first_ms=first_ms, last_ms=last_ms, mac_ms=mac_ms)


def _shown(scan: Scan, dating: Dating, now_ms: Millis) -> Shown | RefusedFor:
    if isinstance(dating, Undated):
        return "undated_code"
    at_ms = dating.dated(scan.at_ms)
    if not is_plausible(at_ms, at_ms, now_ms):
        return "implausible_time"
    return Shown(scan=scan, at_ms=at_ms)


def _felt(health: ScannerHealth, dating: Dating, now_ms: Millis) -> Felt | RefusedFor | None:
    if isinstance(dating, Undated):
        return None
    at_ms = dating.dated(health.since_ms)
    if not is_plausible(at_ms, at_ms, now_ms):
        return "implausible_time"
    return Felt(health=health, at_ms=at_ms)
