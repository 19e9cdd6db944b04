"""What others call somebody, said without asking a guard."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from shopbell_server.core.identity.identifiers import Link
from shopbell_server.core.ids import LinkId, Millis

if TYPE_CHECKING:
    from shopbell_server.core.ids import ProfileId
    from shopbell_server.ports.database import UnitOfWork

_numbers = count(1)


def link(work: UnitOfWork, profile: ProfileId, kind: str, value: str, *, at_ms: int = 0) -> Link:
    """Let a profile that is there have an identifier, whoever else has it; return it."""
    said = Link(
        id=LinkId(f"link-{next(_numbers):08}"),
        kind=kind,
        value=value,
        profile=profile,
        home=profile,
        at_ms=Millis(at_ms),
        source="app_ticket",
        by="app",
    )
    work.identity.add([said])
    return said
