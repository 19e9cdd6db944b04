"""The table of enrolments that are one human.

Owns: columns, keys and indexes, as `tables` does.
Never: why they are (the history of profiles says that).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ForeignKeyConstraint, Index, Table

from shopbell_server.db.columns import METADATA, key, text_columns

JOINED: Final = Table(
    "joined_persons",
    METADATA,
    # Who is alone has no row; the head of a group has one as every other member. So an enrolment is not
    # deleted while others are joined with it: who is left would have visits under an id of nobody.
    *text_columns("tenant", "person", "head"),
    key("person"),
    ForeignKeyConstraint(
        ["tenant", "person"],
        ["enrolments.tenant", "enrolments.person"],
        name="fk_joined_persons_person",
    ),
    ForeignKeyConstraint(
        ["tenant", "head"],
        ["enrolments.tenant", "enrolments.person"],
        name="fk_joined_persons_head",
    ),
    Index(None, "tenant", "head"),
    sqlite_with_rowid=False,
)
