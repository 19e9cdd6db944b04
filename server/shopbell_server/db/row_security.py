"""Row-level security: PostgreSQL itself shows a connection the rows of one tenant and no others.

Owns: of which tenant a connection is, when owners of tables are held to it too, and whether it holds at all.
Never: the policies of tables that migrations make (`migrations/own_tenant`), or a statement about our tables.

Every statement names its tenant anyway (`transaction.ours`). This is for the day on which one does not. It
is no fence against somebody who can send statements of his own: he can name another tenant as well.
SQLite has nothing like it; there, a tenant has a file of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

SETTING: Final = "shopbell.tenant"
"""Of which tenant a connection is, as the policies read it; said to the letter in `migrations/own_tenant`."""


class TenantNotToldError(RuntimeError):
    """Connections do not arrive with their tenant, so nobody's rows would be seen; the text says why."""


def of_tenant(tenant: str) -> str:
    """Return the option with which a connection of `tenant` begins; no statement is needed for it later."""
    # Backslashes and spaces separate options; a name of ours has neither.
    escaped = tenant.replace("\\", "\\\\").replace(" ", "\\ ")
    return f"-c {SETTING}={escaped}"


def require_told(connection: Connection, tenant: str) -> None:
    """Raise TenantNotToldError unless `connection`, of an engine of `tenant`, is of that tenant."""
    if connection.dialect.name != "postgresql":
        return
    told = connection.execute(text(f"SELECT current_setting('{SETTING}', true)")).scalar()
    if told != tenant:
        raise TenantNotToldError(
            "the database is not told the tenant with which connections begin, so it would show no rows: "
            "something between drops the option `options`. Connect to PostgreSQL directly"
        )


def bypassed(connection: Connection) -> str | None:
    """Return why PostgreSQL shows this role the rows of all tenants, and what to do; None if it does not."""
    if connection.dialect.name != "postgresql":
        return None
    row = connection.execute(_ROLE).one()
    if row.rolsuper:
        return f'the role "{row.rolname}" is a superuser, for whom {_NOT_KEPT}'
    if row.rolbypassrls:
        return f'the role "{row.rolname}" has BYPASSRLS, for which {_NOT_KEPT}'
    return None


def let_go(connection: Connection) -> None:
    """Let the owner of the tables see the rows of all tenants: a migration is about all of them.

    Until `hold`, in the same transaction: nobody else has the tables meanwhile, and if it is rolled back
    this never was.
    """
    if connection.dialect.name == "postgresql":
        _alter(connection, connection.execute(_FORCED).scalars(), "NO FORCE")


def hold(connection: Connection) -> None:
    """Hold the owner of the tables to their policies too: as a rule it is the role that the server has."""
    if connection.dialect.name == "postgresql":
        _alter(connection, connection.execute(_UNFORCED).scalars(), "FORCE")


def guard(connection: Connection, table: str) -> None:
    """Give a table that no migration makes its policy, and hold its owner to it; nothing if it has one."""
    if connection.dialect.name != "postgresql":
        return
    if connection.execute(_POLICY, {"name": table}).first() is not None:
        return
    for statement in policy_of(table):
        connection.execute(text(statement))


def policy_of(table: str) -> tuple[str, ...]:
    """Return the statements that give a new table its policy, and hold its owner to it."""
    own = f"(tenant = current_setting('{SETTING}', true))"
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own_tenant ON {table} USING {own} WITH CHECK {own}",
    )


def _alter(connection: Connection, tables: Iterable[str], how: str) -> None:
    for table in tables:
        connection.execute(text(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY"))


_NOT_KEPT: Final = (
    "row-level security does not hold: a mistake in one statement would show the rows of other tenants. "
    "Give the server a role of its own, as the runbook says"
)

_ROLE: Final = text(
    "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
)

_POLICY: Final = text(
    "SELECT 1 FROM pg_policies"
    " WHERE schemaname = current_schema() AND tablename = :name AND policyname = 'own_tenant'"
)

_TABLES: Final = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relrowsecurity AND relforcerowsecurity = {forced}
      AND relnamespace = current_schema()::regnamespace
    ORDER BY relname
"""

_FORCED: Final = text(_TABLES.format(forced="true"))

_UNFORCED: Final = text(_TABLES.format(forced="false"))
