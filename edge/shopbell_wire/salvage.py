"""Which batch was it? Read from bytes that are about to be refused.

Owns: finding `stream` and `seq` in a batch that is too deep, cut short, of another version …
Never: trust. What is found only says what the refusal is called; no event is read this way.
"""

from __future__ import annotations

import re
from typing import Final

from shopbell_wire.messages import MAX_COUNT

_MEMBER: Final = re.compile(
    rb'"stream"\s*+:\s*+"(?P<stream>[0-9a-f]{32})"'
    rb'|"seq"\s*+:\s*+(?P<seq>[1-9][0-9]{0,15})(?![0-9.eE])'
    rb'|"[^"\\]*+(?:\\.[^"\\]*+)*+"?|(?P<opening>[\[{])|(?P<closing>[\]}])',
    re.DOTALL,
)
"""The two members, any other string, or a bracket; linear in any bytes (see strict)."""


def address(payload: bytes) -> tuple[str, int] | None:
    """Return (stream, seq) if the top-level object says both, however broken the rest may be.

    Linear in the size of `payload`; the first of each counts.
    """
    depth = 0
    stream: str | None = None
    seq: int | None = None
    for token in _MEMBER.finditer(payload):
        if token["opening"]:
            depth += 1
        elif token["closing"]:
            depth -= 1
        elif depth != 1:
            continue
        elif token["stream"] and stream is None:
            stream = token["stream"].decode("ascii")
        elif token["seq"] and seq is None:
            seq = int(token["seq"])
        if stream is not None and seq is not None:
            return (stream, seq) if seq <= MAX_COUNT else None
    return None
