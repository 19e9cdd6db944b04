"""The triggers of revision 27, for each database.

Owns: that nobody has a visit who never consented, asked of her own entries.
Frozen, as the revision is.

Since revision 14 there is an index of consents by time, and both databases took it for the question of the
first triggers: with every visit that was written all consents of the tenant were read. `at_ms + 0` is in no
index, so what is left is the key, which begins with tenant and person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.db.migrations import first_triggers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CONSENTED: Final = """
    SELECT 1 FROM consent_entries
    WHERE tenant = NEW.tenant AND person = NEW.person AND purpose = 'recognise_in_store'
      AND change IN ('given', 'renewed') AND at_ms + 0 <= NEW.end_ms
"""

_NEEDS_CONSENT: Final = "a visit needs a consent that was given before its end"


def _in_sqlite(consented: str) -> tuple[str, ...]:
    refused = f"SELECT RAISE(ABORT, '{_NEEDS_CONSENT}');"
    return (
        "DROP TRIGGER visits_keep_consent",
        "DROP TRIGGER visits_begin_with_consent",
        f"""
        CREATE TRIGGER visits_begin_with_consent BEFORE INSERT ON visits
        WHEN NOT EXISTS ({consented})
        BEGIN {refused} END
        """,
        f"""
        CREATE TRIGGER visits_keep_consent BEFORE UPDATE OF tenant, person, end_ms ON visits
        WHEN NOT EXISTS ({consented})
        BEGIN {refused} END
        """,
    )


def _in_postgresql(consented: str) -> tuple[str, ...]:
    return (
        f"""
        CREATE OR REPLACE FUNCTION visits_need_consent() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS ({consented}) THEN
                RAISE EXCEPTION '{_NEEDS_CONSENT}'
                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
            END IF;
            RETURN NEW;
        END $$
        """,
    )


CREATE: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": _in_sqlite(_CONSENTED),
    "postgresql": _in_postgresql(_CONSENTED),
}

DROP: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": _in_sqlite(first_triggers.CONSENTED),
    "postgresql": _in_postgresql(first_triggers.CONSENTED),
}
"""The question as it was."""
