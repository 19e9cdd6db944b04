"""A tenant may keep less than the longest, and nothing longer."""

from __future__ import annotations

import pytest

from shopbell_program.settings import SettingsError, read
from shopbell_server.config.retention import Retention, limits_of
from shopbell_server.core.keeping.retention import Limits


def test_the_defaults_are_the_longest() -> None:
    assert limits_of(Retention()) == Limits()


def test_a_tenant_may_keep_less() -> None:
    given = {
        "zones_days": 10,
        "visits_days": 90,
        "dead_letters_days": 1,
        "set_aside_hours": 1,
        "audit_days": 30,
    }
    assert limits_of(read(given, Retention)) == Limits(**given)


@pytest.mark.parametrize(
    ("key", "longest", "shortest"),
    [
        ("zones_days", 30, 9),
        ("visits_days", 393, 9),
        ("dead_letters_days", 14, 1),
        ("set_aside_hours", 24, 1),
        ("audit_days", 365, 30),
    ],
)
def test_no_longer_and_not_so_short_that_what_comes_late_would_be_new(
    key: str, longest: int, shortest: int
) -> None:
    for right in (longest, shortest):
        assert getattr(read({key: right}, Retention), key) == right
    for wrong in (longest + 1, shortest - 1):
        with pytest.raises(SettingsError, match=key):
            read({key: wrong}, Retention)


@pytest.mark.parametrize("key", ["ledger_years", "codes_days"])
def test_what_cannot_be_shortened_is_no_setting(key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        read({key: 1}, Retention)
