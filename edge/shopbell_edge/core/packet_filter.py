"""A program for the kernel: which packets of the management socket are worth waking up for.

Owns: classic BPF (the kernel's linux/filter.h) that walks the structures of an advertisement.
Never: decides that something is ours; it lets pass whatever may be, and whatever it does not understand.

Most of what an idle process would be woken for is a stranger's advertisement. A sample of those is let pass,
so that the radio's life can be seen and strangers be counted.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.ad_structures import BASE_UUID
from shopbell_edge.core.fixed_ids import APPLE, EDDYSTONE, EDDYSTONE_UID
from shopbell_edge.core.management import DEVICE_FOUND, FOUND_AT, MONITOR_FOUND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shopbell_edge.core.retailer import Retailer

MOST_S: Final = 2.0
"""Samples a second above which a fourth will do: to be woken up costs ten times what a packet does."""

LEAST_S: Final = 0.25
"""Samples a second below which four times as many are wanted: of 30 s there are then none in one of 2 000."""

RAREST: Final = 4_096
"""One in so many at the most: of a storm of 5 000 a second one."""

MOST_STRUCTURES: Final = 12
"""A legacy advertisement and its scan response have ten at the most that say something; what has more than
this passes unjudged."""

INSTRUCTION: Final = Struct("=HBBI")
"""struct sock_filter: code, how many lines to skip if true, if false, operand."""

LD_LEN: Final = 0x80
LDW_ABS: Final = 0x20
LDH_ABS: Final = 0x28
LDW_IND: Final = 0x40
LDB_IND: Final = 0x50
LD_MEM: Final = 0x60
LDX_IMM: Final = 0x01
ST: Final = 0x02
ADD: Final = 0x04
ADD_X: Final = 0x0C
AND: Final = 0x54
TAX: Final = 0x07
JA: Final = 0x05
JEQ: Final = 0x15
JGE: Final = 0x35
JGT_X: Final = 0x2D
RET: Final = 0x06
"""Codes of linux/bpf_common.h. `ABS` loads from the packet at the operand, `IND` at X + operand; past its end
the packet is dropped. Loads are big-endian, the numbers of the packet little-endian."""

RANDOM: Final = 0xFFFFF000 + 56
"""SKF_AD_OFF + SKF_AD_RANDOM: loads a random word."""

WHOLE: Final = 0x40000
"""Let through so many bytes of it: more than any has."""

_LENGTH: Final = 0
"""The scratch word that holds the length of the structure at X."""

_IBEACON_LENGTH: Final = 21
"""Of its structure, up to the UUID's end: type 1, company 2, header 2, UUID 16."""

_EDDYSTONE_LENGTH: Final = 21
"""Of its structure, without what is reserved: type 1, UUID 2, frame 1, power 1, namespace 10, instance 6."""

_NAMESPACE_AT: Final = 6
"""From its first byte: length 1, type 1, UUID 2, frame 1, power 1."""

_UUID_LENGTH: Final = 17
"""Of a structure with type 1 and UUID 16."""

_PREFIX_AT: Final = 14
"""From a list's first byte: length 1, type 1, and 12 of the 16 bytes, which come back to front."""


