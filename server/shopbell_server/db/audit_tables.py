"""Tables of who did what.

Owns: as `tables`, of which this is a part.
Never: a name of a customer.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Index, Table

from shopbell_server.db.columns import (
    METADATA,
    bytes_column,
    key,
    number_column,
    number_columns,
    sha256_only,
    text_column,
    text_columns,
)

AUDIT: Final = Table(
    "audit_records",
    METADATA,
    text_column("tenant"),
    *number_columns("number", "at_ms"),
    *text_columns("actor", "actor_name", "actor_role", "credential", "what"),
    text_column("person", nullable=True),
    text_column("store", nullable=True),
    *text_columns("about", "why"),
    bytes_column("previous"),
    bytes_column("digest"),
    key("number"),
    sha256_only("previous"),
    sha256_only("digest"),
    Index(None, "tenant", "person", "number"),
)
"""A trigger refuses to change a row, and to remove one that is not before the base of `audit_heads`. No
reference to people or stores: what was done stays written when they are gone."""

AUDIT_HEADS: Final = Table(
    "audit_heads",
    METADATA,
    text_column("tenant"),
    number_column("number"),
    bytes_column("digest"),
    number_column("base"),
    bytes_column("base_digest"),
    number_column("signed", nullable=True),
    key(),
    sha256_only("digest"),
    sha256_only("base_digest"),
    CheckConstraint("0 <= base AND base <= number", name="order"),
)
"""One row of a tenant: whoever adds to the chain holds it. Neither number ever becomes smaller.
`signed` is the newest record that a checkpoint holds; None: nobody signs yet."""
