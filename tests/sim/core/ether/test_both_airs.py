"""A day's air, worked out at once, and that of a running shop, packet by packet: the same signals."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from random import Random

import msgspec
import numpy as np
import pytest

from shopbell_sim.core.ether.loss_map import PHONE_M
from shopbell_sim.core.ether.numbers import Ether
from shopbell_sim.core.ether.receptions import Company, Ears, Sent
from shopbell_sim.core.outing.handset import Handset
from shopbell_sim.core.outing.itinerary import Itinerary
from shopbell_sim.core.radio import BODY_DB, Path, receive
from shopbell_sim.core.site.site import Place
from tests.sim.core.a_site import FLAT

PLAIN = Ether(shadowing_sd_db=0.0, receiver_sd_db=0.0, channel_sd_db=0.0, coherence_s=0.01)
"""Without what is drawn once for a shop; each packet fades by itself."""

HERE = Place(0, 1.125, 5.125)
"""In the middle of a cell of the loss map."""

COUNT = 4000
SENDERS = 40
INTERVAL_MS = 250.0


@pytest.mark.parametrize("metres", [1.0, 5.0])
@pytest.mark.parametrize("heading", [0.0, pi], ids=["facing", "turned away"])
@pytest.mark.parametrize("moving", [False, True])
def test_a_packet_arrives_alike_in_both(metres: float, heading: float, moving: bool) -> None:  # noqa: FBT001  a parameter
    # So faint that a part of the fading is below the floor of hearing.
    faint_dbm = -70.0
    ether = msgspec.structs.replace(PLAIN, power_at_1_m_dbm=faint_dbm)
    rng = Random(1)
    path = Path(
        distance_m=metres,
        walls_db=0.0,
        shadow_db=0.0,
        away=0.0 if heading == 0 else 1.0,
        moving=moving,
        phone_db=0.0,
        scanner_db=0.0,
        duty=0.6,
        senders=SENDERS,
        interval_ms=INTERVAL_MS,
    )
    one_by_one = [rssi for _ in range(COUNT) if (rssi := receive(rng, path, ether)) is not None]

    at_once = of_a_day(ether, metres, heading, moving=moving)

    assert np.mean(at_once) == pytest.approx(np.mean(one_by_one), abs=0.4)
    assert np.std(at_once) == pytest.approx(np.std(one_by_one), abs=0.4)
    assert len(at_once) / COUNT == pytest.approx(len(one_by_one) / COUNT, abs=0.04)


def of_a_day(ether: Ether, metres: float, heading: float, *, moving: bool) -> list[int]:
    """Return what a scanner `metres` to the right hears of a phone in a hand."""
    scanner = replace(
        FLAT.receivers[0],
        at=Place(0, HERE.x + metres, HERE.y),
        height_m=PHONE_M,
        duty=0.6,
        rests_s=0.0,
    )
    bare = replace(FLAT, receivers=(scanner,), levels=(replace(FLAT.ground, racks=(), walls=()),))
    times_s = np.arange(COUNT, dtype=np.float64) * 0.2537
    ends_s = times_s[[0, -1]]
    itinerary = Itinerary(
        times_s=ends_s,
        levels=np.zeros(2, dtype=np.int64),
        xs=np.full(2, HERE.x),
        ys=np.full(2, HERE.y),
        headings_rad=np.full(2, heading),
        moving=np.full(2, moving),
    )
    phone = Handset(
        platform="android",
        offset_db=0.0,
        rests="bag",
        body_db=(BODY_DB, 0.0, 0.0),
        addresses_from_s=0.0,
    )
    nothing = np.zeros(COUNT, dtype=np.int64)
    company = Company(per_m2=np.zeros(COUNT), packets_per_ms=np.full(COUNT, SENDERS / INTERVAL_MS))
    heard = Ears(bare, ether, np.random.default_rng(1)).hear(
        np.random.default_rng(2), Sent(times_s, nothing, nothing), itinerary, phone, company
    )
    rssi: list[int] = heard.rssi_dbm.tolist()
    return rssi
