"""The triggers of the history of profiles, for each database.

Owns: that it only grows, as long as one of the two profiles of an entry is there that the other one needs
it for. Frozen, as the revision is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ONLY_GROWS: Final = "the history of profiles only grows"

_BOTH_ARE_THERE: Final = """
    EXISTS (SELECT 1 FROM profiles WHERE tenant = OLD.tenant AND profile = OLD.source)
    AND EXISTS (
        SELECT 1 FROM profiles WHERE tenant = OLD.tenant AND profile = coalesce(OLD.target, OLD.source)
    )
"""
"""Nobody of them was erased."""

CREATE: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        f"""
        CREATE TRIGGER identity_entries_never_change BEFORE UPDATE ON identity_entries
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
        f"""
        CREATE TRIGGER identity_entries_go_with_a_profile BEFORE DELETE ON identity_entries
        WHEN {_BOTH_ARE_THERE}
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
    ),
    "postgresql": (
        f"""
        CREATE FUNCTION identity_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{_ONLY_GROWS}'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END $$
        """,
        f"""
        CREATE FUNCTION identity_goes_with_a_profile() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {_BOTH_ARE_THERE} THEN
                RAISE EXCEPTION '{_ONLY_GROWS}'
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
            END IF;
            RETURN OLD;
        END $$
        """,
        """
        CREATE TRIGGER identity_entries_never_change BEFORE UPDATE ON identity_entries
        FOR EACH ROW EXECUTE FUNCTION identity_only_grows()
        """,
        """
        CREATE TRIGGER identity_entries_go_with_a_profile BEFORE DELETE ON identity_entries
        FOR EACH ROW EXECUTE FUNCTION identity_goes_with_a_profile()
        """,
        """
        CREATE TRIGGER identity_entries_stay BEFORE TRUNCATE ON identity_entries
        FOR EACH STATEMENT EXECUTE FUNCTION identity_only_grows()
        """,
    ),
}

DROP: Final[Mapping[str, Sequence[str]]] = {
    # SQLite drops a table's triggers with it.
    "sqlite": (),
    "postgresql": (
        "DROP FUNCTION identity_goes_with_a_profile()",
        "DROP FUNCTION identity_only_grows()",
    ),
}
"""To be executed when the table, and the triggers with it, are gone."""
