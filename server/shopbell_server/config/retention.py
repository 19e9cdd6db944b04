"""Settings of how long things are kept. Owns: the table [retention].

Every default is the longest there is: a tenant may only keep less. What is not here cannot be shortened, for
the reason that stands beside its number in `core.keeping.retention`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from shopbell_server.core.keeping.retention import (
    AUDIT_DAYS,
    DEAD_LETTERS_DAYS,
    SET_ASIDE_HOURS,
    SHORTEST_DAYS,
    VISITS_DAYS,
    ZONES_DAYS,
    Limits,
)

LEAST_AUDIT_DAYS = 30
"""The weekly report looks back over weeks, and a complaint comes later than what it is about."""


class Retention(Struct, frozen=True, kw_only=True):
    """How long personal data are kept at most."""

    zones_days: Annotated[int, Meta(ge=SHORTEST_DAYS, le=ZONES_DAYS)] = ZONES_DAYS
    """In which zone of a store she was; the visit stays."""
    visits_days: Annotated[int, Meta(ge=SHORTEST_DAYS, le=VISITS_DAYS)] = VISITS_DAYS
    """Visits with their evidence, receipts, and who was told of them: thirteen months."""
    dead_letters_days: Annotated[int, Meta(ge=1, le=DEAD_LETTERS_DAYS)] = DEAD_LETTERS_DAYS
    """Events that were delivered, and those that could not be."""
    set_aside_hours: Annotated[int, Meta(ge=1, le=SET_ASIDE_HOURS)] = SET_ASIDE_HOURS
    """The bytes of batches that could not be taken in."""
    audit_days: Annotated[int, Meta(ge=LEAST_AUDIT_DAYS, le=AUDIT_DAYS)] = AUDIT_DAYS
    """Who did what and who looked at whom: twelve months."""


def limits_of(retention: Retention) -> Limits:
    """Return the same for the core."""
    return Limits(
        zones_days=retention.zones_days,
        visits_days=retention.visits_days,
        dead_letters_days=retention.dead_letters_days,
        set_aside_hours=retention.set_aside_hours,
        audit_days=retention.audit_days,
    )
