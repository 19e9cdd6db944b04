"""The triggers of revision 11, for each database.

Owns: that the record of who did what only grows, but for its beginning, which goes when its time comes.
Frozen, as the revision is.

They are for the day on which the code is wrong, or somebody sits at the database's own prompt. Whoever
owns the database can drop them: what he does then is found by `shopbell-server audit verify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ONLY_GROWS: Final = "the record of who did what only grows"

_DUE: Final = """
    EXISTS (SELECT 1 FROM audit_heads WHERE tenant = OLD.tenant AND base >= OLD.number)
"""
"""Cut off: the head says that the chain begins behind it."""

_BACK: Final = """
    NEW.tenant <> OLD.tenant OR NEW.number < OLD.number OR NEW.base < OLD.base
"""

CREATE: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        f"""
        CREATE TRIGGER audit_records_never_change BEFORE UPDATE ON audit_records
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
        f"""
        CREATE TRIGGER audit_records_go_when_due BEFORE DELETE ON audit_records
        WHEN NOT {_DUE}
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
        f"""
        CREATE TRIGGER audit_heads_go_forward BEFORE UPDATE ON audit_heads
        WHEN {_BACK}
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
        f"""
        CREATE TRIGGER audit_heads_never_go BEFORE DELETE ON audit_heads
        BEGIN SELECT RAISE(ABORT, '{_ONLY_GROWS}'); END
        """,
    ),
    "postgresql": (
        f"""
        CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{_ONLY_GROWS}'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END $$
        """,
        f"""
        CREATE FUNCTION audit_goes_when_due() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT {_DUE} THEN
                RAISE EXCEPTION '{_ONLY_GROWS}'
                    USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
            END IF;
            RETURN OLD;
        END $$
        """,
        """
        CREATE TRIGGER audit_records_never_change BEFORE UPDATE ON audit_records
        FOR EACH ROW EXECUTE FUNCTION audit_only_grows()
        """,
        """
        CREATE TRIGGER audit_records_go_when_due BEFORE DELETE ON audit_records
        FOR EACH ROW EXECUTE FUNCTION audit_goes_when_due()
        """,
        """
        CREATE TRIGGER audit_records_stay BEFORE TRUNCATE ON audit_records
        FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()
        """,
        f"""
        CREATE TRIGGER audit_heads_go_forward BEFORE UPDATE ON audit_heads
        FOR EACH ROW WHEN ({_BACK}) EXECUTE FUNCTION audit_only_grows()
        """,
        """
        CREATE TRIGGER audit_heads_never_go BEFORE DELETE ON audit_heads
        FOR EACH ROW EXECUTE FUNCTION audit_only_grows()
        """,
        """
        CREATE TRIGGER audit_heads_stay BEFORE TRUNCATE ON audit_heads
        FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()
        """,
    ),
}

DROP: Final[Mapping[str, Sequence[str]]] = {
    # SQLite drops a table's triggers with it.
    "sqlite": (),
    "postgresql": (
        "DROP FUNCTION audit_goes_when_due()",
        "DROP FUNCTION audit_only_grows()",
    ),
}
"""To be executed when the tables, and the triggers with them, are gone."""
