"""Row-level security for the tables of a revision: `own_tenant_only` where it makes tables of its own.

Owns: the policy: a row is seen, changed and made by connections of its tenant, and by no others.
Frozen, as revisions are: another policy would be another function.

FORCE, which holds the owner of the tables to it, is not said here: `db.row_security.hold` says it at the
end of every migration, so that revisions may move the rows of all tenants.
"""

from __future__ import annotations

from alembic import op


def own_tenant_only(*tables: str) -> None:
    """Let PostgreSQL show each of `tables` to connections of the row's tenant only; nothing on SQLite.

    A connection that has no tenant sees nothing and can write nothing.
    """
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON {table}"
            " USING (tenant = current_setting('shopbell.tenant', true))"
            " WITH CHECK (tenant = current_setting('shopbell.tenant', true))"
        )


def any_tenant(*tables: str) -> None:
    """Take that back."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f"DROP POLICY own_tenant ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
