from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.ids import Millis, StaffId, StoreId
from shopbell_server.core.registry import Staff
from shopbell_server.usecases.keeping.unusual_looks import (
    Agreement,
    Week,
    covers,
    last_week,
    report_unusual,
    week_named,
)
from tests.server.web.shop import AMS, NOON, UTR, Shop

if TYPE_CHECKING:
    from shopbell_server.core.ids import PersonId
    from shopbell_server.usecases.keeping.unusual_looks import Report

HOUR = 3_600_000
WEEK = Week(year=2026, number=47)
"""Of NOON, a Saturday."""
AGREED = Agreement(agreed_on=date(2026, 11, 16), document="OR 2026-17", opens=360, closes=1380)
OTTO = Actor(kind="operator", name="otto")


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.employ("sam")
    return shop


def look(
    shop: Shop,
    person: PersonId,
    *,
    at_ms: int = NOON,
    what: What = What.BOARD_READ,
    store: StoreId = AMS,
    actor: Actor | None = None,
) -> None:
    sam = Actor(kind="staff", name="sam", role="advisor", credential="1f")
    with shop.database.begin() as work:
        work.audit.note(
            [Act(at_ms=Millis(at_ms), actor=actor or sam, what=what, person=person, store=store)]
        )
        work.commit()


def report(shop: Shop, week: Week = WEEK) -> Report:
    return report_unusual(shop.database, week, AGREED, WEEK.until_ms, OTTO)


def kinds(shop: Shop) -> list[str]:
    return [each.kind.value for each in report(shop).findings]


def test_a_week_of_service_has_no_finding_and_making_the_report_is_on_record(shop: Shop) -> None:
    anna = shop.welcome()
    look(shop, anna.person)
    made = report(shop)
    assert (made.looks, made.findings) == (1, ())
    with shop.database.read() as work:
        newest = list(work.audit.records(0))[-1].act
    assert (newest.what, newest.actor, newest.about, newest.why) == (
        What.UNUSUAL_REPORTED,
        OTTO,
        "2026-W47",
        "OR 2026-17",
    )


def test_looks_of_other_weeks_and_of_systems_and_other_acts_do_not_count(shop: Shop) -> None:
    anna = shop.welcome().person
    look(shop, anna, at_ms=WEEK.from_ms - 1)
    look(shop, anna, at_ms=WEEK.from_ms)
    look(shop, anna, actor=Actor(kind="system", name="crm"))
    look(shop, anna, what=What.CONSENT_CHANGED)
    look(shop, anna, at_ms=WEEK.until_ms - 1)
    look(shop, anna, at_ms=WEEK.until_ms)
    look(shop, anna, at_ms=WEEK.until_ms + 2 * HOUR)
    assert report(shop).looks == 2


def test_hours_are_those_of_the_stores_own_clock(shop: Shop) -> None:
    anna = shop.welcome().person
    look(shop, anna, at_ms=WEEK.from_ms + 22 * HOUR - 60_000)  # 22:59 in Amsterdam
    look(shop, anna, at_ms=WEEK.from_ms + 5 * HOUR)  # 06:00
    look(shop, anna, at_ms=WEEK.from_ms, store=StoreId("gone"))
    assert "out_of_hours" not in kinds(shop)
    look(shop, anna, at_ms=WEEK.from_ms + 22 * HOUR)  # 23:00
    assert "out_of_hours" in kinds(shop)


def test_a_store_that_is_not_the_lookers_is_told_unless_the_looker_is_gone(shop: Shop) -> None:
    anna = shop.welcome().person
    gone = Actor(kind="staff", name="gone", role="advisor", credential="2e")
    look(shop, anna, store=UTR, actor=gone)
    assert kinds(shop) == []
    with shop.database.begin() as work:
        work.registry.put_staff(
            Staff(
                id=StaffId("sam"),
                name="Sam",
                role="advisor",
                stores=frozenset({AMS}),
                language="en",
            ),
            None,
        )
        work.commit()
    look(shop, anna, store=UTR)
    assert kinds(shop) == ["other_store"]


def test_a_colleague_is_who_works_here_now(shop: Shop) -> None:
    anna = shop.welcome()
    look(shop, anna.person)
    assert kinds(shop) == []
    with shop.database.begin() as work:
        (enrolment,) = work.people.enrolments([anna.person]).values()
        (profile,) = work.people.profiles([enrolment.profile]).values()
        work.people.put_profile(replace(profile, staff=True))
        work.commit()
    assert kinds(shop) == ["colleague"]


def test_who_looks_back_at_somebody_without_a_visit_is_told(shop: Shop) -> None:
    anna = shop.welcome()
    look(shop, anna.person, what=What.VISIT_READ)
    assert kinds(shop) == ["long_after"]


def test_weeks_have_names_and_bounds() -> None:
    assert week_named("2026-W47") == WEEK
    assert WEEK.name == "2026-W47"
    assert WEEK.monday == date(2026, 11, 16)
    assert WEEK.until_ms - WEEK.from_ms == 7 * 24 * HOUR
    assert WEEK.from_ms <= NOON < WEEK.until_ms
    assert last_week(WEEK.until_ms) == WEEK
    assert last_week(Millis(WEEK.until_ms - 1)) == Week(year=2026, number=46)
    for wrong in ("", "2026", "2026-W00", "2026-W54", "26W3", "2026-Wxx", "x-W01", "0-W1"):
        assert week_named(wrong) is None


def test_nothing_from_before_the_agreement_is_looked_through() -> None:
    assert covers(AGREED, WEEK)
    assert not covers(AGREED, Week(year=2026, number=46))
