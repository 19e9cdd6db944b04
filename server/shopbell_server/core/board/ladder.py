"""The ladder of evidence as a tenant wants it: stricter as he likes, by one row laxer at the most.

Owns: which fields he may choose for, what he may choose, and the table that comes of it.
Never: purposes and roles: those are the customer's and the program's, and no setting moves them.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shopbell_server.core.board.disclosure import TABLE, Field
from shopbell_server.core.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.board.disclosure import Table

MOST_LOOSER: Final = 1
"""Rows (signals, §4): a small shop, in which staff know their customers, may greet by name on a hint. Two
rows would let whoever replays what he heard open her card."""

FOLLOW: Final[Mapping[Field, Field]] = MappingProxyType(
    {
        Field.PRESENCE: Field.HANDLE,
        Field.ZONE: Field.HANDLE,
        Field.RECOGNITION: Field.HANDLE,
        Field.STAY: Field.HANDLE,
        Field.HELP: Field.HANDLE,
        Field.CONVERTED: Field.PURCHASES,
    }
)
"""Fields without a setting: each is shown where the other one is. Without a handle there is no row at all."""

UNSHOWN: Final = frozenset({Field.BROWSING, Field.REDEEM, Field.CHANGE_PROFILE})
"""Fields that no answer has: a choice for one of them would do nothing."""

CHOICES: Final[tuple[Field, ...]] = tuple(
    each for each in Field if each not in FOLLOW and each not in UNSHOWN
)


def faults(chosen: Mapping[Field, Evidence]) -> tuple[str, ...]:
    """Return everything that is wrong with `chosen`, each with what is allowed; empty when nothing is."""
    return tuple(
        f"{field} at {evidence.written} is too lax: it is shown at "
        f"{TABLE[field].evidence.written}, and may be loosened by one row, "
        f"to {least(field).written}"
        for field, evidence in chosen.items()
        if evidence < least(field)
    )


def least(field: Field) -> Evidence:
    """Return the weakest evidence that may be chosen for `field`."""
    return Evidence(max(Evidence.HINT, TABLE[field].evidence - MOST_LOOSER))


def table_of(chosen: Mapping[Field, Evidence]) -> Table:
    """Return the table with the evidence of `chosen`, in which `faults` finds nothing wrong."""
    wrong = faults(chosen)
    if wrong:
        raise ValueError("; ".join(wrong))
    return MappingProxyType(
        {
            field: replace(needs, evidence=chosen.get(FOLLOW.get(field, field), needs.evidence))
            for field, needs in TABLE.items()
        }
    )
