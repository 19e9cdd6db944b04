"""Identifiers of profiles with their evidence, sealed and found by marks; the history of merges and splits.

Revision 18. Frozen: a released revision never changes; what comes later is another one.

What others called a customer stood in clear in two places. It becomes an identifier each, of which nobody
knows any more who said it or when: its source is `before`, its time that of this revision.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from alembic import context, op

from shopbell_server.core.ids import TenantId
from shopbell_server.core.keeping.owners import Owner
from shopbell_server.db.migrations.first_columns import (
    bytes_column,
    number_column,
    text_column,
    text_columns,
)
from shopbell_server.db.migrations.identity_triggers import CREATE, DROP
from shopbell_server.db.migrations.own_tenant import own_tenant_only
from shopbell_server.db.migrations.versions.r0017_sealed_columns import AT_ONCE, KeysNeededError
from shopbell_server.ports.boxes import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopbell_server.ports.boxes import Boxes

revision: Final = "0018"
down_revision: Final = "0017"


def upgrade() -> None:
    """Make the tables, and move what is there into them."""
    _make_identifiers()
    _make_history()
    own_tenant_only(
        "identifiers",
        "moved_enrolments",
        "identity_entries",
        "absorbed_profiles",
        "blocked_identifiers",
    )
    for statement in CREATE[op.get_bind().dialect.name]:
        op.execute(statement)
    boxes_of = context.config.attributes.get("boxes_of")
    for tenant, rows in _chunks(op.get_bind()):
        if boxes_of is None:
            raise KeysNeededError(
                "there are people in the database, and what others call them is to be sealed: "
                "run `shopbell-server migrate`, which knows where the keys are"
            )
        op.bulk_insert(_IDENTIFIERS, _identifiers(boxes_of(tenant), tenant, rows))
    op.drop_table("external_ids")
    op.drop_column("profiles", "external_ids_json")


def downgrade() -> None:
    """Remove them. What others call customers is lost, until apps and seeds say it again."""
    for table in (
        "blocked_identifiers",
        "absorbed_profiles",
        "identity_entries",
        "moved_enrolments",
        "identifiers",
    ):
        op.drop_table(table)
    for statement in DROP[op.get_bind().dialect.name]:
        op.execute(statement)
    op.add_column(
        "profiles",
        sa.Column(
            "external_ids_json",
            text_column("external_ids_json").type,
            nullable=False,
            server_default=sa.text("'{}'"),
        ),
    )
    op.create_table(
        "external_ids",
        *text_columns("tenant", "kind", "value", "profile"),
        sa.ForeignKeyConstraint(
            ["tenant", "profile"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_external_ids_profiles",
        ),
        sa.PrimaryKeyConstraint("tenant", "kind", "value", "profile", name="pk_external_ids"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_external_ids_tenant_profile", "external_ids", ["tenant", "profile"])
    own_tenant_only("external_ids")


def _make_identifiers() -> None:
    op.create_table(
        "identifiers",
        *text_columns("tenant", "link", "kind"),
        sa.Column("mark", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        text_column("profile", nullable=True),
        text_column("home"),
        number_column("at_ms"),
        *text_columns("source", "said_by"),
        sa.ForeignKeyConstraint(
            ["tenant", "profile"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_identifiers_profiles",
        ),
        sa.PrimaryKeyConstraint("tenant", "link", name="pk_identifiers"),
        sa.CheckConstraint(
            "(profile IS NULL) = (mark IS NULL) AND (profile IS NULL) = (sealed IS NULL)",
            name="ck_identifiers_whole",
        ),
    )
    op.create_index("ix_identifiers_tenant_kind_mark", "identifiers", ["tenant", "kind", "mark"])
    op.create_index("ix_identifiers_tenant_profile", "identifiers", ["tenant", "profile"])
    op.create_index("ix_identifiers_tenant_home", "identifiers", ["tenant", "home"])
    op.create_table(
        "blocked_identifiers",
        *text_columns("tenant", "kind"),
        bytes_column("mark"),
        number_column("at_ms"),
        text_column("blocked_by"),
        sa.PrimaryKeyConstraint("tenant", "kind", "mark", name="pk_blocked_identifiers"),
        sa.CheckConstraint("length(mark) = 32", name="ck_blocked_identifiers_mark_is_32_bytes"),
        sqlite_with_rowid=False,
    )


def _make_history() -> None:
    op.create_table(
        "moved_enrolments",
        *text_columns("tenant", "person", "home"),
        sa.ForeignKeyConstraint(
            ["tenant", "person"],
            ["enrolments.tenant", "enrolments.person"],
            name="fk_moved_enrolments_enrolments",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant", "person", name="pk_moved_enrolments"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_moved_enrolments_tenant_home", "moved_enrolments", ["tenant", "home"])
    op.create_table(
        "identity_entries",
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
        sa.PrimaryKeyConstraint("tenant", "entry", name="pk_identity_entries"),
        sa.CheckConstraint(
            "what IN ('merged', 'followed', 'split', 'undone', 'unlinked')",
            name="ck_identity_entries_what",
        ),
    )
    op.create_index("ix_identity_entries_tenant_source", "identity_entries", ["tenant", "source"])
    op.create_index("ix_identity_entries_tenant_target", "identity_entries", ["tenant", "target"])
    op.create_table(
        "absorbed_profiles",
        *text_columns("tenant", "profile", "taken_by"),
        sa.ForeignKeyConstraint(
            ["tenant", "profile"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_absorbed_profiles_profile",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "taken_by"],
            ["profiles.tenant", "profiles.profile"],
            name="fk_absorbed_profiles_taken_by",
        ),
        sa.PrimaryKeyConstraint("tenant", "profile", name="pk_absorbed_profiles"),
        sa.CheckConstraint("profile <> taken_by", name="ck_absorbed_profiles_into_another"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_absorbed_profiles_tenant_taken_by", "absorbed_profiles", ["tenant", "taken_by"]
    )


def _chunks(bind: sa.Connection) -> Iterator[tuple[TenantId, Sequence[sa.Row[Any]]]]:
    """Yield what others call customers, of one tenant after the other."""
    tenants = bind.execute(sa.text("SELECT DISTINCT tenant FROM external_ids")).scalars().all()
    chunk = sa.text(
        "SELECT kind, value, profile FROM external_ids"  # noqa: S608  (our own number alone)
        " WHERE tenant = :tenant"
        " AND (kind, value, profile) > (:kind, :value, :profile)"
        f" ORDER BY kind, value, profile LIMIT {AT_ONCE}"
    )
    for tenant in tenants:
        after = {"kind": "", "value": "", "profile": ""}
        while rows := bind.execute(chunk, {"tenant": tenant, **after}).all():
            yield TenantId(tenant), rows
            last = rows[-1]
            after = {"kind": last.kind, "value": last.value, "profile": last.profile}


def _identifiers(
    boxes: Boxes, tenant: TenantId, rows: Sequence[sa.Row[Any]]
) -> list[dict[str, object]]:
    values = [_normal(row.kind, row.value) for row in rows]
    # Random, and no hash of the value: whoever has the table could try values out on it.
    names = [str(uuid.uuid4()) for _ in rows]
    sealed = boxes.seal(
        "identifiers.sealed",
        [
            Content(Owner(f"profile:{row.profile}"), name, value.encode())
            for name, row, value in zip(names, rows, values, strict=True)
        ],
    )
    return [
        {
            "tenant": tenant,
            "link": name,
            "kind": row.kind,
            "mark": boxes.marks(row.kind, [value])[0],
            "sealed": box,
            "profile": row.profile,
            "home": row.profile,
            "at_ms": int(time.time() * 1000),
            "source": "before",
            "said_by": "",
        }
        for name, row, value, box in zip(names, rows, values, sealed, strict=True)
    ]


def _normal(kind: str, value: str) -> str:
    """Return the one way in which a value is written: hashes in small letters."""
    trimmed = value.strip()
    return trimmed.lower() if kind.endswith(("_sha256", "_sha1", "_md5")) else trimmed


_IDENTIFIERS: Final = sa.table(
    "identifiers",
    sa.column("tenant", sa.Text),
    sa.column("link", sa.Text),
    sa.column("kind", sa.Text),
    sa.column("mark", sa.LargeBinary),
    sa.column("sealed", sa.LargeBinary),
    sa.column("profile", sa.Text),
    sa.column("home", sa.Text),
    sa.column("at_ms", sa.BigInteger),
    sa.column("source", sa.Text),
    sa.column("said_by", sa.Text),
)
