"""Look after the record of who did what: checkpoints of it, and its beginning when the time has come.

Owns: when a checkpoint is due, that none is made of another chain than the one before, and how far it
is cut.
Never: where checkpoints are kept, or the key that signs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import KEPT_MS, Act, What, checkpoint, checkpoint_bytes
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.audit.chain import Actor, Checkpoint
    from shopbell_server.core.ids import TenantId
    from shopbell_server.ports.audit import Checkpoints
    from shopbell_server.ports.database import Database, UnitOfWork

EVERY_MS: Final = 5 * 60_000
"""So much of the newest may be cut off without being missed."""

EVERY_RECORDS: Final = 1_000
"""Or so many, whichever comes first: a page of 200 visits, five times."""


LEFT_TO_OTHERS_MS: Final = 86_400_000
"""So much longer a process without [audit] leaves the oldest records to one that has it, which cuts every
hour: cut anywhere else than at a checkpoint, the chain could not be verified any more."""

_JOB: Final = "audit"
"""Under which processes that sign and cut know of each other."""


class OtherSignerError(Exception):
    """The newest checkpoint was signed with another key: signed on, nobody could verify the whole."""

    def __init__(self) -> None:
        super().__init__(
            "the newest checkpoint was signed with another key than audit.signing_key_file: put that key "
            "back; where it is lost, begin another checkpoint file under another name "
            "(`shopbell-server audit begin-file`)"
        )


class OtherFileError(Exception):
    """Another file has newer checkpoints: once the chain is cut by one file, it fails against the other."""

    def __init__(self, signed: int) -> None:
        super().__init__(
            f"another checkpoint file than audit.checkpoint_file holds the audit up to record {signed}: "
            "name that file in the settings of every process with the role jobs, or give [audit] to one; "
            "where that file is lost, `shopbell-server audit begin-file` lets this one count"
        )


class NotOurChainError(Exception):
    """The chain does not go on from the newest checkpoint of the file."""

    def __init__(self) -> None:
        super().__init__(
            "the audit does not go on from the newest checkpoint of audit.checkpoint_file, so nothing is "
            "signed: `shopbell-server audit verify` says what was done; keep the file, and name a new one"
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

    def newest(self, signed: int) -> Checkpoint | None:
        """Return our newest checkpoint. Raises OSError, and OtherFileError if record `signed` is newer."""
        last = self.checkpoints.last()
        if signed > _number(last):
            raise OtherFileError(signed)
        return last


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
    nothing. Raises OSError if it cannot be kept, OtherSignerError if `last` is another's, OtherFileError if
    another file has newer ones than ours.
    """
    notary.require_own(last)
    with database.read() as work:
        head = work.audit.head()
        then = None if last is None else work.audit.digest(last.number)
        noted = work.audit.signed()
    signed = _number(last)
    if noted > signed:
        # Another process signed into this file, or into another one.
        return make_checkpoint(database, notary, notary.newest(noted), now_ms)
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
            newest = notary.newest(work.audit.signed())
            if newest is None or (last is not None and newest.number <= last.number):
                newest = checkpoint(notary.tenant, head, now_ms, notary.sign)
                _keep(work, notary, newest)
                return Kept(number=head.number, signed=newest.number, whole=True), newest
        # Another process signs too, and was quicker: its checkpoint is gone on from.
        return make_checkpoint(database, notary, newest, now_ms)
    return Kept(number=head.number, signed=signed, whole=True), last


def cut_audit(
    database: Database, notary: Notary | None, now_ms: Millis, kept_ms: int = KEPT_MS
) -> int:
    """Remove what is older than `kept_ms`; return how many records.

    Where checkpoints are made, only up to one that is itself so old, so that the beginning of what
    is left can be proved; nothing if the chain is not what that one says. Raises OSError if none can be read,
    OtherFileError if another file has newer ones than ours.
    """
    with database.read() as work:
        noted = work.audit.signed()
    until_ms = Millis(now_ms - kept_ms)
    if notary is not None:
        notary.newest(noted)
    elif noted:
        until_ms = Millis(until_ms - LEFT_TO_OTHERS_MS)
    signed = None if notary is None else notary.checkpoints.before(until_ms)
    if notary is not None and signed is None:
        return 0
    with database.read() as work:
        head = work.audit.head()
        base = work.audit.older(until_ms) if signed is None else signed.number
        if base <= head.base or (signed is not None and work.audit.digest(base) != signed.digest):
            return 0
    with database.begin() as work:
        if not work.retention.is_alone(_JOB):
            return 0
        gone = work.audit.cut(base)
        work.commit()
    return gone


def begin_file(
    database: Database, notary: Notary, now_ms: Millis, actor: Actor
) -> Checkpoint | None:
    """Let our file be the one that counts, though another has newer checkpoints; return the first one in it.

    That it was begun is on record, by `actor`. None if another process signs or cuts at this moment. Raises
    OSError, OtherSignerError, NotOurChainError.
    """
    last = notary.checkpoints.last()
    notary.require_own(last)
    with database.begin() as work:
        base = work.audit.head().base
        then = None if last is None else work.audit.digest(last.number)
        if last is not None and last.number >= base and then != last.digest:
            raise NotOurChainError
        work.audit.note([Act(at_ms=now_ms, actor=actor, what=What.CHECKPOINTS_BEGUN)])
        work.commit()
    with database.begin() as work:
        if not work.retention.is_alone(_JOB):
            return None
        newest = checkpoint(notary.tenant, work.audit.head(), now_ms, notary.sign)
        _keep(work, notary, newest)
    return newest


def _keep(work: UnitOfWork, notary: Notary, newest: Checkpoint) -> None:
    """Keep a checkpoint, then note it: broken off between, the file is ahead, which is no contradiction."""
    notary.checkpoints.append(newest)
    work.audit.sign(newest.number)
    work.commit()


def _number(last: Checkpoint | None) -> int:
    return 0 if last is None else last.number
