"""What an edge has counted since it started, for whoever watches it.

Owns: names and numbers. No label carries a person, an address or a token.
Never: exports them; an adapter does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_edge.core.reception import Reception
    from shopbell_wire.messages import Hearing


@dataclass(slots=True, kw_only=True)
class Tally:
    """Grows only. Tasks write it, the metrics page and the status read it; one thread."""

    adverts: dict[str, Callable[[], Mapping[str, int]]] = field(default_factory=dict)
    """By scanner: advertisements by result, asked for when somebody looks."""
    events: Counter[str] = field(default_factory=Counter)
    """By kind: `presence`, `scan`, `scanner_health` …"""
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By scanner and result: `pass`, `number`, or why not."""
    cameras: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By scanner and what: `frames` looked at, `decoded` of them, `images`, `unreadable` ones, those
    `not_taken` away, and the ends of decoders (`decoder_died`, `decoder_hung`, `decoder_slow`,
    `decoder_garbled`)."""
    dropped: Counter[str] = field(default_factory=Counter)
    """By reason: what the spool had no room for, and tokens that had to make room for newer ones."""
    hearing: dict[str, tuple[Hearing, str]] = field(default_factory=dict)
    """By scanner: how it hears, and why it thinks so."""
    receptions: dict[str, Reception] = field(default_factory=dict)
    """By radio: how it heard the store's beacon in the last minutes."""
    ways: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By Bluetooth radio that hears: which way (`management`, `bleak`), and what it says of that."""
