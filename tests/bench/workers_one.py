"""An ingest worker in a process of its own, that takes in what it is handed through a pipe."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.crypto import aes_block
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.intake.take import Intake
from shopbell_server.usecases.visits.recompute import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from shopbell_server.core.ids import Millis
    from shopbell_server.usecases.intake.take import Message, Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is taken in together, at which moment of the stream."""

    messages: Sequence[Message]
    now_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one worker is to take in. `half_pace`: it rests after each group as long as that took."""

    groups: Sequence[Group]
    half_pace: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Between which moments (`time.monotonic`), with how much processor time of the worker's own."""

    began_s: float
    ended_s: float
    busy_s: float
    """In transactions; the rest of the time it rested."""
    cpu_s: float
    refused: int
    """Transactions that had to be begun again, for another one was in the way."""


def work(config: str, pipe: Connection) -> None:
    """Take in shares that come through `pipe` until None comes; say what each took."""
    with closing(open_database(read_settings(Path(config)))) as database:
        terms = Terms(rules=VisitRules(), sinks=())
        intake = Intake(database, SystemEntropy(), aes_block, terms)
        pipe.send(None)
        while (share := pipe.recv()) is not None:
            pipe.send(_taken(intake, share))


def _taken(intake: Intake, share: Share) -> Took:
    began_s, cpu_s, busy_s = time.monotonic(), time.process_time(), 0.0
    refused = 0
    for group in share.groups:
        before_s = time.monotonic()
        while (taken := _tried(intake, group)) is None:
            refused += 1
        spent_s = time.monotonic() - before_s
        busy_s += spent_s
        assert taken.batches == {"taken": len(group.messages)}, taken.batches
        if share.half_pace:
            time.sleep(spent_s)
    return Took(
        began_s=began_s,
        ended_s=time.monotonic(),
        busy_s=busy_s,
        cpu_s=time.process_time() - cpu_s,
        refused=refused,
    )


def _tried(intake: Intake, group: Group) -> Taken | None:
    """Return what became of a group; None where another transaction was in the way."""
    try:
        return intake.take(group.messages, group.now_ms)
    except DatabaseBusyError:
        return None
