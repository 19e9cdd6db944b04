"""What the server refuses, kept for a person to look at.

Owns: the table `refused`, and what of a batch goes into it.
Never: begins or ends a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from shopbell_wire.messages import Refused

MAX_REFUSED: Final = 100
"""Refused batches kept for a person to look at: 100 x 60 KiB = 6 MB at worst."""


def once_each(refused: Sequence[Refused]) -> dict[int, list[Refused]]:
    """Return by batch what is refused of it: the batch, or each of its events once."""
    found: dict[int, dict[int | None, Refused]] = {}
    for one in refused:
        found.setdefault(one.seq, {}).setdefault(one.index, one)
    return {seq: [of[None]] if None in of else list(of.values()) for seq, of in found.items()}


def set_aside(
    db: sqlite3.Connection, stream: str, payload: bytes, refused: Sequence[Refused]
) -> None:
    """Keep what `refused` says of the batch `payload`; the oldest of too many go."""
    db.executemany(
        "INSERT INTO refused (stream, seq, position, reason, payload) VALUES (?, ?, ?, ?, ?)",
        (
            (stream, one.seq, one.index, one.reason, part)
            for one, part in zip(refused, _parts(payload, refused), strict=True)
        ),
    )
    db.execute("DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (MAX_REFUSED,))


class _Events(msgspec.Struct):
    events: list[msgspec.Raw]


def _parts(payload: bytes, refused: Sequence[Refused]) -> list[bytes]:
    """Return what each refusal is about: an event, or (once) all of it where the server names none.

    Together they are no longer than twice `payload`, whatever the server says.
    """
    events = msgspec.json.decode(payload, type=_Events).events
    parts: list[bytes] = []
    whole = payload
    for one in refused:
        if one.index is not None and one.index < len(events):
            parts.append(bytes(events[one.index]))
        else:
            parts.append(whole)
            whole = b""
    return parts
