"""Somebody near an edge sends tokens at random: of so many some mean somebody who is not there.

Owns: when an edge is sprayed, by counts of tokens; and which visits are doubtful for that.
Never: a token, or who it means. A doubtful visit is not shown; it is not undone, so nobody loses one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.units import MINUTE_MS

if TYPE_CHECKING:
    from shopbell_server.core.visits.stored import Visit

WINDOW_MINUTES: Final = 5
"""Tokens are counted over so long (signals, §4): the minute that runs and the four before it."""

LEAST_TOKENS: Final = 200
"""Fewer say nothing: a few phones of people who left, or a neighbour's (signals, §4)."""

MOST_IN_FIVE: Final = 1
"""So many in five, 20 %, may mean nobody (signals, §4)."""

KEPT_MINUTES: Final = 8 * 60
"""Counts are asked about for as long as a visit may contradict another (`conflict`): an hour after the
longest way, and that way before."""


class Tokens(NamedTuple):
    """How many tokens began to be heard in a minute: those that are somebody's, and nobody's."""

    known: int
    unknown: int


Minutes = Mapping[int, Tokens]
"""Counts of one edge by minute (Unix time / 60 s)."""


def minute_of(at_ms: int) -> int:
    """Return the minute that counts what began at `at_ms`."""
    return at_ms // MINUTE_MS


def lasts_until(minutes: Minutes, now_ms: Millis) -> Millis | None:
    """Return until when the edge is sprayed, if nothing more is heard; None: it is not."""
    minute = minute_of(now_ms)
    if not _is_spray(minutes, minute):
        return None
    while _is_spray(minutes, minute):
        minute += 1
    return Millis(minute * MINUTE_MS)


def sprayed_within(minutes: Minutes, from_ms: Millis, to_ms: Millis) -> bool:
    """Return whether the edge was sprayed by what was heard at some moment of [from_ms, to_ms]."""
    first, last = minute_of(from_ms), minute_of(to_ms) + WINDOW_MINUTES - 1
    return any(_is_spray(minutes, each) for each in range(first, last + 1))


def hint_edges(visit: Visit) -> frozenset[EdgeId]:
    """Return the edges on whose word alone `visit` is; none if there is more to it than radio hints.

    A code that was held up is more: whoever sprays the air holds no code to a scanner.
    """
    session = visit.session
    if session.evidence > Evidence.HINT or session.best_act is not None:
        return frozenset()
    return frozenset(EdgeId(edge) for edge, _ in session.scanners)


def doubted_until(visit: Visit, counts: Mapping[EdgeId, Minutes], now_ms: Millis) -> Millis | None:
    """Return until when `visit` is not shown since all the edges that hint at it are sprayed; else None."""
    until = [lasts_until(counts.get(edge, {}), now_ms) for edge in hint_edges(visit)]
    lasting = [each for each in until if each is not None]
    return min(lasting) if lasting and len(lasting) == len(until) else None


def was_doubtful(visit: Visit, counts: Mapping[EdgeId, Minutes]) -> bool:
    """Return whether every edge that `visit` is hinted at by was sprayed in its time.

    Such a visit contradicts no other: else spraying one store would silence people in all of them.
    """
    edges = hint_edges(visit)
    session = visit.session
    return bool(edges) and all(
        sprayed_within(counts.get(edge, {}), session.start_ms, session.end_ms) for edge in edges
    )


def _is_spray(minutes: Minutes, minute: int) -> bool:
    known = unknown = 0
    for each in range(minute - WINDOW_MINUTES + 1, minute + 1):
        counted = minutes.get(each)
        if counted is not None:
            known += counted.known
            unknown += counted.unknown
    total = known + unknown
    return total >= LEAST_TOKENS and unknown * 5 > total * MOST_IN_FIVE
