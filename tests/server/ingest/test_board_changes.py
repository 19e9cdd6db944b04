"""What processes tell one another of their boards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import PersonId, StoreId
from shopbell_server.ingest.board_changes import MOST_PERSONS, BoardChanges
from shopbell_wire.codec import MAX_BYTES
from shopbell_wire.topics import between_boards

if TYPE_CHECKING:
    from collections.abc import Collection

STORE = StoreId("ams-01")
TOPIC = "shopbell/v1/acme/_board/ams-01"


class Process:
    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []
        self.changes = BoardChanges("acme", self._hear)

    def _hear(self, store: StoreId, persons: Collection[PersonId]) -> None:
        self.heard.append((store, *persons))


def test_another_process_hears_who_changed_where() -> None:
    one, other = Process(), Process()
    for topic, payload in one.changes.messages(STORE, [PersonId("ada"), PersonId("ben")]):
        assert topic == TOPIC
        assert other.changes.hear(topic, payload)
    assert other.heard == [("ams-01", "ada", "ben")]


def test_nobody_hears_her_own_words() -> None:
    one = Process()
    ((topic, payload),) = one.changes.messages(STORE, [PersonId("ada")])
    assert one.changes.hear(topic, payload)
    assert one.heard == []


def test_a_message_has_ids_and_nothing_else() -> None:
    ((_, payload),) = Process().changes.messages(STORE, [PersonId("ada")])
    said = json.loads(payload)
    assert said.keys() == {"v", "by", "persons"}
    assert said["persons"] == ["ada"]


def test_what_is_subscribed_to_is_of_this_tenant() -> None:
    assert Process().changes.filter == between_boards("acme")


@given(count=st.integers(0, 2 * MOST_PERSONS + 1))
def test_many_changes_are_several_messages_that_any_broker_takes(count: int) -> None:
    one, other = Process(), Process()
    persons = [PersonId(f"{number:036d}") for number in range(count)]
    for topic, payload in one.changes.messages(STORE, persons):
        assert len(payload) < MAX_BYTES
        other.changes.hear(topic, payload)
    assert [person for _, *some in other.heard for person in some] == persons


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"persons":["ada"]}',
        b'{"by":"x","persons":"ada"}',
        b'{"v":2,"by":"x","persons":["ada"]}',
        b'{"by":"x","persons":[""]}',
        b'{"by":"x","persons":["' + b"a" * 65 + b'"]}',
        b'{"by":"x","persons":["ada"],"more":"' + b"a" * MAX_BYTES + b'"}',
    ],
)
def test_nonsense_is_passed_over(payload: bytes) -> None:
    one = Process()
    assert one.changes.hear(TOPIC, payload)
    assert one.heard == []


@pytest.mark.parametrize(
    "topic", ["shopbell/v1/acme/door/up/live", "shopbell/v1/acme/_board", "elsewhere"]
)
def test_what_is_of_no_board_is_left_to_others(topic: str) -> None:
    assert not Process().changes.hear(topic, b"{}")


def test_fields_that_a_later_version_adds_are_ignored() -> None:
    one = Process()
    one.changes.hear(TOPIC, b'{"v":1,"by":"x","persons":["ada"],"why":"later"}')
    assert one.heard == [("ams-01", "ada")]
