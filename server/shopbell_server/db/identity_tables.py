"""The tables of identifiers and of the history of profiles.

Owns: their columns, keys, constraints and indexes, for SQLite and PostgreSQL alike.
Never: triggers (the migrations have them), nor what a row means in the core.

No value of an identifier stands here: `mark` is by what it is found, `sealed` the box that it is in.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
)

from shopbell_server.db.columns import (
    METADATA,
    bytes_column,
    key,
    number_column,
    number_columns,
    refers,
    sha256_only,
    text_column,
    text_columns,
)

IDENTIFIERS: Final = Table(
    "identifiers",
    METADATA,
    *text_columns("tenant", "link", "kind"),
    # All three are missing where it was unlinked: nothing is left of the value.
    Column("mark", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    text_column("profile", nullable=True),
    # No reference: it is of whom it was said, which a merge does not change.
    text_column("home"),
    number_column("at_ms"),
    *text_columns("source", "said_by"),
    key("link"),
    refers("profiles", "profile"),
    CheckConstraint(
        "(profile IS NULL) = (mark IS NULL) AND (profile IS NULL) = (sealed IS NULL)", name="whole"
    ),
    Index(None, "tenant", "kind", "mark"),
    Index(None, "tenant", "profile"),
    Index(None, "tenant", "home"),
)

MOVED_ENROLMENTS: Final = Table(
    "moved_enrolments",
    METADATA,
    # Where an enrolment began that was moved since; of the others their profile says it.
    *text_columns("tenant", "person", "home"),
    key("person"),
    ForeignKeyConstraint(
        ["tenant", "person"], ["enrolments.tenant", "enrolments.person"], ondelete="CASCADE"
    ),
    Index(None, "tenant", "home"),
    sqlite_with_rowid=False,
)

IDENTITY_ENTRIES: Final = Table(
    "identity_entries",
    METADATA,
    *text_columns("tenant", "entry"),
    number_column("number"),
    text_column("what"),
    number_column("at_ms"),
    text_column("source"),
    text_column("target", nullable=True),
    text_column("moved_json"),
    text_column("about", nullable=True),
    text_column("joined_as", nullable=True),
    text_column("joined_json"),
    *text_columns("reason", "done_by"),
    # No references: the history outlives what it is about, as long as one side is there.
    key("entry"),
    CheckConstraint("what IN ('merged', 'followed', 'split', 'undone', 'unlinked')", name="what"),
    Index(None, "tenant", "source"),
    Index(None, "tenant", "target"),
)

ABSORBED_PROFILES: Final = Table(
    "absorbed_profiles",
    METADATA,
    *text_columns("tenant", "profile", "taken_by"),
    key("profile"),
    ForeignKeyConstraint(
        ["tenant", "profile"],
        ["profiles.tenant", "profiles.profile"],
        name="fk_absorbed_profiles_profile",
    ),
    ForeignKeyConstraint(
        ["tenant", "taken_by"],
        ["profiles.tenant", "profiles.profile"],
        name="fk_absorbed_profiles_taken_by",
    ),
    CheckConstraint("profile <> taken_by", name="into_another"),
    Index(None, "tenant", "taken_by"),
    sqlite_with_rowid=False,
)

BLOCKED_IDENTIFIERS: Final = Table(
    "blocked_identifiers",
    METADATA,
    *text_columns("tenant", "kind"),
    bytes_column("mark"),
    *number_columns("at_ms"),
    text_column("blocked_by"),
    key("kind", "mark"),
    sha256_only("mark"),
    sqlite_with_rowid=False,
)
