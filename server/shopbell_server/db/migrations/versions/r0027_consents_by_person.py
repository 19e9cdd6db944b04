"""Whether somebody consented is asked of her own entries, not of everybody's.

Revision 27. Frozen: a released revision never changes; what comes later is another one.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from shopbell_server.db.migrations import visit_triggers

revision: Final = "0027"
down_revision: Final = "0026"


def upgrade() -> None:
    """Make the triggers anew."""
    for statement in visit_triggers.CREATE[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Make them as they were."""
    for statement in visit_triggers.DROP[op.get_bind().dialect.name]:
        op.execute(statement)
