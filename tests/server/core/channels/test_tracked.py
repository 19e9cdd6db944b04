from __future__ import annotations

import pytest

from shopbell_server.core.channels.tracked import Dropped, Tracked, id_of, text_of, tracked
from tests.server.core.channels.saying import NOW, not_said, said


@pytest.mark.parametrize("raw", [None, [], "x", 1, {}, {"type": "screenshot"}, {"type": ["track"]}])
def test_what_is_no_event_is_malformed(raw: object) -> None:
    assert not_said(raw) is Dropped.MALFORMED


def test_a_track_has_a_name() -> None:
    assert not_said({"type": "track"}) is Dropped.MALFORMED
    assert said("identify", None).name == ""


def test_the_path_says_what_it_is() -> None:
    found = tracked({"type": "page"}, "screen", sent=None, received_ms=NOW, stands_for="?")
    assert isinstance(found, Tracked)
    assert found.call == "screen"


def test_a_time_that_is_none_is_told() -> None:
    assert not_said({"type": "page", "timestamp": "soon"}) is Dropped.TIME


def test_what_has_no_name_has_that_of_its_bytes() -> None:
    assert said(messageId=None).message == "?"
    assert said(messageId="m-7").message == "m-7"


def test_external_ids_are_read_and_what_is_none_is_passed_over() -> None:
    ids = [
        {"id": "4711", "type": "crm"},
        {"id": "4711", "type": "Not A Kind"},
        {"id": None, "type": "crm"},
        {"type": 4},
        "crm",
    ]
    assert said(context={"externalIds": ids}).external == (("crm", "4711"),)
    assert said(context={"externalIds": "crm"}).external == ()
    assert said(context="web").external == ()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (" ada ", "ada"),
        (4711, "4711"),
        (True, None),
        (4.5, None),
        (None, None),
        ("", None),
        ("a\x00b", None),
        ("x" * 129, None),
    ],
)
def test_ids_are_texts_or_whole_numbers(value: object, read: str | None) -> None:
    assert id_of(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("Lamp", "Lamp"),
        ("a\nb\u2028 c", "a b c"),
        ("evil\u202egnp", "evilgnp"),
        ("x" * 10_000, "x" * 80),
        ("\u202e", None),
        ("", None),
        (7, None),
    ],
)
def test_texts_are_one_short_line(value: object, read: str | None) -> None:
    assert text_of(value) == read
