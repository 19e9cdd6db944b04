"""Look through a week of the audit for looks that somebody should ask about.

Owns: what has to be known about a look beside its record, and that making a report is on record too.
Never: what is unusual (`core.audit.unusual`), or how a report reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from shopbell_server.core.audit.chain import LOOKS, Act, What
from shopbell_server.core.audit.unusual import Look, in_hours, since_visit, unusual
from shopbell_server.core.ids import Millis, StaffId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.core.audit.chain import Actor, Record
    from shopbell_server.core.audit.unusual import Finding
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ports.database import Database, UnitOfWork

LATE_MS: Final = 3_600_000
"""Servers' clocks differ, so records of one moment are not quite in its order; by an hour they never do."""

PERSONS: Final = 20_000
"""Remembered at once, 10 MB; who is forgotten is asked about again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week as the calendar counts it (ISO 8601), from Monday on, by UTC."""

    year: int
    number: int

    @property
    def name(self) -> str:
        """Return it as `2026-W47`."""
        return f"{self.year}-W{self.number:02}"

    @property
    def monday(self) -> date:
        """Return its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def from_ms(self) -> Millis:
        """Return when it begins."""
        return _midnight_ms(self.monday)

    @property
    def until_ms(self) -> Millis:
        """Return when the next one begins."""
        return _midnight_ms(self.monday + timedelta(days=7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What the works council agreed to, since when, and when people are in the stores.

    `opens` and `closes` are minutes of a store's own day.
    """

    agreed_on: date
    document: str
    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found in the looks of a week."""

    week: Week
    agreement: Agreement
    looks: int
    """How many were looked through: of all stores together."""
    findings: tuple[Finding, ...]


def last_week(now_ms: Millis) -> Week:
    """Return the newest week that is over."""
    year, number, _ = (_day(now_ms) - timedelta(days=7)).isocalendar()
    return Week(year=year, number=number)


def week_named(name: str) -> Week | None:
    """Return the week of a name such as `2026-W47`; None if it is none."""
    year, dash, number = name.partition("-W")
    if not (dash and year.isascii() and year.isdigit() and number.isascii() and number.isdigit()):
        return None
    try:
        week = Week(year=int(year), number=int(number))
        _ = week.monday
    except (ValueError, OverflowError):
        return None
    return week


def covers(agreement: Agreement, week: Week) -> bool:
    """Return whether all of the week is after the agreement: before it nobody's looks are looked through."""
    return agreement.agreed_on <= week.monday


def report_unusual(
    database: Database, week: Week, agreement: Agreement, now_ms: Millis, by: Actor
) -> Report:
    """Return what is unusual in the looks of `week`, and write into the audit that this was asked.

    The agreement must cover the week.
    """
    with database.read() as work:
        looks = _Looks(work, week, agreement)
        findings = unusual(looks)
    report = Report(week=week, agreement=agreement, looks=looks.count, findings=findings)
    with database.begin() as work:
        work.audit.note(
            [
                Act(
                    at_ms=now_ms,
                    actor=by,
                    what=What.UNUSUAL_REPORTED,
                    about=week.name,
                    why=agreement.document,
                )
            ]
        )
        work.commit()
    return report


class _Looks:
    """The looks of a week, with what was true of each."""

    def __init__(self, work: UnitOfWork, week: Week, agreement: Agreement) -> None:
        self.count = 0
        self._work = work
        self._week = week
        self._agreement = agreement
        self._zones = {each.id: ZoneInfo(each.timezone) for each in work.registry.stores()}
        self._stores: dict[StaffId, frozenset[StoreId] | None] = {}
        self._colleagues: dict[PersonId, bool] = {}
        self._visits: dict[PersonId, list[tuple[Millis, Millis]]] = {}

    def __iter__(self) -> Iterator[Look]:
        week = self._week
        for record in self._work.audit.records(self._work.audit.older(week.from_ms)):
            at_ms = record.act.at_ms
            if at_ms >= week.until_ms + LATE_MS:
                return
            if record.act.what in LOOKS and week.from_ms <= at_ms < week.until_ms:
                look = self._look(record)
                if look is not None:
                    self.count += 1
                    yield look

    def _look(self, record: Record) -> Look | None:
        act = record.act
        # Systems read by their keys, not out of curiosity.
        if act.person is None or act.actor.kind != "staff":
            return None
        back = act.what != What.BOARD_READ
        staff = StaffId(act.actor.name)
        return Look(
            number=record.number,
            at_ms=act.at_ms,
            staff=staff,
            session=act.actor.credential,
            role=act.actor.role,
            person=act.person,
            store=act.store,
            back=back,
            since_visit_ms=since_visit(act.at_ms, self._visits_of(act.person)) if back else None,
            colleague=self._is_colleague(act.person),
            own_store=self._is_own(staff, act.store),
            in_hours=self._is_in_hours(act),
        )

    def _visits_of(self, person: PersonId) -> list[tuple[Millis, Millis]]:
        found = self._visits.get(person)
        if found is None:
            _make_room(self._visits)
            found = self._visits[person] = [
                (each.session.start_ms, each.session.end_ms)
                for each in self._work.visits.of_person(person)
            ]
        return found

    def _is_colleague(self, person: PersonId) -> bool:
        found = self._colleagues.get(person)
        if found is None:
            _make_room(self._colleagues)
            enrolments = self._work.people.enrolments([person]).values()
            profiles = self._work.people.profiles({each.profile for each in enrolments})
            found = self._colleagues[person] = any(each.staff for each in profiles.values())
        return found

    def _is_own(self, staff: StaffId, store: StoreId | None) -> bool:
        """Return whether the looker belongs to the store now; nothing is said of who is gone."""
        if staff not in self._stores:
            known = self._work.registry.staff(staff)
            self._stores[staff] = None if known is None else known.stores
        stores = self._stores[staff]
        return store is None or stores is None or store in stores

    def _is_in_hours(self, act: Act) -> bool:
        zone = None if act.store is None else self._zones.get(act.store)
        if zone is None:
            return True
        local = datetime.fromtimestamp(act.at_ms / 1000, zone)
        minute = local.hour * 60 + local.minute
        return in_hours(minute, self._agreement.opens, self._agreement.closes)


def _make_room(remembered: dict[PersonId, Any]) -> None:
    if len(remembered) >= PERSONS:
        remembered.clear()


def _day(at_ms: Millis) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()


def _midnight_ms(day: date) -> Millis:
    return Millis(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000)
