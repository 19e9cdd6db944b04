"""What every store of keys does: the real ones, and the one that tests use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Day, PersonId, ProfileId
from shopbell_server.core.keeping.owners import (
    INDEX,
    KEY_BYTES,
    Owner,
    owner_of_day,
    owner_of_erasure,
    owner_of_person,
    owner_of_profile,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.ports.keys import KeyStore

ANNA = owner_of_person(PersonId("anna"))
BEN = owner_of_person(PersonId("ben"))
ALL = (ANNA, BEN, owner_of_profile(ProfileId("anna")), owner_of_day(Day(20_000)), INDEX)


def test_every_owner_has_a_key_of_her_own(store: KeyStore) -> None:
    keys = store.made([*ALL, owner_of_erasure("anna")])
    assert {len(each) for each in keys.values()} == {KEY_BYTES}
    assert len(set(keys.values())) == len(ALL) + 1


def test_a_key_stays_the_same(opened: Callable[[str], KeyStore]) -> None:
    made = opened("acme").made(ALL)
    another = opened("acme")
    assert another.known(ALL) == made
    assert another.made(ALL) == made


def test_nobody_has_a_key_before_it_is_made(store: KeyStore) -> None:
    assert store.known(ALL) == {}
    store.made([ANNA])
    assert store.known([ANNA, BEN]).keys() == {ANNA}
    assert store.known([]) == {}
    assert store.made([]) == {}


def test_what_is_missing_is_made_beside_what_is_there(store: KeyStore) -> None:
    first = store.made([ANNA])
    both = store.made([ANNA, BEN, ANNA])
    assert both.keys() == {ANNA, BEN}
    assert both[ANNA] == first[ANNA]


def test_a_destroyed_key_never_comes_back(store: KeyStore) -> None:
    before = store.made([ANNA, BEN])
    store.destroy([ANNA])
    assert store.known([ANNA, BEN]) == {BEN: before[BEN]}
    assert store.made([ANNA])[ANNA] != before[ANNA]


def test_destroying_again_or_nothing_is_fine(store: KeyStore) -> None:
    store.made([BEN])
    for owners in ([], [ANNA], [ANNA, BEN], [ANNA, BEN]):
        store.destroy(owners)
    assert store.known([ANNA, BEN]) == {}


def test_tenants_have_keys_of_their_own(opened: Callable[[str], KeyStore]) -> None:
    acme, bolt = opened("acme"), opened("bolt")
    key = acme.made([ANNA])[ANNA]
    assert bolt.known([ANNA]) == {}
    assert bolt.made([ANNA])[ANNA] != key
    bolt.destroy([ANNA])
    assert acme.known([ANNA]) == {ANNA: key}


def test_two_who_make_a_key_at_once_get_the_same(opened: Callable[[str], KeyStore]) -> None:
    stores = [opened("acme") for _ in range(4)]
    owners = [owner_of_person(PersonId(f"person-{number}")) for number in range(20)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda store: store.made(owners), stores))
    assert all(each == made[0] for each in made)
    assert stores[0].known(owners) == made[0]


def test_names_may_hold_anything(store: KeyStore) -> None:
    owners = [Owner(f"profile:{each}") for each in ("a b", "ü@x.example", "../x", "?#%", "'\"\\")]
    made = store.made(owners)
    assert len(set(made.values())) == len(owners)
    assert store.known(owners) == made
