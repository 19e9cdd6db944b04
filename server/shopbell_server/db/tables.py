"""The tables of what edges sent, visits, tills and what goes out.

Owns: columns, keys, constraints and indexes, for SQLite and PostgreSQL alike.
Never: people (`people_tables`), the registry (`registry_tables`), triggers (the migrations have
them), nor what a row means in the core.

Every key begins with the tenant, so that a database can be split by it. Times are Unix milliseconds
in BIGINT. Identifiers compare byte by byte (collation "C"), as SQLite and Python do: locks are taken
and pages are turned in that order. JSON is text with a version in it; what is searched has a column.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
)

from shopbell_server.db.columns import (
    BYTEWISE,
    METADATA,
    bytes_column,
    key,
    number_column,
    number_columns,
    refers,
    sealed_column,
    sha256_only,
    text_column,
    text_columns,
)

UNENDED: Final = text("state <> 'ended'")
"""Candidates and open visits. Said to the letter in indexes and queries, or no index is used."""

WAITING: Final = text("state = 'waiting'")
"""Deliveries that are still to be made; to the letter as well."""


# ------------------------------------------------------------------ what an edge sent

BATCHES: Final = Table(
    "batches",
    METADATA,
    *text_columns("tenant", "edge", "stream"),
    number_column("seq"),
    bytes_column("sha256"),
    number_column("received_ms"),
    key("edge", "stream", "seq"),
    sha256_only("sha256"),
    Index(None, "tenant", "received_ms"),
    # Small rows found by their whole key: one tree instead of two.
    sqlite_with_rowid=False,
)

QUARANTINED: Final = Table(
    "quarantined_batches",
    METADATA,
    *text_columns("tenant", "edge", "stream"),
    number_column("seq"),
    bytes_column("sha256"),
    number_column("received_ms"),
    bytes_column("payload"),
    text_column("reason"),
    key("edge", "stream", "seq", "sha256"),
    Index(None, "tenant", "received_ms"),
)

STREAMS: Final = Table(
    "streams",
    METADATA,
    *text_columns("tenant", "edge", "stream", "ranges"),
    number_column("updated_ms"),
    key("edge", "stream"),
)

ANCHORS: Final = Table(
    "anchors",
    METADATA,
    *text_columns("tenant", "edge", "boot"),
    *number_columns("boottime_ms", "wall_ms"),
    # 250: what an edge that did not say it meant (`core.dating`).
    Column("err_ms", BigInteger, nullable=False, server_default="250"),
    key("edge", "boot"),
)

STREAM_HEIRS: Final = Table(
    "stream_heirs",
    METADATA,
    # The first stream that said that it came after `previous`, and when another one said so too.
    *text_columns("tenant", "edge", "previous", "stream"),
    number_column("cloned_ms", nullable=True),
    key("edge", "previous"),
    sqlite_with_rowid=False,
)

EDGE_LOSSES: Final = Table(
    "edge_losses",
    METADATA,
    *text_columns("tenant", "edge", "reason"),
    *number_columns("events", "last_ms"),
    key("edge", "reason"),
    sqlite_with_rowid=False,
)

TOKEN_COUNTS: Final = Table(
    "token_counts",
    METADATA,
    *text_columns("tenant", "edge"),
    *number_columns("minute", "known", "unknown"),
    key("edge", "minute"),
    Index(None, "tenant", "minute"),
    sqlite_with_rowid=False,
)

SCANNER_MARKS: Final = Table(
    "scanner_marks",
    METADATA,
    *text_columns("tenant", "edge", "scanner"),
    number_column("at_ms"),
    *text_columns("state", "reason"),
    # All of it is the key: marks are a set, so that taking one again changes nothing.
    key("edge", "scanner", "at_ms", "state", "reason"),
    CheckConstraint("state IN ('hearing', 'suspect', 'blind')", name="state"),
    sqlite_with_rowid=False,
)

# ------------------------------------------------------------------ visits

INTERVALS: Final = Table(
    "intervals",
    METADATA,
    *text_columns("tenant", "person", "store"),
    number_column("first_ms"),
    *text_columns("edge", "scanner", "carrier"),
    *number_columns("last_ms", "n"),
    Column("evidence", SmallInteger, nullable=False),
    text_column("zone", nullable=True),
    Column("loss_db", Double, nullable=True),
    # The time stands before the scanner: evidence is asked for and removed by stretches of time.
    key("person", "store", "first_ms", "edge", "scanner", "carrier"),
    CheckConstraint("first_ms <= last_ms", name="in_order"),
    CheckConstraint("n >= 1", name="seen"),
    CheckConstraint("evidence BETWEEN 1 AND 5", name="evidence"),
    Index(None, "tenant", "store", "last_ms"),
    sqlite_with_rowid=False,
)

_WHERE: Final = ("store", "edge", "scanner")
"""Of a code that was used before this was written down: empty."""

CODE_USES: Final = Table(
    "code_uses",
    METADATA,
    *text_columns("tenant", "card"),
    *number_columns("step", "at_ms"),
    *(Column(name, BYTEWISE, nullable=False, server_default=text("''")) for name in _WHERE),
    key("card", "step"),
    Index(None, "tenant", "at_ms"),
    sqlite_with_rowid=False,
)

VISITS: Final = Table(
    "visits",
    METADATA,
    *text_columns("tenant", "visit", "person", "store"),
    number_column("handle"),
    text_column("state"),
    number_column("revision"),
    Column("converted", Boolean, nullable=False),
    *number_columns("start_ms", "end_ms"),
    number_column("gone_ms", nullable=True),
    number_column("due_ms"),
    text_column("session_json"),
    # None: written before this was kept; then it follows from the session.
    Column("recognised", Boolean, nullable=True),
    key("visit"),
    refers("stores", "store"),
    CheckConstraint("state IN ('candidate', 'open', 'ended')", name="state"),
    CheckConstraint("start_ms <= end_ms", name="in_order"),
    Index(None, "tenant", "person", "store", "start_ms"),
    Index("ix_visits_reported", "tenant", "store", "start_ms", "visit"),
    Index(
        "ix_visits_present",
        "tenant",
        "store",
        "gone_ms",
        sqlite_where=UNENDED,
        postgresql_where=UNENDED,
    ),
    Index(
        "ix_visits_due",
        "tenant",
        "due_ms",
        "visit",
        sqlite_where=UNENDED,
        postgresql_where=UNENDED,
    ),
)

CONFLICTS: Final = Table(
    "conflicts",
    METADATA,
    # No references: which visits were taken for hers at once is to be known when they are others.
    *text_columns("tenant", "visit", "other", "store", "other_store"),
    *number_columns("at_ms", "found_ms"),
    key("visit", "other"),
    Index(None, "tenant", "found_ms"),
    sqlite_with_rowid=False,
)

# ------------------------------------------------------------------ tills

TILL_RECEIPTS: Final = Table(
    "till_receipts",
    METADATA,
    *text_columns("tenant", "receipt", "store", "till"),
    number_column("at_ms"),
    text_column("person", nullable=True),
    bytes_column("request_mac"),
    Column("joined", Boolean, nullable=False),
    key("receipt"),
    refers("stores", "store"),
    sha256_only("request_mac"),
    Index(None, "tenant", "person", "store", "at_ms"),
    Index(None, "tenant", "at_ms"),
)

# ------------------------------------------------------------------ going out

FACTS_TOLD: Final = Table(
    "facts_told",
    METADATA,
    # How many facts there ever were of a person; it outlives them, so that no place is given twice.
    *text_columns("tenant", "person"),
    number_column("number"),
    key("person"),
)

FACTS: Final = Table(
    "facts",
    METADATA,
    *text_columns("tenant", "fact", "person"),
    *number_columns("position", "recorded_ms"),
    # Never missing; SQLite adds no column to a table that says so.
    sealed_column("fact_box", nullable=True),
    key("fact"),
    # Two transactions that tell something of one person at once may not take the same place.
    UniqueConstraint("tenant", "person", "position"),
    Index(None, "tenant", "recorded_ms"),
)

DELIVERIES: Final = Table(
    "deliveries",
    METADATA,
    *text_columns("tenant", "sink", "fact", "person"),
    *number_columns("position", "recorded_ms"),
    text_column("state"),
    *number_columns("due_ms", "attempt"),
    number_column("done_ms", nullable=True),
    text_column("reason", nullable=True),
    key("sink", "fact"),
    refers("facts", "fact"),
    CheckConstraint(
        "(state = 'waiting' AND done_ms IS NULL AND reason IS NULL)"
        " OR (state = 'delivered' AND done_ms IS NOT NULL AND reason IS NULL)"
        " OR (state = 'dead' AND done_ms IS NOT NULL AND reason IS NOT NULL)",
        name="state",
    ),
    Index(
        "ix_deliveries_next",
        "tenant",
        "sink",
        "person",
        "position",
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    ),
    Index(
        "ix_deliveries_due",
        "tenant",
        "sink",
        "due_ms",
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    ),
    Index(None, "tenant", "fact"),
    Index(None, "tenant", "done_ms"),
)
