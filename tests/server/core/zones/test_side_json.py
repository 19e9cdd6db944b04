from __future__ import annotations

import json

import pytest

from shopbell_server.core.zones.side_json import UnreadableSurveyError, as_json, from_json
from shopbell_server.core.zones.side_training import learned_sides
from tests.server.core.zones.doorways import INSIDE, recording

TEXT = json.dumps(as_json(learned_sides([recording(1)], INSIDE)))


def test_a_survey_comes_back_from_its_text_as_it_was() -> None:
    assert json.dumps(as_json(from_json(json.loads(TEXT)))) == TEXT


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("format", 2, "format: 2, this program reads 1"),
        ("usual_dbm", None, "usual_dbm: a list"),
        ("usual_dbm", [], "usual_dbm: a list"),
        ("usual_dbm", ["x"] * len(INSIDE), "usual_dbm: numbers"),
        ("usual_dbm", [float("nan")] * len(INSIDE), "usual_dbm: finite"),
        ("carriers", None, "carriers: at least one"),
        ("carriers", [], "carriers: at least one"),
        ("carriers", ["x"], "carriers: each one needs its name"),
        ("carriers", [{"carrier": 1}], "carriers: each one needs its name"),
    ],
)
def test_a_document_that_is_no_survey_is_refused_by_name(
    field: str, value: object, said: str
) -> None:
    document = json.loads(TEXT) | {field: value}
    with pytest.raises(UnreadableSurveyError, match=said):
        from_json(document)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("mean", [1.0], "mean: finite numbers of shape"),
        ("scale", [0.0] * (3 * len(INSIDE) + 6), "scale: every number must be above 0"),
        ("weight", None, "weight: finite numbers"),
        ("bias", [1.0], "bias: finite numbers"),
        ("bias", {}, "bias: numbers"),
        ("level_dbm", [[1.0] * len(INSIDE)], "level_dbm: finite"),
        ("level_cov", [[[0.0] * len(INSIDE)] * len(INSIDE)] * 2, "level_cov: not positive"),
    ],
)
def test_a_carrier_that_cannot_be_is_refused_by_name(field: str, value: object, said: str) -> None:
    document = json.loads(TEXT)
    document["carriers"][0][field] = value
    with pytest.raises(UnreadableSurveyError, match=said):
        from_json(document)
