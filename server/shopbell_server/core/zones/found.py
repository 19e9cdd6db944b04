"""Where somebody was found, and of whom that is to be found anew.

Owns: the rows of both. Not beside what finds them: who stores them needs no numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, PersonId, StoreId, ZoneId


class Place(NamedTuple):
    """Somebody was in a zone from `first_ms` to `last_ms`; None: was heard, and nobody can say where.

    Those of one person in one store do not overlap.
    """

    person: PersonId
    """The enrolment that was heard, also where it is joined with others."""
    store: StoreId
    first_ms: Millis
    last_ms: Millis
    zone: ZoneId | None


class Unsettled(NamedTuple):
    """Something new was heard of somebody from `first_ms` to `last_ms`: where she was is to be found anew."""

    person: PersonId
    store: StoreId
    first_ms: Millis
    last_ms: Millis
