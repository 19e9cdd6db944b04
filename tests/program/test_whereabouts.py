from __future__ import annotations

import pytest

from shopbell_program.whereabouts import leaf_of, place_of
from shopbell_server.core.edges.stream_ranges import MalformedRangesError, from_text


def test_the_innermost_place_in_our_own_code_without_a_value() -> None:
    with pytest.raises(MalformedRangesError) as raised:
        from_text("token-0123")
    place = place_of(raised.value)
    assert place.startswith("stream_ranges.py:")
    assert place.endswith(" from_text")
    assert "0123" not in place


def test_an_error_from_elsewhere_has_none() -> None:
    assert place_of(ValueError("never raised")) == ""


def test_of_a_group_of_groups_the_first_real_error_counts() -> None:
    real = ValueError("real")
    assert leaf_of(ExceptionGroup("", [ExceptionGroup("", [real]), KeyError()])) is real
    assert leaf_of(real) is real
