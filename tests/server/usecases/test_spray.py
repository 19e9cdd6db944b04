"""Hints under a spray: what staff see, whoever took in what."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.spray import LEAST_TOKENS
from shopbell_server.usecases.staff.who_is_here import everybody, some, who_is_here
from shopbell_wire.messages import Loss, Presence
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import (
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    RULES,
    SECOND,
    STORE,
    Floor,
    batch,
)
from tests.server.usecases.two_stores import (
    BOTH,
    guest,
    heard,
    shown_in,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import StoreId
    from shopbell_server.usecases.intake.take import Message
    from shopbell_wire.messages import Event
    from tests.server.usecases.floor import Someone


@pytest.fixture
def anna(floor: Floor) -> Someone:
    return guest(floor, "anna", 1)


def strangers(count: int, seed: int, began_ms: int = NOW - 2 * MINUTE) -> list[Event]:
    """Return that tokens at random began to be heard, each once."""
    chance = random.Random(seed)
    return [
        Presence(
            scanner="hci0",
            frame="ibeacon",
            token=f"{chance.getrandbits(32):08x}",
            phase="entered",
            first_ms=began_ms + at,
            last_ms=began_ms + at + SECOND,
            n=3,
            loss_db=Loss(median=14.0, p10=11.0, last=13.0),
            reason="3 in 10 s",
        )
        for at in range(count)
    ]


def spray(floor: Floor, edge: str, count: int = 5_000, began_ms: int = NOW - 2 * MINUTE) -> None:
    floor.take(*sprayed(edge, count, began_ms))


def sprayed(edge: str, count: int = 5_000, began_ms: int = NOW - 2 * MINUTE) -> list[Message]:
    return [
        batch(*strangers(min(200, count - at), at, began_ms), edge=edge, stream=f"{at:032x}")
        for at in range(0, count, 200)
    ]


def test_five_thousand_random_tokens_hide_the_hints_of_their_edge_while_they_last(
    floor: Floor, anna: Someone
) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    assert shown_in(floor) == {STORE}
    spray(floor, EDGES[0])
    assert shown_in(floor) == set()
    assert shown_in(floor, NOW + 4 * MINUTE) == {STORE}


def test_a_spray_silences_nobody_else(floor: Floor, anna: Someone) -> None:
    """Signals of that edge, hints of others, codes: all are shown as before."""
    ben, cleo, dora, ella = (
        guest(floor, name, number) for number, name in enumerate(("ben", "cleo", "dora", "ella"), 2)
    )
    heard(floor, anna, EDGES[0])
    heard(floor, ben, EDGES[0], mac=True, frame="service-uuid")
    heard(floor, cleo, EDGES[0], frame="ibeacon")
    floor.hear(floor.shows_pass(cleo))
    heard(floor, dora, EDGES[1], frame="ibeacon")
    heard(floor, ella, EDGES[0], frame="ibeacon")
    spray(floor, EDGES[0])
    board = who_is_here(
        floor.database, Millis(NOW), RULES, store=STORE, viewer="advisor", before=None
    )
    assert board is not None
    hers = {person.person: floor.visits(person)[0].id for person in (anna, ben, cleo, dora)}
    assert {row.visit for row in board.rows} == set(hers.values())


def test_a_spray_in_one_store_hides_nobody_in_another(floor: Floor, anna: Someone) -> None:
    """Even where a token of it is hers and is repeated for long enough to be shown."""
    heard(floor, anna, EDGES[0], frame="ibeacon")
    spray(floor, FAR_EDGE)
    assert heard(floor, anna, FAR_EDGE, frame="ibeacon").conflicts == []
    assert shown_in(floor) == {STORE}


@pytest.mark.parametrize(("count", "stores"), [(LEAST_TOKENS - 1, {STORE}), (LEAST_TOKENS, set())])
def test_a_few_strangers_are_no_spray(
    floor: Floor, anna: Someone, count: int, stores: set[StoreId]
) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    spray(floor, EDGES[0], count)
    assert shown_in(floor) == stores


def test_people_who_may_not_be_known_are_no_spray(floor: Floor, anna: Someone) -> None:
    """Phones of the staff, and of people who never consented."""
    heard(floor, anna, EDGES[0], frame="ibeacon")
    crowd = [floor.enrol(f"s{n}", 100 + n, staff=True) for n in range(LEAST_TOKENS // 2)]
    crowd += [floor.enrol(f"n{n}", 900 + n, given_ms=None) for n in range(LEAST_TOKENS // 2)]
    floor.hear(
        *(
            floor.presence(each, NOW - 2 * MINUTE, frame="ibeacon", phase="entered")
            for each in crowd
        )
    )
    assert shown_in(floor) == {STORE}


def test_strangers_fobs_are_no_spray(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    fobs = [
        floor.presence(anna, NOW - MINUTE, frame="static", phase="entered", token=f"{n:040x}")
        for n in range(LEAST_TOKENS)
    ]
    floor.hear(*fobs)
    assert shown_in(floor) == {STORE}


def test_a_batch_that_comes_again_is_not_counted_again(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    messages = sprayed(EDGES[0], LEAST_TOKENS - 1)
    for _ in range(3):
        floor.take(*messages)
    assert shown_in(floor) == {STORE}


@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(3)), workers=st.lists(st.sampled_from("ab"), min_size=3, max_size=3)
)
def test_a_spray_counts_across_workers_in_any_order(order: list[int], workers: list[str]) -> None:
    floor = Floor(MemoryDatabase())
    anna = guest(floor, "anna", 1)
    each = {name: floor.worker(name) for name in "ab"}
    hers = floor.presence(anna, frame="ibeacon")
    said: list[list[Message]] = [
        [batch(hers, seq=1)],
        sprayed(EDGES[0], LEAST_TOKENS // 2),
        [batch(*strangers(LEAST_TOKENS // 2, 7, NOW - 3 * MINUTE), stream="e" * 32, seq=1)],
    ]
    for at, name in zip(order, workers, strict=True):
        each[name].take(said[at], Millis(NOW))
    assert shown_in(floor) == set()


def same_withheld(floor: Floor, persons: Collection[Someone]) -> None:
    """Assert that reading a few says the same as reading everybody."""
    for store in BOTH:
        whole = everybody(floor.database, Millis(NOW), RULES, store=store, before=None)
        assert whole is not None
        few = some(
            floor.database, Millis(NOW), RULES, store=store, persons=[p.person for p in persons]
        )
        for person in persons:
            guest_of = whole.guests.get(person.person)
            withheld = {} if guest_of is None else guest_of.stored.withheld
            assert few[person.person].withheld == withheld


def test_a_board_that_follows_changes_withholds_the_same(floor: Floor, anna: Someone) -> None:
    ben = guest(floor, "ben", 2)
    heard(floor, anna, EDGES[0])
    heard(floor, anna, FAR_EDGE)
    heard(floor, ben, EDGES[0], frame="ibeacon")
    spray(floor, EDGES[0])
    same_withheld(floor, [anna, ben])
