"""The triggers of revision 14, for each database.

Owns: that the ledger of consents only grows, but for lines of which the time is over.
Frozen, as the revision is.

They go by the database's own clock, so that nobody who is at its prompt, and no job whose clock is wrong, can
remove a line before its time. Whoever owns the database can drop them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ONLY_GROWS: Final = "the ledger of consents only grows"

_KEPT_MS: Final = 2_193 * 86_400_000
"""Twelve months (366 days) for which a consent holds at most, and five years (1827 days)."""

_NOW: Final[Mapping[str, str]] = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
}

CREATE: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        "DROP TRIGGER consent_entries_never_go",
        f"""
        CREATE TRIGGER consent_entries_go_when_due BEFORE DELETE ON consent_entries
        WHEN OLD.at_ms >= {_NOW["sqlite"]} - {_KEPT_MS}
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
    ),
    "postgresql": (
        "DROP TRIGGER consent_entries_never_change ON consent_entries",
        """
        CREATE TRIGGER consent_entries_never_change BEFORE UPDATE ON consent_entries
        FOR EACH ROW EXECUTE FUNCTION consent_entries_only_grow()
        """,
        f"""
        CREATE TRIGGER consent_entries_go_when_due BEFORE DELETE ON consent_entries
        FOR EACH ROW WHEN (OLD.at_ms >= {_NOW["postgresql"]} - {_KEPT_MS})
        EXECUTE FUNCTION consent_entries_only_grow()
        """,
    ),
}

DROP: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        "DROP TRIGGER consent_entries_go_when_due",
        f"""
        CREATE TRIGGER consent_entries_never_go BEFORE DELETE ON consent_entries
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
    ),
    "postgresql": (
        "DROP TRIGGER consent_entries_go_when_due ON consent_entries",
        "DROP TRIGGER consent_entries_never_change ON consent_entries",
        """
        CREATE TRIGGER consent_entries_never_change BEFORE UPDATE OR DELETE ON consent_entries
        FOR EACH ROW EXECUTE FUNCTION consent_entries_only_grow()
        """,
    ),
}
"""Nothing is ever removed again."""