def next_sample(sample: int, passed: int, elapsed_s: float) -> int:
    """Return one in how many strangers to let pass, after `passed` of one in `sample` in so many seconds."""
    if passed > MOST_S * elapsed_s:
        return min(sample * 4, RAREST)
    if passed < LEAST_S * elapsed_s:
        return max(sample // 4, 1)
    return sample


def program(controller: int, *retailers: Retailer, sample: int) -> bytes:
    """Return the instructions, as an array of struct sock_filter, for `controller` and `retailers`.

    Of strangers' advertisements they pass one in `sample` (a power of two). They pass every packet of which
    `management.taking` makes an advertisement and all that are no advertisements, and drop other
    controllers' advertisements. For a handful of retailers: a jump that skips more than 255 lines does
    not exist.
    """
    code = _Assembly()
    code.do(LDH_ABS, 0)
    code.test(JEQ, _swapped(DEVICE_FOUND), yes="found")
    code.test(JEQ, _swapped(MONITOR_FOUND), yes="monitored")
    code.do(RET, WHOLE)
    code.label("monitored")
    code.do(LDX_IMM, FOUND_AT[MONITOR_FOUND])
    code.go("whose")
    code.label("found")
    code.do(LDX_IMM, FOUND_AT[DEVICE_FOUND])
    code.label("whose")
    code.do(LDH_ABS, 2)
    code.test(JEQ, _swapped(controller), yes="0 begins")
    code.do(RET, 0)
    for number in range(MOST_STRUCTURES):
        _judge(code, number, retailers)
    code.label(f"{MOST_STRUCTURES} begins")
    code.do(RET, WHOLE)
    code.label("foreign")
    code.do(LDW_ABS, RANDOM)
    code.do(AND, sample - 1)
    code.test(JEQ, 0, yes="sampled")
    code.do(RET, 0)
    code.label("sampled")
    code.do(RET, WHOLE)
    return code.assembled()


def _judge(code: _Assembly, number: int, retailers: tuple[Retailer, ...]) -> None:
    """Judge the structure that begins at X; let X be where the next one does."""
    ours, ends, goes_on = f"{number} is ours", f"{number} ends it", f"{number} goes on"
    beacon, service, uuids = f"{number} is Apple's", f"{number} is data", f"{number} is a list"
    fob = f"{number} is short data"
    namespaces = [name for each in retailers if each.fixed for name in each.fixed.namespaces]
    code.label(f"{number} begins")
    code.do(LD_LEN)
    code.test(JGT_X, 0, no=ends)
    code.do(LDB_IND, 0)
    code.test(JEQ, 0, yes=ends)  # the padding
    code.do(ST, _LENGTH)
    code.do(LDB_IND, 1)
    code.test(JEQ, 0xFF, yes=beacon)
    code.test(JEQ, 0x21, yes=service)
    code.test(JEQ, 0x06, yes=uuids)
    code.test(JEQ, 0x07, yes=uuids)
    for kind in _rare(retailers):
        code.test(JEQ, kind, yes=ours)
    if namespaces:
        code.test(JEQ, 0x16, yes=fob)
    code.go(goes_on)
    code.label(ends)
    code.go("foreign")
    code.label(beacon)
    _look(code, _IBEACON_LENGTH, _starts(retailers), number)
    code.label(service)
    services = [each.uuid for each in retailers] + [EDDYSTONE] * bool(namespaces)
    _look(code, _UUID_LENGTH, map(_on_air, services), number)
    if namespaces:
        code.label(fob)
        _look_for_fobs(code, namespaces, number)
    code.label(uuids)
    code.do(LD_MEM, _LENGTH)
    code.test(
        JGE, 2 * _UUID_LENGTH - 1, yes=ours
    )  # two UUIDs or more: not worth lines of their own
    code.test(JGE, _UUID_LENGTH, no=goes_on)
    code.do(LDW_IND, _PREFIX_AT)
    for each in retailers:
        code.test(JEQ, int.from_bytes(_on_air(each.prefix)), yes=ours)
    code.go(goes_on)
    code.label(ours)
    code.do(RET, WHOLE)
    code.label(goes_on)
    code.do(LD_MEM, _LENGTH)
    code.do(ADD_X)
    code.do(ADD, 1)
    code.do(TAX)


def _look(code: _Assembly, length: int, values: Iterable[bytes], number: int) -> None:
    """Compare what follows the type with `values`, whole words all."""
    code.do(LD_MEM, _LENGTH)
    code.test(JGE, length, no=f"{number} goes on")
    for value in values:
        another = code.unused()
        for at in range(0, len(value), 4):
            code.do(LDW_IND, 2 + at)
            code.test(JEQ, int.from_bytes(value[at : at + 4]), no=another)
        code.do(RET, WHOLE)
        code.label(another)
    code.go(f"{number} goes on")


def _look_for_fobs(code: _Assembly, namespaces: Iterable[str], number: int) -> None:
    """Compare the UUID, the frame and, of the namespace, its two whole words."""
    code.do(LD_MEM, _LENGTH)
    code.test(JGE, _EDDYSTONE_LENGTH, no=f"{number} goes on")
    code.do(LDW_IND, 2)
    code.do(AND, 0xFFFFFF00)  # less the power, which may be any
    uid = _on_air(EDDYSTONE[4:8]) + bytes([EDDYSTONE_UID, 0])
    code.test(JEQ, int.from_bytes(uid), no=f"{number} goes on")
    for namespace in namespaces:
        another = code.unused()
        for at in (0, 4):
            word = bytes.fromhex(namespace)[at : at + 4]
            code.do(LDW_IND, _NAMESPACE_AT + at)
            code.test(JEQ, int.from_bytes(word), no=another)
        code.do(RET, WHOLE)
        code.label(another)
    code.go(f"{number} goes on")


def _starts(retailers: Iterable[Retailer]) -> Iterator[bytes]:
    """Yield with what manufacturer data of theirs begins: company 2, header 2, UUID 16."""
    for each in retailers:
        yield APPLE.to_bytes(2, "little") + each.ibeacon_start
    for each in retailers:
        for company, starts in () if each.fixed is None else each.fixed.starts.items():
            for start in starts:
                yield company.to_bytes(2, "little") + start


def _rare(retailers: tuple[Retailer, ...]) -> Iterator[int]:
    """Yield the types of structures that hardly anybody sends, and that may hold a frame in a short form."""
    yield from (0x04, 0x05)
    if any(each.uuid.endswith(BASE_UUID) for each in retailers):
        yield from (0x16, 0x20)
    elif any(each.fixed and each.fixed.namespaces for each in retailers):
        yield 0x20


def _on_air(digits: str) -> bytes:
    return bytes.fromhex(digits.replace("-", ""))[::-1]


def _swapped(number: int) -> int:
    return int.from_bytes(number.to_bytes(2, "little"))


class _Assembly:
    """Lines, and labels that are only ever jumped forward to."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, int, str | None, str | None]] = []
        self._labels: dict[str, int] = {}

    def do(self, code: int, operand: int = 0) -> None:
        self._lines.append((code, operand, None, None))

    def go(self, label: str) -> None:
        self._lines.append((JA, 0, label, None))

    def test(
        self, code: int, operand: int, *, yes: str | None = None, no: str | None = None
    ) -> None:
        """Jump to `yes` or `no`; without a label go on with the next line."""
        self._lines.append((code, operand, yes, no))

    def label(self, label: str) -> None:
        self._labels[label] = len(self._lines)

    def unused(self) -> str:
        return f"line {len(self._lines)}"

    def assembled(self) -> bytes:
        return b"".join(self._line(at) for at in range(len(self._lines)))

    def _line(self, at: int) -> bytes:
        code, operand, yes, no = self._lines[at]
        skip_yes, skip_no = self._skip(at, yes), self._skip(at, no)
        if code == JA:
            return INSTRUCTION.pack(code, 0, 0, skip_yes)
        return INSTRUCTION.pack(code, skip_yes, skip_no, operand)

    def _skip(self, at: int, label: str | None) -> int:
        return 0 if label is None else self._labels[label] - at - 1
