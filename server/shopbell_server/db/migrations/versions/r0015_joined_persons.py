"""Enrolments that are one human.

Revision 15. Frozen: a released revision never changes; what comes later is another one.

Everybody of a group that changes gets a new stamp, those too whose own row stays as it is: what may be known
of each of them depends on who the others are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from alembic import op

from shopbell_server.db.migrations.first_columns import text_columns
from shopbell_server.db.migrations.own_tenant import own_tenant_only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

revision: Final = "0015"
down_revision: Final = "0014"


def upgrade() -> None:
    """Make the table. Everybody is alone until profiles are joined as one person."""
    op.create_table(
        "joined_persons",
        *text_columns("tenant", "person", "head"),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_joined_persons_person",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "head"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_joined_persons_head",
        ),
        sa.PrimaryKeyConstraint("tenant", "person", name="pk_joined_persons"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_joined_persons_tenant_head", "joined_persons", ["tenant", "head"])
    own_tenant_only("joined_persons")
    for statement in _CREATE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Remove it. Visits stay under the ids of the heads; what comes in then makes visits of its own."""
    for statement in _DROP[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_table("joined_persons")


def _sqlite(name: str, event: str, row: str) -> str:
    """Return the trigger that stamps the group of a `row` (NEW or OLD), and whom the row is about."""
    # Our own names; there is nothing else in it.
    return f"""
        CREATE TRIGGER {name} AFTER {event} ON joined_persons
        BEGIN
            UPDATE enrolments SET stamp = random()
            WHERE tenant = {row}.tenant AND (
                person = {row}.person OR person IN (
                    SELECT person FROM joined_persons
                    WHERE tenant = {row}.tenant AND head = {row}.head
                )
            );
        END
        """  # noqa: S608


def _postgresql(name: str, event: str, rows: str) -> str:
    """Return the trigger that stamps the groups of the changed rows, once per statement."""
    return f"""
        CREATE TRIGGER {name} AFTER {event} ON joined_persons REFERENCING {rows} TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION groups_are_stamped()
        """


_CONCERNED: Final = """
    SELECT tenant, person FROM changed
    UNION
    SELECT every.tenant, every.person FROM joined_persons AS every
    JOIN changed ON changed.tenant = every.tenant AND changed.head = every.head
"""
"""Whom changed rows are about, and everybody of the same groups."""

_CREATE: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": (
        _sqlite("joined_persons_joined", "INSERT", "NEW"),
        _sqlite("joined_persons_moved_to", "UPDATE", "NEW"),
        _sqlite("joined_persons_moved_from", "UPDATE", "OLD"),
        _sqlite("joined_persons_parted", "DELETE", "OLD"),
    ),
    "postgresql": (
        # People are held in the order of their ids, as everywhere: nobody waits in a circle.
        f"""
        CREATE FUNCTION groups_are_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM enrolments WHERE (tenant, person) IN ({_CONCERNED})
            ORDER BY tenant, person FOR NO KEY UPDATE;
            UPDATE enrolments SET stamp = 0 WHERE (tenant, person) IN ({_CONCERNED});
            RETURN NULL;
        END $$
        """,  # noqa: S608  (our own names)
        _postgresql("joined_persons_joined", "INSERT", "NEW"),
        _postgresql("joined_persons_moved_to", "UPDATE", "NEW"),
        _postgresql("joined_persons_moved_from", "UPDATE", "OLD"),
        _postgresql("joined_persons_parted", "DELETE", "OLD"),
    ),
}

_NAMES: Final = (
    "joined_persons_joined",
    "joined_persons_moved_to",
    "joined_persons_moved_from",
    "joined_persons_parted",
)

_DROP: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": [f"DROP TRIGGER {name}" for name in _NAMES],
    "postgresql": [
        *(f"DROP TRIGGER {name} ON joined_persons" for name in _NAMES),
        "DROP FUNCTION groups_are_stamped()",
    ],
}
