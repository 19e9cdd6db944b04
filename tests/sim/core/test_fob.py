"""The demo's fobs are such as its edges look for, and their wearers such as may be recognised."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.fixed_ids import AltBeacon, FixedIds
from shopbell_edge.core.frames import Carrier, recognise
from shopbell_edge.core.retailer import Retailer
from shopbell_sim.core import plan
from shopbell_sim.core.fob import ALTBEACON_UUID, COMPANY, NAMESPACE, WORN
from shopbell_sim.demo_folder import PREFIX, RETAILER_UUID

DEMO = Retailer(
    uuid=RETAILER_UUID,
    prefix=PREFIX,
    fixed=FixedIds(
        altbeacons=(AltBeacon(company=COMPANY, uuid=ALTBEACON_UUID),), namespaces=(NAMESPACE,)
    ),
)


def test_edges_of_the_demo_know_them_by_their_ids() -> None:
    for fob in WORN.values():
        assert recognise(parse(fob.advert.payload, -60), DEMO) == (
            Carrier("static", fob.id, -59),  # type: ignore[arg-type]  # a token
        )
    assert len({fob.id for fob in WORN.values()}) == len(WORN)


@given(seed=st.integers())
def test_whoever_wears_one_lets_herself_be_recognised_for_good(seed: int) -> None:
    people = plan.people(Random(seed), 40)
    for number in WORN:
        assert people[number].recognised
        assert not people[number].changes_mind
