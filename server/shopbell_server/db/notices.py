"""What people's phones are to be told.

Owns: the rows behind the port `Notices`.
Never: what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, func, select, update

from shopbell_server.core.delivery.notices import Notice
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.db.notice_tables import NOTICES
from shopbell_server.db.people_tables import ENROLMENTS, PROFILES
from shopbell_server.db.statements import adding
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import ProfileId
    from shopbell_server.db.transaction import Transaction


class SqlNotices:
    """`Notices` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def phones_under(self, profile: ProfileId) -> Sequence[PersonId]:
        """Return who has a phone under the profile and has not left, in the order of their ids.

        The profile is held until the unit of work ends: whoever asks at the same time waits.
        """
        self._transaction.rows(_HOLD, profile=profile)
        return [PersonId(row.person) for row in self._transaction.rows(_UNDER, profile=profile)]

    def add(self, notices: Sequence[Notice]) -> None:
        """Keep new ones."""
        rows = [
            {
                "notice": each.id,
                "person": each.person,
                "phone": each.phone,
                "at_ms": each.at_ms,
                "expires_ms": each.expires_ms,
                "read_ms": each.read_ms,
            }
            for each in notices
        ]
        self._transaction.insert(_ADD, rows)

    def of(self, person: PersonId, now_ms: Millis) -> Sequence[Notice]:
        """Return hers that have not expired, those that were read too; the oldest first."""
        return [
            Notice(
                id=row.notice,
                person=PersonId(row.person),
                at_ms=Millis(row.at_ms),
                phone=row.phone,
                expires_ms=Millis(row.expires_ms),
                read_ms=None if row.read_ms is None else Millis(row.read_ms),
            )
            for row in self._transaction.rows(_OF, person=person, now_ms=now_ms)
        ]

    def read(self, person: PersonId, notice: str, at_ms: Millis) -> bool:
        """Write down that she was shown one of hers; False if there is none. The first time counts."""
        return self._transaction.change(_READ, hers=person, this=notice, now_ms=at_ms) > 0

    def drop_expired(self, now_ms: Millis) -> int:
        """Remove those whose time is over; return how many."""
        return self._transaction.change(_DROP, now_ms=now_ms)


_E: Final = ENROLMENTS.c
_HOLD: Final = (
    select(PROFILES.c.profile)
    .where(ours(PROFILES), PROFILES.c.profile == bindparam("profile"))
    .with_for_update(key_share=True)
)
_UNDER: Final = (
    select(_E.person)
    .where(ours(ENROLMENTS), _E.profile == bindparam("profile"), _E.revoked_ms.is_(None))
    .order_by(_E.person)
)
_N: Final = NOTICES.c
_ADD: Final = adding(NOTICES)
_OF: Final = (
    select(NOTICES)
    .where(ours(NOTICES), _N.person == bindparam("person"), _N.expires_ms > bindparam("now_ms"))
    .order_by(_N.expires_ms, _N.notice)
)
_READ: Final = (
    update(NOTICES)
    .where(
        ours(NOTICES),
        _N.person == bindparam("hers"),
        _N.notice == bindparam("this"),
        _N.expires_ms > bindparam("now_ms"),
    )
    .values(read_ms=func.coalesce(_N.read_ms, bindparam("now_ms", type_=_N.read_ms.type)))
)
_DROP: Final = delete(NOTICES).where(ours(NOTICES), _N.expires_ms <= bindparam("now_ms"))
