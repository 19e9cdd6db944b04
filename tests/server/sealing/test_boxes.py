from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from shopbell_server.core.ids import PersonId
from shopbell_server.core.keeping.owners import INDEX, owner_of_person
from shopbell_server.ports.boxes import Content
from tests.fakes.keys import MemoryKeys, boxes_of

if TYPE_CHECKING:
    from shopbell_server.core.keeping.owners import Owner
    from shopbell_server.sealing.boxes import SealedBoxes

ANNA = owner_of_person(PersonId("anna"))
BEN = owner_of_person(PersonId("ben"))
COLUMN = "profiles.first_name"


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def boxes(keys: MemoryKeys) -> SealedBoxes:
    return boxes_of(keys)


def sealed(
    boxes: SealedBoxes, value: bytes = b"Anna", owner: Owner = ANNA, row: str = "1"
) -> bytes:
    return boxes.seal(COLUMN, [Content(owner, row, value)])[0]


def opened(boxes: SealedBoxes, box: bytes, owner: Owner = ANNA, row: str = "1") -> bytes | None:
    return boxes.open(COLUMN, [Content(owner, row, box)])[0]


def broken() -> float:
    return REGISTRY.get_sample_value("shopbell_boxes_broken_total") or 0.0


@given(st.lists(st.tuples(st.sampled_from([ANNA, BEN]), st.text(), st.binary()), max_size=9))
def test_what_was_sealed_opens_in_its_place(values: list[tuple[Owner, str, bytes]]) -> None:
    boxes = boxes_of(MemoryKeys())
    contents = [Content(*each) for each in values]
    sealed_ones = boxes.seal(COLUMN, contents)
    again = [each._replace(value=box) for each, box in zip(contents, sealed_ones, strict=True)]
    assert boxes.open(COLUMN, again) == [value for _, _, value in values]


def test_a_box_tells_nothing_and_no_two_are_alike(boxes: SealedBoxes) -> None:
    one, other = sealed(boxes, b"Anna" * 9), sealed(boxes, b"Anna" * 9)
    assert b"Anna" not in one
    assert one != other


def test_a_box_of_a_destroyed_key_holds_nothing(boxes: SealedBoxes) -> None:
    anna, ben = sealed(boxes), sealed(boxes, b"Ben", BEN)
    before = broken()
    boxes.destroy([ANNA])
    contents = [Content(ANNA, "1", anna), Content(BEN, "1", ben)]
    assert boxes.open(COLUMN, contents) == [None, b"Ben"]
    assert broken() == before


def test_a_box_of_a_key_before_this_one_holds_nothing(boxes: SealedBoxes) -> None:
    old = sealed(boxes)
    boxes.destroy([ANNA])
    assert opened(boxes, sealed(boxes, b"Anne")) == b"Anne"
    before = broken()
    assert opened(boxes, old) is None
    assert broken() == before + 1


def test_a_key_that_another_process_made_anew_is_found(keys: MemoryKeys) -> None:
    ours, theirs = boxes_of(keys), boxes_of(keys)
    assert opened(ours, sealed(ours)) == b"Anna"
    theirs.destroy([ANNA])
    box = sealed(theirs, b"Anne")
    assert opened(ours, box) == b"Anne"


@pytest.mark.parametrize("where", ["row", "column", "tenant"])
def test_a_box_does_not_open_in_another_place(keys: MemoryKeys, where: str) -> None:
    boxes = boxes_of(keys)
    box = sealed(boxes)
    there = boxes_of(keys, "bolt") if where == "tenant" else boxes
    content = Content(ANNA, "2" if where == "row" else "1", box)
    column = "profiles.language" if where == "column" else COLUMN
    assert there.open(column, [content]) == [None]


def test_a_box_does_not_open_under_the_key_of_another_owner(boxes: SealedBoxes) -> None:
    sealed(boxes, b"Ben", BEN)
    assert opened(boxes, sealed(boxes), BEN) is None


@pytest.mark.parametrize("box", [b"", b"\x01", b"\x01short", b"\x02" + bytes(60), b"Anna" * 20])
def test_what_is_no_box_holds_nothing(boxes: SealedBoxes, box: bytes) -> None:
    sealed(boxes)
    before = broken()
    assert opened(boxes, box) is None
    assert broken() == before + 1


def test_a_changed_box_holds_nothing(boxes: SealedBoxes) -> None:
    box = sealed(boxes)
    for at in range(len(box)):
        assert opened(boxes, box[:at] + bytes([box[at] ^ 1]) + box[at + 1 :]) is None


def test_marks_are_the_same_for_the_same_value_alone(keys: MemoryKeys) -> None:
    boxes = boxes_of(keys)
    anna, ben, anna_again = boxes.marks("crm", ["anna", "ben", "anna"])
    assert anna == anna_again
    assert len({anna, ben, *boxes.marks("email", ["anna"])}) == 3
    assert boxes_of(keys).marks("crm", ["anna"]) == [anna]
    assert boxes_of(MemoryKeys()).marks("crm", ["anna"]) != [anna]
    assert boxes.marks("crm", []) == []


def test_the_key_of_marks_is_never_destroyed(boxes: SealedBoxes) -> None:
    mark = boxes.marks("crm", ["anna"])
    with pytest.raises(ValueError, match="never destroyed"):
        boxes.destroy([ANNA, INDEX])
    assert boxes.marks("crm", ["anna"]) == mark


def test_nothing_asks_for_no_key(boxes: SealedBoxes, keys: MemoryKeys) -> None:
    assert boxes.seal(COLUMN, []) == []
    assert boxes.open(COLUMN, []) == []
    assert keys.asked == 0


def test_many_boxes_ask_once(boxes: SealedBoxes, keys: MemoryKeys) -> None:
    contents = [Content(ANNA if n % 2 else BEN, str(n), b"x") for n in range(100)]
    made = boxes.seal(COLUMN, contents)
    assert keys.asked == 1
    again = [each._replace(value=box) for each, box in zip(contents, made, strict=True)]
    assert boxes.open(COLUMN, again) == [b"x"] * 100
    assert keys.asked == 1
