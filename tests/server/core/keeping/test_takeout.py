from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.keeping.takeout import Takeout, as_json, as_zip

if TYPE_CHECKING:
    from shopbell_server.core.keeping.takeout import Value

NOW = Millis(1_795_262_400_000)


def takeout(value: Value = "x", person: str = "p-1") -> Takeout:
    return Takeout(
        person=PersonId(person),
        made_ms=NOW,
        columns={"things": ("name", "value"), "none": ("name",)},
        tables={"things": [{"name": "a", "value": value}, {"name": "b"}], "none": []},
    )


def cells(taken: Takeout) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(as_zip([taken]))) as files:
        text = files.read(f"{taken.person}/things.csv").decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_json_holds_every_enrolment_apart() -> None:
    document = json.loads(as_json([takeout("é"), takeout(3, "p-2")]))
    assert [each["person"] for each in document["exports"]] == ["p-1", "p-2"]
    assert document["exports"][0]["things"] == [{"name": "a", "value": "é"}, {"name": "b"}]
    assert document["exports"][1]["things"][0]["value"] == 3
    assert document["exports"][0]["made_at"] == "2026-11-21T12:00:00.000Z"


def test_a_zip_holds_a_file_for_each_table_of_each_enrolment() -> None:
    packed = as_zip([takeout(), takeout(person="p-2")])
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        assert files.namelist() == [
            "p-1/things.csv",
            "p-1/none.csv",
            "p-2/things.csv",
            "p-2/none.csv",
        ]
        assert files.read("p-1/none.csv") == b"\xef\xbb\xbfname\r\n"
    assert packed == as_zip([takeout(), takeout(person="p-2")])


@pytest.mark.parametrize("text", ["=1+1", "+31 6", "-x", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cells(takeout(text))[1] == ["a", f"'{text}"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Noor;=1+1", "Noor;'=1+1"),
        ('Noor;"=1+1"', 'Noor;"\'=1+1"'),
        ("Noor\n@x", "Noor\n'@x"),
        ("\t=1", "'\t'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a\r\nb", "a\r\nb"),
        ("Anne-Marie; a=b", "Anne-Marie; a=b"),
    ],
)
def test_nothing_in_a_cell_is_a_formula_where_others_end_cells(text: str, told: str) -> None:
    assert cells(takeout(text))[1] == ["a", told]


@pytest.mark.parametrize("name", ["../x", "..", "a/b", "a\\b", "C:", "é" * 128])
def test_no_file_is_unpacked_elsewhere(name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(as_zip([takeout(person=name)]))) as files:
        assert files.namelist() == ["profile/things.csv", "profile/none.csv"]


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, ""), (True, "yes"), (False, "no"), (-3.5, "-3.5"), (7, "7"), ('a,\n"b"', 'a,\n"b"')],
)
def test_a_cell_says_what_the_value_is(value: Value, told: str) -> None:
    assert cells(takeout(value))[1:] == [["a", told], ["b", ""]]
