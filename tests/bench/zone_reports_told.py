"""What edges tell of people on a floor: signals through the cores of edges, as the server stores them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_edge.core.retailer import Retailer
from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId
from shopbell_server.core.observations import Observation
from shopbell_sim.core.day.edge import DayEdge, Hearing
from shopbell_sim.core.day.voices import Voices, made_up
from shopbell_sim.core.phone import WINDOW_S
from shopbell_wire.messages import Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from shopbell_server.core.zones.plan import FloorPlan
    from shopbell_sim.core.day.timeline import Rows
    from shopbell_sim.core.outing.outings import Outing
    from shopbell_sim.core.site.site import Receiver

RETAILER: Final = Retailer(uuid="5b0e11c5-0de3-4a5b-9b0e-5be110000001", prefix="5be11000")
OPENS_MS: Final = 1_795_262_400_000
STORE: Final = StoreId("store")
POWER_DBM: Final = -59
SENT_MS: Final = 1_000
"""An edge waits so long with a report, to send several at once."""


class Told(NamedTuple):
    """One report, and when the server has it."""

    at_ms: Millis
    report: Observation


class Truth(NamedTuple):
    """Where somebody was, by time (Unix, ms)."""

    at_ms: NDArray[np.int64]
    places_m: NDArray[np.float64]
    """[times, 2]"""


class Case(NamedTuple):
    """A floor, what was told of people on it, and where they truly were."""

    plan: FloorPlan
    told: dict[PersonId, list[Told]]
    truth: dict[PersonId, Truth]


def told_of(
    receivers: Sequence[Receiver],
    outings: Sequence[Outing],
    until: Callable[[float], Rows],
    begin_s: float,
    end_s: float,
) -> dict[PersonId, list[Told]]:
    """Return what edges tell of `outings`, whose signals `until` returns second by second."""
    windows = range(
        int((OPENS_MS / 1000 + begin_s) // WINDOW_S), int((OPENS_MS / 1000 + end_s) // WINDOW_S) + 1
    )
    identities = {
        each.who: made_up(
            random.Random(each.who),
            windows,
            retailer_uuid=RETAILER.uuid,
            prefix=RETAILER.prefix,
            power_dbm=POWER_DBM,
        )
        for each in outings
    }
    whose = {
        digits: PersonId(who)
        for who, identity in identities.items()
        for token in identity.tokens.values()
        for digits in (token.id32, token.id64)
    }
    edges = [DayEdge(each, RETAILER, OPENS_MS) for each in receivers]
    hearing = Hearing(edges, Voices(outings, identities, OPENS_MS / 1000))
    told: dict[PersonId, list[Told]] = {PersonId(each.who): [] for each in outings}
    at_s = begin_s
    for edge in edges:
        edge.begin(at_s)
    while at_s < end_s:
        at_s += 1
        hearing.hear(until(at_s))
        sent_ms = Millis(OPENS_MS + round(at_s * 1000) + SENT_MS)
        for receiver, edge in zip(receivers, edges, strict=True):
            for event in edge.tick(at_s):
                if isinstance(event, Presence):
                    person = whose[event.token]
                    told[person].append(Told(sent_ms, _observed(receiver.edge, person, event)))
    return told


def _observed(edge: str, person: PersonId, event: Presence) -> Observation:
    return Observation(
        person=person,
        store=STORE,
        edge=EdgeId(edge),
        scanner=event.scanner,
        carrier=event.frame,
        at_ms=Millis(event.last_ms),
        loss_db=event.loss_db.median,
        n=event.n,
    )
