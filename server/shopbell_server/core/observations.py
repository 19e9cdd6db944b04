"""What was heard of somebody, report by report: what zones are computed from where a store has a floor plan.

Owns: one report of a person who allows it, which of two that name the same counts, and for how long it is
stored.
Never: what visits follow from (`evidence`): observations may be gone, and visits stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_server.core.dating import AHEAD_MS
from shopbell_server.core.ids import Millis
from shopbell_server.core.units import HOUR_MS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.ids import EdgeId, PersonId, StoreId

KEPT_MS: Final = 24 * HOUR_MS
"""Raw observations, at the server (privacy): the longest visit is 8 h, and what an edge could not send in
time may come until the night is over."""

SHELF_MS: Final = HOUR_MS
"""Observations are let go of by shelves of an hour. Of a day on one shelf the first would lie 48 h until the
last has lain 24, or nobody could take the shelf down whole."""

TAKEN_MS: Final = KEPT_MS - 2 * SHELF_MS
"""What is older when it comes is not stored. A shelf goes when it began 24 h ago, so what is put on it last
is 23 h old; another hour is for clocks of workers that differ."""


class Observation(NamedTuple):
    """One report of presence: how near she was to a scanner at `at_ms`, its last sighting.

    They are a set: of those that agree in all but `loss_db` and `n`, one counts (`strongest`). Made by the
    thousand, hence no dataclass.
    """

    person: PersonId
    """The enrolment that was heard, also where it is joined with others."""
    store: StoreId
    edge: EdgeId
    scanner: str
    carrier: Carrier
    at_ms: Millis
    loss_db: float
    """Median loss of the report's window (visits, §1)."""
    n: int
    """Sightings of the stay until then."""


def strongest(observations: Iterable[Observation]) -> list[Observation]:
    """Return one for each key: that with the greater `n`, of equal ones with the smaller loss.

    So order and repetition change nothing. In the order in which the keys came first.
    """
    found: dict[tuple[object, ...], Observation] = {}
    for each in observations:
        known = found.setdefault(each[:6], each)
        if known is not each and (each.n, -each.loss_db) > (known.n, -known.loss_db):
            found[each[:6]] = each
    return list(found.values())


def taken_from_ms(now_ms: Millis) -> Millis:
    """Return the moment from which on observations are stored if they come now."""
    return Millis(now_ms - TAKEN_MS)


def shelf_of(at_ms: int) -> int:
    """Return the number of the shelf on which an observation of `at_ms` lies."""
    return at_ms // SHELF_MS


def shelves_ahead(now_ms: Millis) -> range:
    """Return the shelves that have to be there soon: of this hour and the next two."""
    first = shelf_of(now_ms)
    return range(first, shelf_of(now_ms + AHEAD_MS + 2 * SHELF_MS) + 1)


def shelves_of(observations: Collection[Observation]) -> frozenset[int]:
    """Return the shelves on which `observations` belong."""
    return frozenset(each.at_ms // SHELF_MS for each in observations)


def shelf_to_keep(before_ms: Millis) -> int:
    """Return the first shelf of which nothing is older than `before_ms`; those below go whole."""
    return -(-before_ms // SHELF_MS)
