"""Look after the record of who did what: checkpoints of it, and its beginning when the time has come.

Owns: when a checkpoint is due, that none is made of another chain than the one before, and how far it
is cut.
Never: where checkpoints are kept, or the key that signs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import KEPT_MS, checkpoint, checkpoint_bytes
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.audit.chain import Checkpoint
    from shopbell_server.core.ids import TenantId
    from shopbell_server.ports.audit import Checkpoints
    from shopbell_server.ports.database import Database

EVERY_MS: Final = 5 * 60_000
"""So much of the newest may be cut off without being missed."""

EVERY_RECORDS: Final = 1_000
"""Or so many, whichever comes first: a page of 200 visits, five times."""


_JOB: Final = "audit"
"""Under which processes that sign know of each other."""


class OtherSignerError(Exception):
    """The newest checkpoint was signed with another key: signed on, nobody could verify the whole."""

    def __init__(self) -> None:
        super().__init__(
            "the newest checkpoint was signed with another key than audit.signing_key_file: put that key "
            "back; where it is lost, begin another checkpoint file under another name"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notary:
    """Signs the chain of a tenant, and keeps what it signed elsewhere."""

    tenant: TenantId
    sign: Callable[[bytes], bytes]
    """The same bytes always get the same signature, as Ed25519's do."""
    checkpoints: Checkpoints

    def require_own(self, last: Checkpoint | None) -> None:
        """Raise OtherSignerError unless this notary signed `last`; None is nobody's."""
        if last is None:
            return
        message = checkpoint_bytes(self.tenant, last.number, last.digest, last.at_ms)
        if self.sign(message) != last.signature:
            raise OtherSignerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How the chain stands: `number` is its newest record, `signed` the newest in a checkpoint."""

    number: int
    signed: int
    whole: bool
    """It goes on from the last checkpoint. If not, it was tampered with, and nothing was signed."""


def make_checkpoint(
    database: Database, notary: Notary, last: Checkpoint | None, now_ms: Millis
) -> tuple[Kept, Checkpoint | None]:
    """Sign the chain if that is due, and return how it stands and the newest checkpoint.

    `last` is the newest so far. Of several processes one signs at a time; whoever comes meanwhile signs
    nothing. Raises OSError if it cannot be kept, OtherSignerError if `last` is another's.
    """
    notary.require_own(last)
    with database.read() as work:
        head = work.audit.head()
        then = None if last is None else work.audit.digest(last.number)
    signed = 0 if last is None else last.number
    # What lies before the base was vouched for when it was cut.
    whole = last is None or last.number < head.base or then == last.digest
    if not whole:
        return Kept(number=head.number, signed=signed, whole=False), last
    due = last is None or (
        head.number >= last.number + EVERY_RECORDS
        or (head.number > last.number and now_ms >= last.at_ms + EVERY_MS)
    )
    if due:
        with database.begin() as work:
            if not work.retention.is_alone(_JOB):
                return Kept(number=head.number, signed=signed, whole=True), last
            newest = notary.checkpoints.last()
            if newest is None or (last is not None and newest.number <= last.number):
                newest = checkpoint(notary.tenant, head, now_ms, notary.sign)
                notary.checkpoints.append(newest)
                return Kept(number=head.number, signed=newest.number, whole=True), newest
        # Another process signs too, and was quicker: its checkpoint is gone on from.
        return make_checkpoint(database, notary, newest, now_ms)
    return Kept(number=head.number, signed=signed, whole=True), last


def cut_audit(
    database: Database, notary: Notary | None, now_ms: Millis, kept_ms: int = KEPT_MS
) -> int:
    """Remove what is older than `kept_ms`; return how many records.

    Where checkpoints are made, only up to one that is itself so old, so that the beginning of what
    is left can be proved; nothing if the chain is not what that one says. Raises OSError if none can be read.
    """
    until_ms = Millis(now_ms - kept_ms)
    signed = None if notary is None else notary.checkpoints.before(until_ms)
    if notary is not None and signed is None:
        return 0
    with database.read() as work:
        head = work.audit.head()
        base = work.audit.older(until_ms) if signed is None else signed.number
        if base <= head.base or (signed is not None and work.audit.digest(base) != signed.digest):
            return 0
    with database.begin() as work:
        gone = work.audit.cut(base)
        work.commit()
    return gone
