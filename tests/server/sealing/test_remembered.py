from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import PersonId
from shopbell_server.core.keeping.owners import owner_of_person
from shopbell_server.ports.database import DatabaseLostError
from shopbell_server.sealing.remembered import FRESH_S, KEPT_S, RememberedKeys
from tests.fakes.keys import MemoryKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from shopbell_server.core.keeping.owners import Owner

ANNA, BEN, CEES = (owner_of_person(PersonId(name)) for name in ("anna", "ben", "cees"))


class Watch:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def store() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_key_is_asked_for_once(store: MemoryKeys, watch: Watch) -> None:
    keys = RememberedKeys(store, watch)
    made = keys.made([ANNA])
    asked = store.asked
    assert keys.known([ANNA]) == made
    assert store.asked == asked
    assert keys.known([ANNA, BEN]) == made
    assert store.asked == asked + 1


def test_a_key_that_somebody_else_destroyed_opens_nothing_for_longer_than_that(
    store: MemoryKeys, watch: Watch
) -> None:
    keys = RememberedKeys(store, watch)
    made = keys.made([ANNA])
    store.destroy([ANNA])
    watch.now_s += KEPT_S - 1
    assert keys.known([ANNA]) == made
    watch.now_s += 1
    assert keys.known([ANNA]) == {}


def test_asking_again_makes_nobody_remembered_for_longer(store: MemoryKeys, watch: Watch) -> None:
    keys = RememberedKeys(store, watch)
    keys.made([ANNA])
    store.destroy([ANNA])
    for _ in range(10):
        watch.now_s += KEPT_S / 10
        keys.known([ANNA])
    assert keys.known([ANNA]) == {}


def test_what_is_destroyed_here_is_forgotten_at_once(store: MemoryKeys, watch: Watch) -> None:
    keys = RememberedKeys(store, watch)
    made = keys.made([ANNA, BEN])
    keys.destroy([ANNA])
    assert keys.known([ANNA, BEN]) == {BEN: made[BEN]}


class SlowKeys(MemoryKeys):
    """Somebody does something while the store answers, or while it destroys."""

    def __init__(self) -> None:
        super().__init__()
        self.after_reading: Callable[[], object] = lambda: None
        self.before_destroying: Callable[[], object] = lambda: None

    def known(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        found = super().known(owners)
        self.after_reading()
        return found

    def destroy(self, owners: Collection[Owner]) -> None:
        self.before_destroying()
        super().destroy(owners)


def test_a_key_that_is_destroyed_while_it_is_read_is_not_remembered(watch: Watch) -> None:
    store = SlowKeys()
    store.made([ANNA])
    keys = RememberedKeys(store, watch)
    store.after_reading = lambda: keys.destroy([ANNA])
    assert keys.known([ANNA])
    store.after_reading = lambda: None
    assert keys.known([ANNA]) == {}


def test_a_key_that_is_read_while_it_is_destroyed_is_not_remembered(watch: Watch) -> None:
    store = SlowKeys()
    keys = RememberedKeys(store, watch)
    keys.made([ANNA])
    store.before_destroying = lambda: keys.known([ANNA])
    keys.destroy([ANNA])
    assert keys.known([ANNA]) == {}


def test_a_key_is_forgotten_where_nobody_knows_whether_it_was_destroyed(watch: Watch) -> None:
    store = SlowKeys()
    keys = RememberedKeys(store, watch)
    keys.made([ANNA])
    store.before_destroying = partial(_lose, store)
    with pytest.raises(DatabaseLostError):
        keys.destroy([ANNA])
    assert keys.known([ANNA]) == {}


def _lose(store: MemoryKeys) -> None:
    """Destroy the key, and lose the answer."""
    MemoryKeys.destroy(store, [ANNA])
    raise DatabaseLostError("the answer was lost")


def test_nothing_is_sealed_with_a_key_that_was_destroyed_more_than_a_second_ago(
    store: MemoryKeys, watch: Watch
) -> None:
    keys = RememberedKeys(store, watch)
    before = keys.made([ANNA])
    store.destroy([ANNA])
    watch.now_s += FRESH_S - 0.1
    assert keys.made([ANNA]) == before
    watch.now_s += 0.1
    after = keys.made([ANNA])
    assert after != before
    assert keys.known([ANNA]) == after


def test_keys_are_made_for_several_columns_at_once(store: MemoryKeys, watch: Watch) -> None:
    keys = RememberedKeys(store, watch)
    made = keys.made([ANNA])
    asked = store.asked
    assert keys.made([ANNA]) == made
    assert store.asked == asked
    assert keys.made([ANNA, BEN]).keys() == {ANNA, BEN}


def test_memory_is_bounded(store: MemoryKeys, watch: Watch) -> None:
    keys = RememberedKeys(store, watch, most=2)
    keys.made([ANNA, BEN])
    keys.made([CEES])
    asked = store.asked
    keys.known([CEES])
    assert store.asked == asked
    keys.known([ANNA])
    assert store.asked == asked + 1
    watch.now_s += FRESH_S
    assert len(keys.made([ANNA, BEN, CEES])) == 3
    asked = store.asked
    keys.known([ANNA])
    assert store.asked == asked + 1


def test_closing_forgets_all(store: MemoryKeys, watch: Watch) -> None:
    keys = RememberedKeys(store, watch)
    keys.made([ANNA])
    keys.close()
    asked = store.asked
    keys.known([ANNA])
    assert store.asked == asked + 1
