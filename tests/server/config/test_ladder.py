from __future__ import annotations

import pytest
from msgspec import structs

from shopbell_program.settings import SettingsError, read
from shopbell_server.config.ladder import Ladder, faults_of_ladder
from shopbell_server.core.board.disclosure import TABLE, Field
from shopbell_server.core.board.ladder import CHOICES
from shopbell_server.core.evidence import Evidence


def test_what_is_not_chosen_is_as_the_program_has_it() -> None:
    assert Ladder().table() == TABLE
    assert {each.name for each in structs.fields(Ladder)} == set(CHOICES)


def test_a_shop_may_be_stricter_and_laxer_by_one_row() -> None:
    ladder = Ladder(first_name="hint", card="confirmed")
    assert list(faults_of_ladder(ladder)) == []
    table = ladder.table()
    assert table[Field.FIRST_NAME].evidence is Evidence.HINT
    assert table[Field.CARD].evidence is Evidence.CONFIRMED


def test_what_is_too_lax_is_refused_each_by_name() -> None:
    found = list(faults_of_ladder(Ladder(card="hint", purchases="signal", first_name="fresh")))
    assert [each.key for each in found] == ["ladder.card", "ladder.purchases"]
    assert "may be loosened by one row, to fresh" in found[0].problem


def test_a_row_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError):
        read({"card": "never"}, Ladder, source="the ladder")
