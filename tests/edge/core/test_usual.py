"""The usual sighting decides as the long way round does, whatever comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import OFFLINE, ONLINE, PARTING, Pace
from shopbell_edge.core.units import Boottime, ScannerName
from shopbell_edge.core.usual import UNUSUAL
from shopbell_wire.messages import Clock, Presence
from tests.edge.core.ad_bytes import ALTBEACON_FOB, EDDYSTONE_FOB, IBEACON_FOB, WITH_FOBS
from tests.edge.core.advertisements import (
    RETAILER,
    heard,
    ibeacon,
    service_data,
    service_uuid,
    uuid_of,
)

if TYPE_CHECKING:
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.retailer import Retailer
    from shopbell_edge.core.usual import Usual

WALL_MS = 1_795_262_800_000


@dataclass
class Shop:
    """A roster that is asked as a radio asks it: a first look, and the long way where that does not do."""

    rules: Rules = field(default_factory=Rules)
    most_tokens: int = 1_000
    glances: bool = True
    keeps: bool = False
    """Whether it keeps what it found for the next time, as a radio does that knows the bytes."""
    now_ms: int = 1_000
    spared: int = 0
    kept: dict[str, Usual] = field(default_factory=dict)
    retailer: Retailer = RETAILER

    def __post_init__(self) -> None:
        self.roster = Roster(
            scanner=ScannerName("hci0"),
            retailer=self.retailer,
            rules=self.rules,
            most_tokens=self.most_tokens,
        )

    def hear(self, advert: Advertisement) -> list[Presence]:
        now = Boottime(self.now_ms)
        known = self.kept.get(repr(advert[1:]))
        if known is not None and known.hear(advert.rssi_dbm, now):
            self.spared += 1
            return []
        usual = self.look(advert)
        if usual is None:
            return []
        if self.glances and usual.hear(advert.rssi_dbm, now):
            self.spared += 1
            if self.keeps:
                self.kept[repr(advert[1:])] = usual
            return []
        return self.roster.take(self.clock()) if self.roster.hear(advert, now) else []

    def look(self, advert: Advertisement) -> Usual | None:
        return self.roster.look(advert.manufacturer_data, advert.service_data, advert.service_uuids)

    def tick(self, pace: Pace = ONLINE) -> list[Presence]:
        return self.roster.tick(self.clock(), pace)

    def clock(self) -> Clock:
        return Clock(
            boot="0" * 32,
            boottime_ms=self.now_ms,
            wall_ms=WALL_MS + self.now_ms,
            state="synced",
            err_ms=5,
        )


def merged(number: int, rssi_dbm: int) -> Advertisement:
    """Return what BlueZ makes of a phone that sends two frames from one address."""
    return heard(
        rssi_dbm,
        manufacturer_data=dict(ibeacon(number).manufacturer_data),
        service_data=dict(service_data(number, power_dbm=-70).service_data),
    )


def stale(number: int, rssi_dbm: int) -> Advertisement:
    """Return a service UUID of ours behind one that BlueZ keeps of the minute before."""
    return heard(rssi_dbm, service_uuids=[uuid_of(number, 1), uuid_of(number, 2)])


def with_a_fob(phone: Advertisement) -> Advertisement:
    """Return what one address would say that were a phone and a fob."""
    fob = parse(ALTBEACON_FOB, 0).manufacturer_data
    return phone._replace(manufacturer_data={**phone.manufacturer_data, **fob})


numbers = st.integers(1, 3)
strengths = st.integers(-100, -50) | st.sampled_from([-127, -126, 0, 1, 127])
own = st.one_of(
    st.builds(lambda n, dbm: ibeacon(n, rssi_dbm=dbm), numbers, strengths),
    st.builds(lambda n, dbm: ibeacon(n, power_dbm=-40, rssi_dbm=dbm), numbers, strengths),
    st.builds(lambda n, dbm: service_data(n, rssi_dbm=dbm), numbers, strengths),
    st.builds(lambda n, mac, dbm: service_uuid(n, mac, rssi_dbm=dbm), numbers, numbers, strengths),
    st.builds(merged, numbers, strengths),
    st.builds(stale, numbers, strengths),
    st.builds(lambda dbm: heard(dbm, service_data={RETAILER.uuid: b"\x20"}), strengths),
    st.builds(heard, strengths),
    st.builds(parse, st.sampled_from([IBEACON_FOB, ALTBEACON_FOB, EDDYSTONE_FOB]), strengths),
    st.builds(lambda n, dbm: with_a_fob(merged(n, dbm)), numbers, strengths),
)
# A phone repeats what it says, so most steps are a run of one and the same.
steps = st.one_of(
    st.tuples(st.just("hear"), own, st.integers(1, 40), st.integers(0, 2_000)),
    st.tuples(st.just("wait"), st.none(), st.just(1), st.integers(1, 90_000)),
    st.tuples(st.sampled_from(["blind", "hearing", "park"]), st.none(), st.just(1), st.just(0)),
)
rules_of = st.builds(
    Rules,
    scanner_offset_db=st.sampled_from([0.0, 3.1, -7.7, 40.0, -40.0]),
    leave_loss_db=st.sampled_from([30.0, 20.0, 30.1]),
    shown_ms=st.sampled_from([3_000, 60_000]),
)


def play(shop: Shop, script: list[tuple[str, Advertisement | None, int, int]]) -> list[bytes]:
    """Return all that is told, and the counts after each step."""
    told: list[bytes] = []
    for kind, advert, times, gap_ms in script:
        for _ in range(times):
            shop.now_ms += gap_ms
            events = shop.hear(advert) if advert is not None else []
            if kind == "blind":
                shop.roster.blind(Boottime(shop.now_ms - 5_000))
            elif kind == "hearing":
                shop.roster.hearing(Boottime(shop.now_ms))
            elif kind == "park":
                events += shop.tick(OFFLINE)
            elif kind == "wait":
                events += shop.tick()
            told += [msgspec.json.encode(event) for event in events]
        told.append(repr((shop.roster.counts, shop.roster.known, shop.roster.pushed_out)).encode())
    return told + [msgspec.json.encode(event) for event in shop.tick(PARTING)]


@given(
    st.sampled_from([RETAILER, WITH_FOBS]),
    rules_of,
    st.sampled_from([2, 1_000]),
    st.lists(steps, max_size=40),
)
def test_it_decides_as_the_long_way_round(
    retailer: Retailer,
    rules: Rules,
    most_tokens: int,
    script: list[tuple[str, Advertisement | None, int, int]],
) -> None:
    quick = Shop(rules, most_tokens, retailer=retailer)
    slow = Shop(rules, most_tokens, glances=False, retailer=retailer)
    keeping = Shop(rules, most_tokens, keeps=True, retailer=retailer)
    told = play(slow, script)
    assert play(quick, script) == told
    assert play(keeping, script) == told


def settled(advert: Advertisement, retailer: Retailer = RETAILER) -> Shop:
    """Return a shop in which a phone has said this for so long that nothing about it is new."""
    shop = Shop(retailer=retailer)
    for _ in range(70):
        shop.now_ms += 1_000
        shop.hear(advert)
    shop.spared = 0
    return shop


def test_a_phone_that_is_here_and_repeats_itself_is_spared_the_long_way() -> None:
    for advert in (ibeacon(1), service_data(1), service_uuid(1, 2), merged(1, -70)):
        shop = settled(advert)
        for _ in range(50):
            shop.now_ms += 250
            assert shop.hear(advert) == []
        assert shop.spared == 50
        assert shop.roster.counts["ours"] == 120


@pytest.mark.parametrize("payload", [IBEACON_FOB, ALTBEACON_FOB, EDDYSTONE_FOB])
def test_so_is_a_fob(payload: bytes) -> None:
    shop = settled(parse(payload, -70), WITH_FOBS)
    for _ in range(50):
        shop.now_ms += 1_000
        assert shop.hear(parse(payload, -70)) == []
    assert shop.spared == 50
    (left,) = shop.tick(PARTING)
    assert (left.frame, left.n) == ("static", 120)


def test_what_was_found_says_itself_when_it_holds_no_more() -> None:
    shop = settled(ibeacon(1))
    usual = shop.look(ibeacon(1))
    assert usual is not None
    assert usual.hear(-60, Boottime(shop.now_ms + 250))
    shop.roster.blind(Boottime(shop.now_ms + 500))
    assert not usual.hear(-60, Boottime(shop.now_ms + 750))
    assert shop.roster.counts["ours"] == 71


def test_a_phone_in_the_street_is_not() -> None:
    assert settled(ibeacon(1, rssi_dbm=-85)).look(ibeacon(1)) is UNUSUAL


def test_nothing_is_usual_any_more_when_it_is_gone() -> None:
    shop = settled(ibeacon(1))
    assert shop.look(ibeacon(1)) is not UNUSUAL
    shop.now_ms += 60_000
    assert [event.phase for event in shop.tick()] == ["inactive"]
    assert shop.look(ibeacon(1)) is UNUSUAL


def test_a_new_mac_ends_what_was_usual_with_the_old_one() -> None:
    shop = settled(service_uuid(1, 2))
    shop.hear(service_uuid(1, 3))
    assert shop.look(service_uuid(1, 2)) is UNUSUAL
    assert shop.look(service_uuid(1, 3)) is not UNUSUAL


def test_while_the_scanner_may_be_blind_nothing_is_usual() -> None:
    shop = settled(ibeacon(1))
    shop.roster.blind(Boottime(shop.now_ms))
    for _ in range(2):
        shop.hear(ibeacon(1))
        assert shop.look(ibeacon(1)) is UNUSUAL
    shop.roster.hearing(Boottime(shop.now_ms))
    shop.hear(ibeacon(1))
    assert shop.look(ibeacon(1)) is not UNUSUAL


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), max_size=300))
def test_no_more_is_remembered_than_there_are_stays(said: list[tuple[int, int]]) -> None:
    shop = Shop(most_tokens=8)
    looks = set()
    for number, mac in said:
        for _ in range(3):
            shop.hear(service_uuid(number, mac))
        looks.add((number, mac))
        known = [look for look in looks if shop.look(service_uuid(*look)) is not UNUSUAL]
        assert len(known) <= shop.roster.present <= 8
