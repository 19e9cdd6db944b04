"""Settings of how batches are taken in. Owns: the table [gathering]."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Gathering(Struct, frozen=True, kw_only=True):
    """How many batches share one transaction."""

    most: Annotated[int, Meta(ge=1, le=512)] = 64
    """A commit costs about as much as taking in 50 batches; beyond 64 the gain is under 5 %."""
    wait_ms: Annotated[int, Meta(ge=0, le=1000)] = 20
    """Waiting for company: under a tenth of the 300 ms from the first advert to the board."""
