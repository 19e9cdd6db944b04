"""A pass code counts once: which of several scans of it that is.

Owns: that choice, the same in whatever order scans arrive, and when a second scan is worth telling.
Never: whether a code is right (`passes`), or what a scan is evidence of.

A code is right for every scanner for a minute and a half, so whoever photographs a pass can show it
elsewhere. Edges that are offline keep what they read: both scans are found once both edges have spoken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from shopbell_server.core.ids import CardRef, EdgeId, Millis, StoreId


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeUse:
    """A scan of the code that a card shows in one 30 s step. `edge` is empty where nobody wrote it down."""

    card: CardRef
    step: int
    at_ms: Millis
    store: StoreId
    edge: EdgeId
    scanner: str


Verdict = Literal["first", "earlier", "used"]
"""`first`: no other scan is known. `earlier`: it was before the one that counted until now, which counts no
more. `used`: another one was before it, or this one is known."""


def verdict(known: CodeUse | None, scan: CodeUse) -> Verdict:
    """Return what `scan` of a code is whose use so far is `known`: of all scans the earliest counts.

    Of several at one moment the one at the edge and scanner whose names come first.
    """
    if known is None:
        return "first"
    return "earlier" if _order(scan) < _order(known) else "used"


def is_elsewhere(known: CodeUse, scan: CodeUse) -> bool:
    """Return whether two scans of one code were at two edges.

    Somebody has a picture of her pass, or she went from one scanner to the next within a minute.
    """
    return bool(known.edge) and known.edge != scan.edge


def _order(use: CodeUse) -> tuple[Millis, EdgeId, str]:
    return use.at_ms, use.edge, use.scanner
