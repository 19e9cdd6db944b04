"""What is kept of people is sealed under keys that are not in the database.

Revision 17. Frozen: a released revision never changes; what comes later is another one.

`boxes_of` in Alembic's attributes gives the boxes of a tenant; without it there must be nothing to seal. What
stood there in clear is on old pages until the tables are written anew (`db.migrate` does that afterwards).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa
from alembic import context, op

from shopbell_server.core.ids import TenantId
from shopbell_server.core.keeping.owners import Owner
from shopbell_server.db.migrations.first_columns import text_column
from shopbell_server.ports.boxes import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shopbell_server.ports.boxes import Boxes

revision: Final = "0017"
down_revision: Final = "0016"

AT_ONCE: Final = 5_000
"""Rows that are sealed together: some 5 MB."""


class Sealed(NamedTuple):
    """A column in clear, the one of boxes that it becomes, and whose key seals it."""

    table: str
    key: str
    clear: str
    box: str
    name: str
    """What its boxes are tied to."""
    owner: str
    """SQL: whose key."""


_COLUMNS: Final = (
    Sealed(
        table="profiles",
        key="profile",
        clear="first_name",
        box="first_name_box",
        name="profiles.first_name",
        owner="'profile:' || profile",
    ),
    Sealed(
        table="enrolments",
        key="person",
        clear="mac_key_box",
        box="mac_key_box",
        name="enrolments.mac_key",
        owner="'person:' || person",
    ),
    Sealed(
        table="enrolments",
        key="person",
        clear="phone_model",
        box="phone_model_box",
        name="enrolments.phone_model",
        owner="'person:' || person",
    ),
    Sealed(
        table="cards",
        key="card",
        clear="secret_box",
        box="secret_box",
        name="cards.secret",
        owner="'person:' || person",
    ),
    Sealed(
        table="facts",
        key="fact",
        clear="fact_json",
        box="fact_box",
        name="facts.fact",
        owner="'person:' || person",
    ),
    Sealed(
        table="day_keys",
        key="day",
        clear="key_box",
        box="key_box",
        name="day_keys.key",
        owner="'day:' || day",
    ),
)

_RENAMED: Final = (
    ("enrolments", "mac_key", "mac_key_box"),
    ("cards", "secret", "secret_box"),
    ("day_keys", "key", "key_box"),
)
"""Bytes before and after: sealed where they stand."""

_REPLACED: Final = (
    ("profiles", "first_name", "first_name_box"),
    ("enrolments", "phone_model", "phone_model_box"),
    ("facts", "fact_json", "fact_box"),
)
"""Text before."""


class KeysNeededError(RuntimeError):
    """There is something to seal, and nothing to seal it with."""


def upgrade() -> None:
    """Seal what is there."""
    for table, before, after in _RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after}")
    for table, _, box in _REPLACED:
        op.add_column(table, sa.Column(box, sa.LargeBinary(), nullable=True))
    boxes_of = context.config.attributes.get("boxes_of")
    for column in _COLUMNS:
        _seal(op.get_bind(), column, boxes_of)
    for table, clear, _ in _REPLACED:
        op.drop_column(table, clear)


def downgrade() -> None:
    """Remove what is sealed: names and models, queued facts, day keys.

    Phones and passes have to be enrolled again: what they sign with and show fits nothing any more.
    """
    random = _RANDOM[op.get_bind().dialect.name]
    op.execute("DELETE FROM day_keys")
    op.execute("DELETE FROM deliveries")
    op.execute("DELETE FROM facts")
    op.execute(f"UPDATE enrolments SET mac_key_box = {random}")  # noqa: S608  (our own words)
    op.execute(f"UPDATE cards SET secret_box = {random}")  # noqa: S608  (our own words)
    for table, before, after in _RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {after} TO {before}")
    for table, clear, box in _REPLACED:
        nullable = clear != "fact_json"
        kind = text_column(clear).type
        op.add_column(
            table,
            sa.Column(
                clear, kind, nullable=nullable, server_default=None if nullable else sa.text("''")
            ),
        )
        op.drop_column(table, box)


def _seal(
    bind: sa.Connection, column: Sealed, boxes_of: Callable[[TenantId], Boxes] | None
) -> None:
    # Our own names; there is nothing else in the statements.
    change = sa.text(
        f"UPDATE {column.table} SET {column.box} = :box"  # noqa: S608  (as said)
        f" WHERE tenant = :tenant AND {column.key} = :key"
    )
    for tenant, rows in _chunks(bind, column):
        if boxes_of is None:
            raise KeysNeededError(
                "there are people in the database, and what is kept of them is to be sealed: "
                "run `shopbell-server migrate`, which knows where the keys are"
            )
        boxes = boxes_of(tenant).seal(
            column.name,
            [Content(Owner(row.owner), str(row.key), _bytes(row.clear)) for row in rows],
        )
        bind.execute(
            change,
            [
                {"tenant": tenant, "key": row.key, "box": box}
                for row, box in zip(rows, boxes, strict=True)
            ],
        )


def _chunks(bind: sa.Connection, column: Sealed) -> Iterator[tuple[TenantId, list[sa.Row[Any]]]]:
    """Yield all rows that have something to seal, of one tenant after the other."""
    tenants = sa.text(f"SELECT DISTINCT tenant FROM {column.table}")  # noqa: S608  (our own names)
    chunk = sa.text(
        f"SELECT {column.key} AS key, {column.owner} AS owner, {column.clear} AS clear"  # noqa: S608
        f" FROM {column.table} WHERE tenant = :tenant AND {column.key} > :after"
        f" AND {column.clear} IS NOT NULL ORDER BY {column.key} LIMIT {AT_ONCE}"
    )
    for tenant in bind.execute(tenants).scalars().all():
        after: Any = -1 if column.key == "day" else ""
        while rows := list(bind.execute(chunk, {"tenant": tenant, "after": after})):
            yield TenantId(tenant), rows
            after = rows[-1].key


def _bytes(value: str | bytes | memoryview) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


_RANDOM: Final = {"sqlite": "randomblob(16)", "postgresql": "uuid_send(gen_random_uuid())"}
