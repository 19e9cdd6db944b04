from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import Millis
from shopbell_server.core.zones.plan import Reading, Survey
from shopbell_server.core.zones.survey_text import (
    MOST_POINTS,
    WALK_HEADING,
    SurveyTextError,
    parsed,
    stand_line,
    stands_in,
    written,
)
from shopbell_server.core.zones.survey_walk import SHORTEST_MS, Stand

LEVELS = st.integers(-11_000, -2_001).map(lambda each: each / 100)
METRES = st.integers(-9_999, 9_999).map(lambda each: each / 10)
READINGS = st.builds(
    Reading,
    x_m=METRES,
    y_m=METRES,
    z_m=METRES,
    heard_dbm=st.dictionaries(st.sampled_from(["a/b", "c/d"]), LEVELS),
)


@given(st.lists(READINGS, min_size=1, max_size=5))
def test_what_was_written_is_read_again(readings: list[Reading]) -> None:
    survey = Survey(receivers=("a/b", "c/d"), readings=tuple(readings))
    assert parsed(written(survey)) == survey


def test_empty_lines_and_what_drivers_write_for_nothing_say_nothing() -> None:
    survey = parsed("x,y,z,a/b,c/d\n\n1,2,1.2,0,127\n1,2,1.2, ,-70\n")
    assert [each.heard_dbm for each in survey.readings] == [{}, {"c/d": -70}]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "no column x, y, z"),
        ("x,y,a/b\n", 1, "no column z"),
        ("x,y,z\n", 1, "no receiver"),
        ("x,y,z,a,a\n", 1, '"a" stands twice'),
        ("x,y,z,a\n", 2, "no points"),
        ("x,y,z,a\n1,2,3\n", 2, "3 values for 4 columns"),
        ("x,y,z,a\n1,2,3,-70\n1,2,nan,-70\n", 3, 'z "nan" is no number'),
        ("x,y,z,a\n1,99999,3,-70\n", 2, "y 99999 is far away"),
        ("x,y,z,a\n1,2,3,-170\n", 2, "a -170 is no strength"),
        ("x,y,z,a\n1,2,3,loud\n", 2, 'a "loud" is no number'),
        ('x,y,z,a\n1,2,3,"' + "9" * 140_000 + "\n", 2, "is no CSV"),
    ],
    ids=range(11),
)
def test_a_mistake_is_named_by_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(SurveyTextError) as raised:
        parsed(text)
    assert raised.value.line == line
    assert said in raised.value.problem


def test_a_survey_has_so_many_points_and_no_more() -> None:
    lines = [f"{x},1,1,-70" for x in range(MOST_POINTS)]
    assert len(parsed("\n".join(["x,y,z,a", *lines])).readings) == MOST_POINTS
    with pytest.raises(SurveyTextError, match="leave some out"):
        parsed("\n".join(["x,y,z,a", *lines, "-1,1,1,-70"]))


WALK = "x,y,z,from,to\n"


def test_a_walk_says_when_somebody_stood_where() -> None:
    (stand,) = stands_in(WALK + "1,2,1.2,2026-11-21T14:02:00Z,2026-11-21T15:02:45+01:00\n")
    assert (stand.x_m, stand.y_m, stand.z_m) == (1, 2, 1.2)
    assert stand.to_ms - stand.from_ms == SHORTEST_MS


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x,y,z\n", 1, "write x,y,z,from,to"),
        (WALK, 2, "no points"),
        (WALK + "1,2\n", 2, "2 values for 5 columns"),
        (WALK + "1,2,1,noon,noon\n", 2, 'from "noon" is no moment'),
        (WALK + "1,2,1,2026-11-21T14:02:00,x\n", 2, "is no moment with a zone"),
        (WALK + "1,2,1,2026-11-21T14:02:00Z,2026-11-21T14:02:44Z\n", 2, "less than 45 s"),
        (WALK + '1,2,1,"' + "9" * 140_000 + "\n", 2, "is no CSV"),
    ],
    ids=range(7),
)
def test_a_mistake_in_a_walk_is_named_by_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(SurveyTextError) as raised:
        stands_in(text)
    assert raised.value.line == line
    assert said in raised.value.problem


@given(
    from_ms=st.integers(0, 4_000_000_000_000),
    stood_ms=st.integers(SHORTEST_MS, 10 * SHORTEST_MS),
)
def test_a_stand_is_read_as_it_was_written(from_ms: int, stood_ms: int) -> None:
    stand = Stand(
        x_m=3.25, y_m=-2, z_m=1.2, from_ms=Millis(from_ms), to_ms=Millis(from_ms + stood_ms)
    )
    assert stands_in(WALK_HEADING + stand_line(stand)) == [stand]
