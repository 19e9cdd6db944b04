"""Classic BPF, run as the kernel runs it: written from its documentation, so that the two can disagree."""

from __future__ import annotations

import struct
from typing import Final

RANDOM: Final = 0xFFFFF038
STEPS: Final = 4096


def passes(  # noqa: C901, PLR0912  a machine is its list of instructions
    program: bytes, packet: bytes, *, random: int = 1
) -> bool:
    """Return whether `program` lets `packet` through."""
    lines = list(struct.iter_unpack("=HBBI", program))
    assert len(lines) <= STEPS, "the kernel takes no more"
    a = x = at = 0
    memory = [0] * 16
    while True:
        code, yes, no, k = lines[at]
        at += 1
        match code:
            case 0x06:
                return bool(k)
            case 0x05:
                at += k
            case 0x15 | 0x35 | 0x2D:
                true = {0x15: a == k, 0x35: a >= k, 0x2D: a > x}[code]
                at += yes if true else no
            case 0x80:
                a = len(packet)
            case 0x20 if k == RANDOM:
                a = random
            case 0x20 | 0x28 | 0x40 | 0x50:
                size = {0x20: 4, 0x28: 2, 0x40: 4, 0x50: 1}[code]
                begin = k + (x if code in {0x40, 0x50} else 0)
                if begin + size > len(packet):
                    return False
                a = int.from_bytes(packet[begin : begin + size])
            case 0x60:
                a = memory[k]
            case 0x02:
                memory[k] = a
            case 0x01:
                x = k
            case 0x04:
                a = (a + k) & 0xFFFFFFFF
            case 0x0C:
                a = (a + x) & 0xFFFFFFFF
            case 0x54:
                a &= k
            case 0x07:
                x = a
            case _:
                raise AssertionError(f"no such instruction: {code:#x}")
