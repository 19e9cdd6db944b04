"""A database knows the keys that it was sealed with."""

from __future__ import annotations

from contextlib import closing

import pytest

from shopbell_server.core.ids import Day, TenantId
from shopbell_server.db.key_pairing import OtherKeysError
from shopbell_server.db.unit_of_work import SqlDatabase
from tests.fakes.keys import MemoryKeys, boxes_of
from tests.server.db.rows import ANNA, enrol


def opened(url: str, keys: MemoryKeys, tenant: str = "acme") -> SqlDatabase:
    return SqlDatabase(url, TenantId(tenant), boxes_of(keys, tenant))


def test_the_first_keys_are_its_own(url: str) -> None:
    keys = MemoryKeys()
    for _ in range(2):
        with closing(opened(url, keys)) as database:
            database.require_own_keys()


def test_others_are_refused_before_they_seal_anything(url: str) -> None:
    with closing(opened(url, MemoryKeys())) as database:
        database.require_own_keys()
    with (
        closing(opened(url, MemoryKeys())) as database,
        pytest.raises(OtherKeysError, match="restore their backup"),
    ):
        database.require_own_keys()


def test_every_tenant_has_its_own(url: str) -> None:
    for tenant in ("acme", "bolt"):
        with closing(opened(url, MemoryKeys(), tenant)) as database:
            database.require_own_keys()


def test_who_has_lost_them_goes_on_with_new_ones(url: str) -> None:
    """What was sealed is gone, nothing breaks, and what is said anew is there."""
    with closing(opened(url, MemoryKeys())) as database:
        database.require_own_keys()
        with database.begin() as work:
            enrolment = enrol(work)
            work.day_keys.add(Day(1), b"a" * 32)
            work.commit()
    with closing(opened(url, MemoryKeys())) as database:
        database.forget_own_keys()
        database.require_own_keys()
        with database.begin() as work:
            (profile,) = work.people.profiles([enrolment.profile]).values()
            assert profile.first_name is None
            assert work.people.enrolments([ANNA]) == {ANNA: enrolment}
            assert work.people.phones([ANNA]) == {}
            assert work.day_keys.keys([Day(1)]) == {}
            work.day_keys.add(Day(1), b"b" * 32)
            work.commit()
        with database.read() as work:
            assert work.day_keys.keys([Day(1)]) == {1: b"b" * 32}
