"""What surrounds the ingest loop: post that comes in groups, a database that fails on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from shopbell_server.core.ids import Millis
from shopbell_server.ingest.waiting import Incoming
from shopbell_wire.topics import EdgeTopic, Kind
from tests.server.usecases.floor import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from threading import Event
    from types import TracebackType

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ports.batches import BatchRecord
    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.usecases.intake.take import Message
    from shopbell_wire.messages import Ack


class Post:
    """Hands out groups, one after another; after the last it says stop."""

    def __init__(self, stop: Event, *groups: Sequence[Incoming]) -> None:
        self._stop = stop
        self._groups: Iterator[Sequence[Incoming]] = iter(groups)
        self.answers: list[tuple[str, Ack]] = []
        self.finished: list[Incoming] = []

    def gather(self, most: int, wait_s: float, idle_s: float) -> list[Incoming]:
        del most, wait_s, idle_s
        group = next(self._groups, None)
        if group is None:
            self._stop.set()
            return []
        return list(group)

    def answer(self, edge: str, ack: Ack) -> None:
        self.answers.append((edge, ack))

    def done(self, messages: Sequence[Incoming]) -> None:
        self.finished += messages


@dataclass
class Bells:
    """Hears who changed where."""

    rung: list[tuple[str, ...]] = field(default_factory=list)

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        self.rung.append((store, *sorted(persons)))


class StandingClock:
    def now_ms(self) -> Millis:
        return Millis(NOW)


class FailingDatabase:
    """A database whose `record` first asks `fails`, which raises what it likes."""

    def __init__(self, database: Database, fails: Callable[[Sequence[BatchRecord]], None]) -> None:
        self._database = database
        self._fails = fails

    @property
    def boxes(self) -> Boxes:
        return self._database.boxes

    def begin(self) -> Any:
        return _Failing(self._database.begin(), self._fails)

    def read(self) -> Any:
        return self._database.read()


class _Failing:
    def __init__(self, work: UnitOfWork, fails: Callable[[Sequence[BatchRecord]], None]) -> None:
        self._work = work
        self._fails = fails

    def __enter__(self) -> Self:
        self._work.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._work.__exit__(kind, error, trace)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    @property
    def batches(self) -> Any:
        return _FailingBatches(self._work.batches, self._fails)


class _FailingBatches:
    def __init__(self, batches: Any, fails: Callable[[Sequence[BatchRecord]], None]) -> None:
        self._batches = batches
        self._fails = fails

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batches, name)

    def record(self, records: Sequence[BatchRecord]) -> None:
        self._fails(records)
        self._batches.record(records)


def incoming(
    message: Message, kind: Kind = Kind.LIVE, *, retained: bool = False, mid: int = 1
) -> Incoming:
    return Incoming(
        topic=str(EdgeTopic(tenant="acme", edge=message.edge, kind=kind)),
        payload=message.payload,
        retained=retained,
        mid=mid,
        connection=1,
    )
