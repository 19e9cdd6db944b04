"""Tell somebody elsewhere of every checkpoint of the audit.

Owns: which checkpoints of the file are not confirmed yet, when they are sent again, and telling the operator
that nobody takes them.
Never: makes a checkpoint (`usecases.keeping.keep_audit`), or speaks HTTP (`cdp.checkpoint_receiver`).

The checkpoint file is the outbox: what is on this disk and not confirmed is sent, oldest first, however long
the receiver was away and however often this process began anew. What was confirmed is one line in a file
beside it; if that is lost everything is sent once more, which changes nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import Gauge

from shopbell_server.checkpoint_file import CheckpointFile, IllegibleError, line_of
from shopbell_server.core.delivery.retry import patient_wait_s
from shopbell_server.core.doctor.trust import BEHIND_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from threading import Event

    from shopbell_server.core.audit.chain import Checkpoint
    from shopbell_server.ports.audit import Receiver
    from shopbell_server.ports.world import ServerClock

log = structlog.get_logger()

AT_ONCE: Final = 500
"""Checkpoints in one request: 125 KB, nearly two days of them."""

ROUND_S: Final = 10.0
"""How late one is sent, of the five minutes between two."""

_UNCONFIRMED: Final = Gauge(
    "shopbell_audit_checkpoints_unconfirmed",
    "Checkpoints of the audit that the receiver has not confirmed yet.",
)
_BEHIND: Final = Gauge(
    "shopbell_audit_checkpoint_behind_seconds",
    "Age of the oldest checkpoint that the receiver has not confirmed; 0 if there is none.",
)


class Outbox:
    """What of a checkpoint file is not confirmed. Of one process."""

    def __init__(self, path: Path) -> None:
        self._file = CheckpointFile(path)
        self._note = path.with_name(f"{path.name}.confirmed")
        self._start: int | None = None
        self._waiting: list[tuple[Checkpoint, int]] = []

    def waiting(self) -> Sequence[Checkpoint]:
        """Return those that are not confirmed, oldest first. Raises OSError, IllegibleError."""
        if self._start is None:
            self._start = self._confirmed_until()
        behind = self._waiting[-1][1] if self._waiting else self._start
        self._waiting.extend(self._file.since(behind))
        return [each for each, _ in self._waiting]

    def confirm(self, count: int) -> None:
        """Note that the first `count` of those that wait are kept elsewhere.

        Raises OSError if the next process will not know.
        """
        newest, self._start = self._waiting[count - 1]
        del self._waiting[:count]
        beside = self._note.with_name(f"{self._note.name}.new")
        with beside.open("wb") as file:
            file.write(line_of(newest))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._note)

    def _confirmed_until(self) -> int:
        """Return the byte behind the one that was confirmed last, 0 if that one is not in the file."""
        try:
            noted = list(CheckpointFile(self._note).all())
        except IllegibleError:
            noted = []
        return next((end for each, end in self._file.since(0) if each in noted), 0)


class Witness:
    """Sends what waits in an outbox until it is confirmed. One thread."""

    def __init__(
        self,
        outbox: Outbox,
        receiver: Receiver,
        clock: ServerClock,
        chance: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._receiver = receiver
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._told = False
        self._unnoted = False

    def run(self, stop: Event) -> None:
        """Send until `stop` is set; at once after a start."""
        wait_s = 0.0
        while not stop.wait(wait_s):
            wait_s = self.send()

    def send(self) -> float:
        """Send what waits, at most AT_ONCE; return after how many seconds to do so again."""
        try:
            waiting = self._outbox.waiting()
            reason = self._sent(waiting) if waiting else None
            if waiting and reason is None:
                waiting = self._outbox.waiting()
        except (OSError, IllegibleError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            return self._failed(f"the checkpoint file: {why}")
        self._measure(waiting, reason)
        if reason is not None:
            return self._failed(reason)
        self._failures = 0
        return 0.0 if waiting else ROUND_S

    def _sent(self, waiting: Sequence[Checkpoint]) -> str | None:
        """Return why what waits was not kept; None if it was."""
        part = waiting[:AT_ONCE]
        outcome = self._receiver.keep(b"".join(map(line_of, part)))
        # Nothing is ever given up, whatever the answer: a receiver can be mended, a missing checkpoint not.
        if outcome.kind != "delivered":
            return outcome.reason
        try:
            self._outbox.confirm(len(part))
        except OSError as error:
            # This process knows it all the same; the next one sends all once more.
            if not self._unnoted:
                self._unnoted = True
                log.warning("confirmation_not_kept", error=error.strerror)
        return None

    def _measure(self, waiting: Sequence[Checkpoint], reason: str | None) -> None:
        behind_ms = self._clock.now_ms() - waiting[0].at_ms if waiting else 0
        _UNCONFIRMED.set(len(waiting))
        _BEHIND.set(max(0, behind_ms) / 1000)
        if behind_ms >= BEHIND_MS and not self._told:
            self._told = True
            log.error("checkpoints_unconfirmed", checkpoints=len(waiting), reason=reason)
        elif not waiting and self._told:
            self._told = False
            log.info("checkpoints_confirmed")

    def _failed(self, reason: str) -> float:
        self._failures += 1
        if self._failures == 1:
            log.warning("checkpoints_not_sent", reason=reason)
        return patient_wait_s(self._failures, self._chance())
