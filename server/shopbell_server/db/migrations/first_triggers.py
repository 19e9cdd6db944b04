"""The triggers of revision 1, for each database.

Owns: that the ledger of consents only grows, and that nobody has a visit who never consented.
Frozen, as the revision is.

Both would hold without them: the code appends, and resolves nobody without consent. The triggers are
for the day on which the code is wrong, or somebody sits at the database's own prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONSENTED: Final = """
    SELECT 1 FROM consent_entries
    WHERE tenant = NEW.tenant AND person = NEW.person AND purpose = 'recognise_in_store'
      AND change IN ('given', 'renewed') AND at_ms <= NEW.end_ms
"""
"""Given at or before the end of the visit: later evidence is forgotten before it comes here, and what
a visit began with may be older than a consent that was renewed in the middle of it."""

_LEDGER_GROWS: Final = "the ledger of consents only grows"
_VISIT_NEEDS_CONSENT: Final = "a visit needs a consent that was given before its end"

CREATE: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        f"""
        CREATE TRIGGER consent_entries_never_change BEFORE UPDATE ON consent_entries
        BEGIN SELECT RAISE(ABORT, '{_LEDGER_GROWS}'); END
        """,
        f"""
        CREATE TRIGGER consent_entries_never_go BEFORE DELETE ON consent_entries
        BEGIN SELECT RAISE(ABORT, '{_LEDGER_GROWS}'); END
        """,
        f"""
        CREATE TRIGGER visits_begin_with_consent BEFORE INSERT ON visits
        WHEN NOT EXISTS ({CONSENTED})
        BEGIN SELECT RAISE(ABORT, '{_VISIT_NEEDS_CONSENT}'); END
        """,
        f"""
        CREATE TRIGGER visits_keep_consent BEFORE UPDATE OF tenant, person, end_ms ON visits
        WHEN NOT EXISTS ({CONSENTED})
        BEGIN SELECT RAISE(ABORT, '{_VISIT_NEEDS_CONSENT}'); END
        """,
    ),
    "postgresql": (
        f"""
        CREATE FUNCTION consent_entries_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{_LEDGER_GROWS}'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END $$
        """,
        """
        CREATE TRIGGER consent_entries_never_change BEFORE UPDATE OR DELETE ON consent_entries
        FOR EACH ROW EXECUTE FUNCTION consent_entries_only_grow()
        """,
        """
        CREATE TRIGGER consent_entries_never_go BEFORE TRUNCATE ON consent_entries
        FOR EACH STATEMENT EXECUTE FUNCTION consent_entries_only_grow()
        """,
        f"""
        CREATE FUNCTION visits_need_consent() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS ({CONSENTED}) THEN
                RAISE EXCEPTION '{_VISIT_NEEDS_CONSENT}'
                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
            END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER visits_begin_with_consent BEFORE INSERT OR UPDATE OF tenant, person, end_ms
        ON visits FOR EACH ROW EXECUTE FUNCTION visits_need_consent()
        """,
    ),
}

DROP: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        "DROP TRIGGER visits_keep_consent",
        "DROP TRIGGER visits_begin_with_consent",
        "DROP TRIGGER consent_entries_never_go",
        "DROP TRIGGER consent_entries_never_change",
    ),
    "postgresql": (
        "DROP TRIGGER visits_begin_with_consent ON visits",
        "DROP FUNCTION visits_need_consent()",
        "DROP TRIGGER consent_entries_never_go ON consent_entries",
        "DROP TRIGGER consent_entries_never_change ON consent_entries",
        "DROP FUNCTION consent_entries_only_grow()",
    ),
}
