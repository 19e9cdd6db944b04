"""What server processes tell one another of their boards: whose rows may look different now.

Owns: the message, its size, and whose own words are passed over.
Never: a broker, or what a row shows. A message that is lost costs two seconds: boards look for themselves
(`web.watch`).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct
from prometheus_client import Counter

from shopbell_server.core.ids import PersonId, StoreId
from shopbell_wire import topics
from shopbell_wire.codec import MAX_BYTES
from shopbell_wire.malformed import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_TOLD: Final = Counter(
    "shopbell_board_changes", "Messages between processes about boards that changed.", ["way"]
)

MOST_PERSONS: Final = 1_000
"""In one message: a person's id has 36 characters, so it is under 40 KB, and any broker takes it."""

_Id = Annotated[str, Meta(min_length=1, max_length=64)]


class _Change(Struct, frozen=True, kw_only=True):
    """The message. Ids alone: whoever reads the broker's traffic learns no name."""

    v: Literal[1] = 1
    """Of another version it may mean something else: boards look for themselves."""
    by: _Id
    persons: Annotated[tuple[_Id, ...], Meta(max_length=MOST_PERSONS)]


class BoardChanges:
    """One process among others that have boards."""

    def __init__(self, tenant: str, heard: Callable[[StoreId, Collection[PersonId]], None]) -> None:
        """`heard` is told what another process says: on the network's thread, so it must not block."""
        self._tenant = tenant
        self._heard = heard
        self._by = secrets.token_hex(8)
        self.filter = topics.between_boards(tenant)

    def messages(
        self, store: StoreId, persons: Collection[PersonId]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield what to publish, QoS 0 and not retained: topic and payload."""
        topic = str(topics.BoardTopic(tenant=self._tenant, store=store))
        ids = tuple(persons)
        for first in range(0, len(ids), MOST_PERSONS):
            _TOLD.labels("said").inc()
            some = ids[first : first + MOST_PERSONS]
            yield topic, msgspec.json.encode(_Change(by=self._by, persons=some))

    def hear(self, topic: str, payload: bytes) -> bool:
        """Take a message of this kind; return False if it is of another one. Nonsense is passed over."""
        try:
            place = topics.parse(topic)
        except MalformedError:
            return False
        if not isinstance(place, topics.BoardTopic):
            return False
        change = _read(payload)
        if change is None:
            _TOLD.labels("malformed").inc()
        elif change.by != self._by:
            _TOLD.labels("heard").inc()
            self._heard(StoreId(place.store), [PersonId(each) for each in change.persons])
        return True


def _read(payload: bytes) -> _Change | None:
    if len(payload) > MAX_BYTES:
        return None
    try:
        return msgspec.json.decode(payload, type=_Change)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
