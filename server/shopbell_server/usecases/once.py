"""Carry a write out in one transaction, and once however often it is asked.

Owns: the commit of every write that HTTP asks for, trying again when the database was busy, and the
answers kept under Idempotency-Keys.
Never: what the write does. It gets a unit of work and returns the answer's bytes, or a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeVar

from shopbell_server.core.ids import Millis
from shopbell_server.ports.answers import KeptAnswer
from shopbell_server.ports.database import DatabaseBusyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.identity.guards import Refused
    from shopbell_server.ports.database import Database, UnitOfWork

Refusal = TypeVar("Refusal", bound="Enum | Refused")

KEPT_MS: Final = 24 * 3_600_000
"""A day, as Stripe keeps them: longer than any client goes on trying one request."""

ATTEMPTS: Final = 5
"""A busy database is busy for milliseconds; who loses five times in a row is told to come back."""


class Reused(Enum):
    """The Idempotency-Key came with another request before."""

    REUSED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that names itself. `seal` and `open` are under the credential that asked."""

    name_sha256: bytes
    request_sha256: bytes
    seal: Callable[[bytes], bytes]
    open: Callable[[bytes], bytes]


def once(
    database: Database,
    asked: Asked | None,
    now_ms: Millis,
    act: Callable[[UnitOfWork], bytes | Refusal],
) -> bytes | Refusal | Reused:
    """Return what `act` returned, committed if it is an answer and rolled back if it is a refusal.

    The same request with the same key gets the first answer again, without another effect; so does
    one that overtakes it. Without a key (`asked` is None) every request is a new one.
    `act` may be called more than once, each time with a fresh unit of work.
    Raises DatabaseBusyError when ATTEMPTS were not enough.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _attempt(database, asked, now_ms, act)
        except DatabaseBusyError:
            continue
    return _attempt(database, asked, now_ms, act)


def _attempt(
    database: Database,
    asked: Asked | None,
    now_ms: Millis,
    act: Callable[[UnitOfWork], bytes | Refusal],
) -> bytes | Refusal | Reused:
    with database.begin() as work:
        before = _recalled(work, asked, now_ms)
        if before is not None:
            return before
        outcome = act(work)
        if not isinstance(outcome, bytes):
            # The refusal may only say that the same request was carried out a moment ago.
            again = _recalled(work, asked, now_ms)
            return outcome if again is None else again
        if asked is not None:
            answer = KeptAnswer(
                name_sha256=asked.name_sha256,
                request_sha256=asked.request_sha256,
                sealed=asked.seal(outcome),
                expires_ms=Millis(now_ms + KEPT_MS),
            )
            if not work.answers.keep(answer, now_ms):
                raise DatabaseBusyError("the same request is being carried out")
        work.commit()
        return outcome


def _recalled(work: UnitOfWork, asked: Asked | None, now_ms: Millis) -> bytes | Reused | None:
    if asked is None:
        return None
    kept = work.answers.recall(asked.name_sha256, now_ms)
    if kept is None:
        return None
    if kept.request_sha256 != asked.request_sha256:
        return Reused.REUSED
    return asked.open(kept.sealed)
