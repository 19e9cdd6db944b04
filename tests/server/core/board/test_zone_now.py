from __future__ import annotations

from shopbell_server.core.board.zone_now import HYSTERESIS_DB, Located, stays_so_until, zone_now
from shopbell_server.core.ids import ZoneId
from tests.server.core.stays import acted, at, heard

ENTRANCE, TILL = ZoneId("entrance"), ZoneId("till")
DOOR = heard(0, 1_000, loss_db=20.0)
RECENT_MS = 60_000


def test_she_is_at_the_nearest_scanner() -> None:
    till = heard(0, 900, scanner="till", zone="till", loss_db=19.0)
    assert zone_now([DOOR, till], None, at(1_000), RECENT_MS) == TILL


def test_a_little_nearer_is_not_there_yet() -> None:
    near = heard(0, 1_000, scanner="till", zone="till", loss_db=20.0 - HYSTERESIS_DB + 0.1)
    there = heard(0, 1_000, scanner="till", zone="till", loss_db=20.0 - HYSTERESIS_DB)
    assert zone_now([DOOR, near], ENTRANCE, at(1_000), RECENT_MS) == ENTRANCE
    assert zone_now([DOOR, there], ENTRANCE, at(1_000), RECENT_MS) == TILL


def test_of_several_scanners_in_a_zone_the_nearest_counts() -> None:
    far = heard(0, 1_000, scanner="window", loss_db=60.0)
    till = heard(0, 1_000, scanner="till", zone="till", loss_db=40.0)
    assert zone_now([DOOR, far, till], None, at(1_000), RECENT_MS) == ENTRANCE


def test_what_is_no_longer_heard_does_not_count() -> None:
    till = heard(0, 1_001, scanner="till", zone="till", loss_db=50.0)
    assert zone_now([DOOR, till], ENTRANCE, at(1_001 + RECENT_MS), RECENT_MS) == TILL


def test_where_nothing_is_heard_she_is_where_she_was() -> None:
    assert zone_now([DOOR], TILL, at(1_001 + RECENT_MS), RECENT_MS) == TILL
    assert zone_now([heard(0, 9, zone=None)], None, at(9), RECENT_MS) is None
    assert zone_now([heard(0, 9, loss_db=None)], None, at(9), RECENT_MS) is None


def test_a_code_says_where_she_stands_until_something_is_heard_after_it() -> None:
    code = acted(1_000, zone="till")
    assert zone_now([DOOR, code], ENTRANCE, at(1_000), RECENT_MS) == TILL
    later = heard(0, 1_001, loss_db=30.0)
    assert zone_now([later, code], None, at(1_001), RECENT_MS) == ENTRANCE


def test_of_several_frames_at_a_scanner_the_last_word_counts() -> None:
    before = heard(0, 900, carrier="ibeacon", loss_db=5.0)
    after = heard(0, 1_000, carrier="service-data", loss_db=50.0)
    till = heard(0, 1_000, scanner="till", zone="till", loss_db=30.0)
    assert zone_now([after, before, till], None, at(1_000), RECENT_MS) == TILL


def test_a_zone_may_be_another_when_something_ceases_to_be_recent() -> None:
    till = heard(0, 900, scanner="till", zone="till", loss_db=19.0)
    assert stays_so_until([DOOR, till], at(1_000), RECENT_MS) == at(901 + RECENT_MS)
    assert stays_so_until([DOOR, till], at(901 + RECENT_MS), RECENT_MS) == at(1_001 + RECENT_MS)
    assert stays_so_until([DOOR, till], at(1_001 + RECENT_MS), RECENT_MS) is None


def test_a_floor_plan_counts_instead_of_the_nearest_scanner() -> None:
    assert zone_now([DOOR], None, at(1_000), RECENT_MS, Located(zone=TILL)) == TILL
    assert zone_now([DOOR], ENTRANCE, at(1_000), RECENT_MS, Located(zone=None)) is None
    code = acted(1_000, zone="entrance")
    assert zone_now([DOOR, code], None, at(1_000), RECENT_MS, Located(zone=TILL)) == ENTRANCE
