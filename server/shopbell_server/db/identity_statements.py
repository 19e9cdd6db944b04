"""What `identity` asks of the database, and tells it.

Owns: statements.
Never: values; they are parameters.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, or_, select, text, update

from shopbell_server.db.channels import FORGET as FORGET_CHANNEL_FACTS
from shopbell_server.db.identity_tables import (
    ABSORBED_PROFILES,
    BLOCKED_IDENTIFIERS,
    IDENTIFIERS,
    IDENTITY_ENTRIES,
    MOVED_ENROLMENTS,
)
from shopbell_server.db.people_tables import ENROLMENTS, PROFILES, TICKETS
from shopbell_server.db.statements import adding, by_keys, keeping, replacing
from shopbell_server.db.transaction import ours

HOLD: Final = by_keys(
    select(PROFILES.c.profile)
    .where(ours(PROFILES))
    .order_by(PROFILES.c.profile)
    # Not FOR UPDATE: what refers to it may be added meanwhile, a ticket for one.
    .with_for_update(key_share=True),
    PROFILES.c.profile,
)
# Locks without rows: a value that nobody has yet has none. Taken in one order, so that nobody waits in a
# circle.
HOLD_VALUES: Final = text("""
    SELECT pg_advisory_xact_lock(number)
    FROM (
        SELECT DISTINCT hashtextextended(:our_tenant || ' ' || given.value, 0) AS number
        FROM unnest(CAST(:values AS text[])) AS given (value)
        ORDER BY number OFFSET 0
    ) AS held
