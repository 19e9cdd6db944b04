from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.access.api_keys import (
    DAY_MS,
    KINDS,
    ApiKey,
    Scope,
    as_text,
    day_of_use,
    from_text,
    made_for,
)
from shopbell_server.core.ids import Millis

KEY = ApiKey(
    sha256=bytes(range(32)),
    name="app",
    scopes=frozenset({Scope.TICKETS}),
    created_ms=Millis(5),
)


def test_every_kind_has_a_prefix_of_its_own() -> None:
    assert len({prefix for prefix, _ in KINDS.values()}) == len(KINDS)


def test_no_kind_may_do_all_that_another_may() -> None:
    for kind, (_, scopes) in KINDS.items():
        assert scopes
        assert not [each for each in KINDS if each != kind and KINDS[each][1] >= scopes]


@pytest.mark.parametrize("scope", Scope)
def test_for_every_scope_there_is_a_kind_to_ask_for(scope: Scope) -> None:
    assert scope in KINDS[made_for(scope)][1]


def test_who_only_reads_is_told_of_the_kind_that_only_reads() -> None:
    assert made_for(Scope.PROFILES) == "reader"


@given(st.frozensets(st.sampled_from(Scope)))
def test_scopes_are_read_as_they_were_written(scopes: frozenset[Scope]) -> None:
    assert from_text(as_text(scopes)) == scopes


def test_a_word_that_is_no_scope_is_refused() -> None:
    with pytest.raises(ValueError, match="everything"):
        from_text("tickets everything")


def test_use_is_written_down_once_a_day() -> None:
    assert day_of_use(KEY, Millis(3 * DAY_MS + 7)) == 3 * DAY_MS
    used = replace(KEY, used_ms=Millis(3 * DAY_MS))
    assert day_of_use(used, Millis(4 * DAY_MS - 1)) is None
    assert day_of_use(used, Millis(4 * DAY_MS)) == 4 * DAY_MS
    assert day_of_use(used, Millis(2 * DAY_MS)) is None


def test_a_key_is_named_by_its_fingerprint_and_its_text_does_not_hold_it() -> None:
    assert KEY.id == "000102030405"
    assert "sha256" not in repr(KEY)
