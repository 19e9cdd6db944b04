"""How other channels name customers. Owns: the table `[channels]` and what may stand in it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Channels(Struct, frozen=True, kw_only=True):
    """Segment's tracking API."""

    user_id: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}$")] = "profile"
    """What `userId` is: `profile`, the id that the app asks for tickets with, or a kind of identifier
    (`crm`, `webshop_id` …)."""
