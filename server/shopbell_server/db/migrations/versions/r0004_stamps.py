"""A stamp on each enrolment, new whenever something changes that decides whether she may be known.

Revision 4. Frozen: a released revision never changes; what comes later is another one.

The database gives the stamps, so that no writer can forget to. They are random and not counted: no two states
of a person have the same one, not even where a backup is brought back under a running server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from alembic import op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Give everybody the stamp 0, which is of who she is now, and change it from here on."""
    op.add_column(
        "enrolments", sa.Column("stamp", sa.BigInteger(), nullable=False, server_default="0")
    )
    for statement in _CREATE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Remove the stamps."""
    for statement in _DROP[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_column("enrolments", "stamp")


def _sqlite(name: str, event: str, of: str, key: str, row: str) -> str:
    """Return the trigger that stamps the enrolments with the `key` of a `row` (NEW or OLD) of a table."""
    # Our own names; there is nothing else in it.
    return f"""
        CREATE TRIGGER {name} AFTER {event} ON {of}
        BEGIN
            UPDATE enrolments SET stamp = random()
            WHERE tenant = {row}.tenant AND {key} = {row}.{key};
        END
        """  # noqa: S608


def _postgresql(name: str, event: str, of: str, rows: str) -> str:
    """Return the trigger that stamps whom the changed rows of a table are about, once per statement."""
    return f"""
        CREATE TRIGGER {name} AFTER {event} ON {of} REFERENCING {rows} TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION people_are_stamped()
        """


_CREATE: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        """
        CREATE TRIGGER enrolments_stamped AFTER UPDATE ON enrolments WHEN NEW.stamp = OLD.stamp
        BEGIN
            UPDATE enrolments SET stamp = random()
            WHERE tenant = NEW.tenant AND person = NEW.person;
        END
        """,
        _sqlite("consent_entries_stamp", "INSERT", "consent_entries", "person", "NEW"),
        _sqlite("issued_windows_stamp", "INSERT", "issued_windows", "person", "NEW"),
        _sqlite("issued_windows_moved_to", "UPDATE", "issued_windows", "person", "NEW"),
        _sqlite("issued_windows_moved_from", "UPDATE", "issued_windows", "person", "OLD"),
        _sqlite("issued_windows_gone", "DELETE", "issued_windows", "person", "OLD"),
        _sqlite(
            "profiles_stamp",
            "UPDATE OF staff",
            "profiles WHEN NEW.staff <> OLD.staff",
            "profile",
            "NEW",
        ),
    ),
    "postgresql": (
        # Whatever is written into it, the stamp is a new one.
        """
        CREATE FUNCTION enrolments_are_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.stamp := hashtextextended(gen_random_uuid()::text, 0);
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER enrolments_stamped BEFORE UPDATE ON enrolments
        FOR EACH ROW EXECUTE FUNCTION enrolments_are_stamped()
        """,
        # People are held in the order of their ids, as everywhere: nobody waits in a circle.
        """
        CREATE FUNCTION people_are_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM enrolments
            WHERE (tenant, person) IN (SELECT tenant, person FROM changed)
            ORDER BY tenant, person FOR NO KEY UPDATE;
            UPDATE enrolments SET stamp = 0
            WHERE (tenant, person) IN (SELECT tenant, person FROM changed);
            RETURN NULL;
        END $$
        """,
        """
        CREATE FUNCTION enrolled_are_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM enrolments
            WHERE tenant = NEW.tenant AND profile = NEW.profile
            ORDER BY person FOR NO KEY UPDATE;
            UPDATE enrolments SET stamp = 0 WHERE tenant = NEW.tenant AND profile = NEW.profile;
            RETURN NULL;
        END $$
        """,
        _postgresql("consent_entries_stamp", "INSERT", "consent_entries", "NEW"),
        _postgresql("issued_windows_stamp", "INSERT", "issued_windows", "NEW"),
        _postgresql("issued_windows_moved_to", "UPDATE", "issued_windows", "NEW"),
        _postgresql("issued_windows_moved_from", "UPDATE", "issued_windows", "OLD"),
        _postgresql("issued_windows_gone", "DELETE", "issued_windows", "OLD"),
        """
        CREATE TRIGGER profiles_stamp AFTER UPDATE OF staff ON profiles
        FOR EACH ROW WHEN (NEW.staff IS DISTINCT FROM OLD.staff)
        EXECUTE FUNCTION enrolled_are_stamped()
        """,
    ),
}

_NAMES: Final = {
    "consent_entries_stamp": "consent_entries",
    "issued_windows_stamp": "issued_windows",
    "issued_windows_moved_to": "issued_windows",
    "issued_windows_moved_from": "issued_windows",
    "issued_windows_gone": "issued_windows",
    "profiles_stamp": "profiles",
    "enrolments_stamped": "enrolments",
}

_DROP: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": [f"DROP TRIGGER {name}" for name in _NAMES],
    "postgresql": [
        *(f"DROP TRIGGER {name} ON {table}" for name, table in _NAMES.items()),
        "DROP FUNCTION enrolled_are_stamped()",
        "DROP FUNCTION people_are_stamped()",
        "DROP FUNCTION enrolments_are_stamped()",
    ],
}