""")
ABSORBED: Final = by_keys(
    select(ABSORBED_PROFILES).where(ours(ABSORBED_PROFILES)), ABSORBED_PROFILES.c.profile
)
TAKEN_IN: Final = by_keys(
    select(ABSORBED_PROFILES).where(ours(ABSORBED_PROFILES)), ABSORBED_PROFILES.c.taken_by
)
LINKS: Final = by_keys(select(IDENTIFIERS).where(ours(IDENTIFIERS)), IDENTIFIERS.c.profile)
LINKS_BY_ID: Final = by_keys(
    select(IDENTIFIERS).where(ours(IDENTIFIERS), IDENTIFIERS.c.profile.is_not(None)),
    IDENTIFIERS.c.link,
)
AT_HOME: Final = by_keys(
    select(IDENTIFIERS.c.link, IDENTIFIERS.c.home).where(ours(IDENTIFIERS)), IDENTIFIERS.c.home
)
BEARERS: Final = select(IDENTIFIERS.c.profile).where(
    ours(IDENTIFIERS),
    IDENTIFIERS.c.kind == bindparam("kind"),
    IDENTIFIERS.c.mark == bindparam("mark"),
)
ADD: Final = adding(IDENTIFIERS)
UNLINK: Final = (
    update(IDENTIFIERS)
    .where(ours(IDENTIFIERS), IDENTIFIERS.c.link == bindparam("which"))
    .values(mark=None, sealed=None, profile=None)
)
MOVE_LINK: Final = (
    update(IDENTIFIERS)
    .where(ours(IDENTIFIERS), IDENTIFIERS.c.link == bindparam("which"))
    .values(profile=bindparam("to"), sealed=bindparam("box"))
)
APPEND: Final = adding(IDENTITY_ENTRIES)
FROM: Final = by_keys(
    select(IDENTITY_ENTRIES).where(ours(IDENTITY_ENTRIES)), IDENTITY_ENTRIES.c.source
)
TO: Final = by_keys(
    select(IDENTITY_ENTRIES).where(ours(IDENTITY_ENTRIES)), IDENTITY_ENTRIES.c.target
)
ENTRY: Final = select(IDENTITY_ENTRIES).where(
    ours(IDENTITY_ENTRIES), IDENTITY_ENTRIES.c.entry == bindparam("which")
)
ENROLLED: Final = by_keys(
    select(ENROLMENTS.c.person, ENROLMENTS.c.profile)
    .where(ours(ENROLMENTS))
    .order_by(ENROLMENTS.c.profile, ENROLMENTS.c.person),
    ENROLMENTS.c.profile,
)
_WITH_HOMES: Final = (
    select(ENROLMENTS.c.person, ENROLMENTS.c.profile, MOVED_ENROLMENTS.c.home)
    .outerjoin_from(
        ENROLMENTS,
        MOVED_ENROLMENTS,
        (MOVED_ENROLMENTS.c.tenant == ENROLMENTS.c.tenant)
        & (MOVED_ENROLMENTS.c.person == ENROLMENTS.c.person),
    )
    .where(ours(ENROLMENTS))
)
STILL_AT_HOME: Final = by_keys(_WITH_HOMES, ENROLMENTS.c.profile)
BEGAN: Final = by_keys(_WITH_HOMES, ENROLMENTS.c.person)
BY_MARK: Final = (
    select(IDENTIFIERS.c.mark, ENROLMENTS.c.person)
    .outerjoin_from(
        IDENTIFIERS,
        ENROLMENTS,
        (ENROLMENTS.c.tenant == IDENTIFIERS.c.tenant)
        & (ENROLMENTS.c.profile == IDENTIFIERS.c.profile),
    )
    .where(
        ours(IDENTIFIERS),
        IDENTIFIERS.c.kind == bindparam("kind"),
        IDENTIFIERS.c.mark.in_(bindparam("marks", expanding=True)),
    )
)
MOVED: Final = by_keys(
    select(MOVED_ENROLMENTS).where(ours(MOVED_ENROLMENTS)), MOVED_ENROLMENTS.c.home
)
HOMES: Final = by_keys(
    select(ENROLMENTS.c.person, ENROLMENTS.c.profile).where(ours(ENROLMENTS)),
    ENROLMENTS.c.person,
)
KEEP_HOME: Final = keeping(MOVED_ENROLMENTS)
MOVE_PERSON: Final = (
    update(ENROLMENTS)
    .where(ours(ENROLMENTS), ENROLMENTS.c.person == bindparam("whose"))
    .values(profile=bindparam("to"))
)
ABSORB: Final = replacing(ABSORBED_PROFILES)
GIVE_BACK: Final = delete(ABSORBED_PROFILES).where(
    ours(ABSORBED_PROFILES), ABSORBED_PROFILES.c.profile == bindparam("whose")
)
BLOCK: Final = keeping(BLOCKED_IDENTIFIERS)
UNBLOCK: Final = delete(BLOCKED_IDENTIFIERS).where(
    ours(BLOCKED_IDENTIFIERS),
    BLOCKED_IDENTIFIERS.c.kind == bindparam("what_kind"),
    BLOCKED_IDENTIFIERS.c.mark == bindparam("what_mark"),
)
BLOCKED: Final = select(BLOCKED_IDENTIFIERS.c.kind).where(
    ours(BLOCKED_IDENTIFIERS),
    BLOCKED_IDENTIFIERS.c.kind == bindparam("what_kind"),
    BLOCKED_IDENTIFIERS.c.mark == bindparam("what_mark"),
)
FORGET: Final = (
    delete(IDENTIFIERS).where(
        ours(IDENTIFIERS),
        or_(
            IDENTIFIERS.c.profile == bindparam("whose"),
            (IDENTIFIERS.c.home == bindparam("whose")) & IDENTIFIERS.c.profile.is_(None),
        ),
    ),
    update(IDENTIFIERS)
    .where(ours(IDENTIFIERS), IDENTIFIERS.c.home == bindparam("whose"))
    .values(home=IDENTIFIERS.c.profile),
    delete(MOVED_ENROLMENTS).where(
        ours(MOVED_ENROLMENTS), MOVED_ENROLMENTS.c.home == bindparam("whose")
    ),
    delete(ABSORBED_PROFILES).where(
        ours(ABSORBED_PROFILES),
        or_(
            ABSORBED_PROFILES.c.profile == bindparam("whose"),
            ABSORBED_PROFILES.c.taken_by == bindparam("whose"),
        ),
    ),
    delete(TICKETS).where(ours(TICKETS), TICKETS.c.profile == bindparam("whose")),
    FORGET_CHANNEL_FACTS,
    delete(PROFILES).where(ours(PROFILES), PROFILES.c.profile == bindparam("whose")),
)
FORGET_ENTRIES: Final = delete(IDENTITY_ENTRIES).where(
    ours(IDENTITY_ENTRIES),
    or_(
        IDENTITY_ENTRIES.c.source == bindparam("whose"),
        IDENTITY_ENTRIES.c.target == bindparam("whose"),
    ),
)
