"""Whether the record of who did what is what it was.

Owns: finding what was changed, removed, moved, cut off or made anew, and saying where.
Never: who did that, or where records and checkpoints come from.

The chain alone shows what was done to single records. Whoever may do everything with the database can make
all of it anew; that shows against the checkpoints, which lie where he has nothing to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import KEPT_MS, checkpoint_bytes, digest_of, first_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shopbell_server.core.audit.chain import Checkpoint, Head, Record
    from shopbell_server.core.ids import Millis, TenantId

MOST_FINDINGS: Final = 100
"""More of one kind say no more: what was found is counted on, but not told one by one."""


class Fault(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    """What the record says is not what was hashed."""
    MISSING = "missing"
    """Records before this one are gone."""
    MOVED = "moved"
    """The record is whole, but belongs behind another one that is there."""
    CUT_OFF = "cut_off"
    """The chain was longer: its newest records are gone."""
    CUT_SHORT = "cut_short"
    """The oldest records are gone before their time."""
    REWRITTEN = "rewritten"
    """The chain fits together, but is not the one that was signed."""
    HEAD = "head"
    """The database's note of where the chain ends is not where it ends."""
    FORGED = "forged"
    """A checkpoint was not signed with our key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something is wrong with the record of this number, or up to it."""

    fault: Fault
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the chain is held against."""

    tenant: TenantId
    checkpoints: Sequence[Checkpoint]
    is_signed: Callable[[bytes, bytes], bool]
    """Of a signature and a message."""
    now_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found; `records` were read, `vouched` is the newest number that a checkpoint holds."""

    records: int
    vouched: int | None
    findings: tuple[Finding, ...]


def check(head: Head, read: Callable[[], Iterable[Record]], trust: Trust) -> Checked:
    """Return what is wrong with the records, which `read` gives in the order of their numbers.

    They are read a second time if some do not join on. `head` and the records are of one moment, and
    `trust.checkpoints` were read before it.
    """
    signed, findings = _signed(trust)
    walk = _Walk(head, {each.number for each in signed})
    for record in read():
        walk.see(record)
    there = {record.digest for record in read() if record.digest in walk.wanted}
    findings += walk.findings(there | {head.base_digest})
    findings += _ends(head, walk)
    findings += _begins(head, signed, trust)
    findings += _against(signed, walk, head)
    told = sorted(set(findings), key=lambda each: (each.number, each.fault))
    return Checked(
        records=walk.count,
        vouched=max((each.number for each in signed), default=None),
        findings=tuple(told[:MOST_FINDINGS]),
    )


class _Walk:
    """Along the chain, from its base."""

    def __init__(self, head: Head, noted: set[int]) -> None:
        self.count = 0
        self.last = head.base
        self.digest = head.base_digest
        self.digests: dict[int, bytes] = {}
        """Of the numbers that checkpoints name."""
        self.wanted: dict[bytes, list[int]] = {}
        """What does not join on, by the digest that it would join."""
        self._noted = noted
        self._found: list[Finding] = []

    def see(self, record: Record) -> None:
        self.count += 1
        if record.number != self.last + 1:
            self._find(Fault.MISSING, record.number)
        elif record.previous != self.digest and len(self.wanted) < MOST_FINDINGS:
            self.wanted.setdefault(record.previous, []).append(record.number)
        if digest_of(record.previous, record.act) != record.digest:
            self._find(Fault.CHANGED, record.number)
        if record.number in self._noted:
            self.digests[record.number] = record.digest
        self.last, self.digest = record.number, record.digest

    def findings(self, there: set[bytes]) -> list[Finding]:
        """Return what was found; `there` is which of `wanted` are the digest of some record."""
        joins = [
            Finding(fault=Fault.MOVED if previous in there else Fault.MISSING, number=number)
            for previous, numbers in self.wanted.items()
            for number in numbers
        ]
        return self._found + joins

    def _find(self, fault: Fault, number: int) -> None:
        if len(self._found) < MOST_FINDINGS:
            self._found.append(Finding(fault=fault, number=number))


def _signed(trust: Trust) -> tuple[list[Checkpoint], list[Finding]]:
    """Return the checkpoints that are ours, and a finding for every other one."""
    ours: list[Checkpoint] = []
    forged: list[Finding] = []
    for each in trust.checkpoints:
        message = checkpoint_bytes(trust.tenant, each.number, each.digest, each.at_ms)
        if trust.is_signed(each.signature, message):
            ours.append(each)
        else:
            forged.append(Finding(fault=Fault.FORGED, number=each.number))
    return ours, forged


def _ends(head: Head, walk: _Walk) -> list[Finding]:
    if walk.last < head.number:
        return [Finding(fault=Fault.CUT_OFF, number=walk.last)]
    if (walk.last, walk.digest) != (head.number, head.digest):
        return [Finding(fault=Fault.HEAD, number=head.number)]
    return []


def _begins(head: Head, signed: Sequence[Checkpoint], trust: Trust) -> list[Finding]:
    """Return what is wrong with where the chain begins.

    What was before the first checkpoint ever is vouched for by nobody. Later it may only have been cut
    at a checkpoint, and only when all before that was old enough.
    """
    if head.base == 0:
        begins_as_it_must = head.base_digest == first_head(trust.tenant).digest
        return [] if begins_as_it_must else [Finding(fault=Fault.CUT_SHORT, number=0)]
    if not signed or head.base < min(each.number for each in signed):
        return []
    due = any(
        (each.number, each.digest) == (head.base, head.base_digest)
        and each.at_ms <= trust.now_ms - KEPT_MS
        for each in signed
    )
    return [] if due else [Finding(fault=Fault.CUT_SHORT, number=head.base)]


def _against(signed: Sequence[Checkpoint], walk: _Walk, head: Head) -> list[Finding]:
    found: list[Finding] = []
    known: Mapping[int, bytes] = {head.base: head.base_digest} | walk.digests
    for each in sorted(signed, key=lambda one: one.number):
        if each.number > walk.last:
            found.append(Finding(fault=Fault.CUT_OFF, number=walk.last))
        elif each.number >= head.base and known.get(each.number, each.digest) != each.digest:
            # One says it: all later checkpoints of another chain differ as well.
            found.append(Finding(fault=Fault.REWRITTEN, number=each.number))
            break
    return found
