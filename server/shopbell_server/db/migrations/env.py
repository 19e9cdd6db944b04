"""What Alembic runs to migrate: on the connection and in the transaction that `db.migrate` began.

Never: a connection of its own, a configuration file, or SQL printed instead of executed.
"""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
