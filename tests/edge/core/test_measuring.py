"""A radio under observation: from sightings of the beacon to what is thought of the radio."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.belief import Verdict
from shopbell_edge.core.heartbeat_beacon import Beacon
from shopbell_edge.core.measuring import Measuring
from shopbell_edge.core.units import Boottime
from tests.edge.core.advertisements import APPLE, heard, ibeacon

if TYPE_CHECKING:
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_wire.messages import Hearing

BEACON = Beacon(uuid="0d5f0000-2222-4333-8444-555566667777", major=1, minor=1, bare_minor=2)
HEARS = Verdict(state="hearing", reason="scanning")
DUTY = 0.67


def of_beacon(minor: int = 1, rssi_dbm: int = -60) -> Advertisement:
    start = BEACON.sought("ffffffff").ibeacon_start
    payload = start + (1).to_bytes(2) + minor.to_bytes(2) + b"\xc5"
    return heard(rssi_dbm, manufacturer_data={APPLE: payload})


class Store:
    """A radio that hears as the test says, and is looked at every 30 s."""

    def __init__(self, beacon: Beacon | None = BEACON) -> None:
        self.measuring = Measuring(beacon, interval_ms=1_000, duty=DUTY)
        self.now_ms = 1_000_000
        self.others = 0
        self.asked: list[tuple[str, int]] = []
        self._dice = random.Random(1)
        self.says("hearing", "scanning")

    @property
    def now(self) -> Boottime:
        return Boottime(self.now_ms)

    def says(self, state: Hearing, reason: str, for_ms: int = 0, way: str | None = None) -> None:
        self.measuring.told(state, reason, for_ms, way, now=self.now, others=self.others)

    def pass_s(
        self, seconds: int, *, share: float = 0.47, bare: bool = True, others: int = 0
    ) -> None:
        for _ in range(seconds):
            self.now_ms += 1_000
            self.others += others
            if self._dice.random() < share:
                self.measuring.hear(of_beacon(rssi_dbm=round(self._dice.gauss(-60, 4))), self.now)
            if bare and self._dice.random() < share:
                self.measuring.hear(of_beacon(2), self.now)
            if self.now_ms % 30_000 == 0:
                asked = self.measuring.check(self.now, self.others)
                self.asked += [] if asked is None else [asked]


def test_a_beacon_that_is_heard_as_it_should_changes_nothing() -> None:
    store = Store()
    store.pass_s(1_800)
    assert store.measuring.verdict == HEARS
    assert store.asked == []
    reception = store.measuring.reception
    assert reception is not None
    assert reception.share == pytest.approx(reception.expected, abs=0.1)


def test_silence_is_dated_back_to_the_last_sighting_and_asks_again_and_again() -> None:
    store = Store()
    store.pass_s(300)
    store.measuring.hear(of_beacon(), store.now)
    store.pass_s(60, share=0)
    assert store.measuring.verdict == Verdict(
        state="blind", reason="heartbeat_unheard", for_ms=60_000 - (store.now_ms % 30_000)
    )
    store.pass_s(60, share=0)
    assert store.asked == [("heartbeat_unheard", tries) for tries in (1, 2, 3)]


def test_three_sightings_end_the_blindness_at_once() -> None:
    store = Store()
    store.pass_s(300)
    store.pass_s(90, share=0)
    store.says("blind", "heartbeat_unheard")
    store.says("hearing", "scanning")
    for _ in range(2):
        store.measuring.hear(of_beacon(), store.now)
        assert store.measuring.verdict.state == "blind"
    store.measuring.hear(of_beacon(), store.now)
    assert store.measuring.verdict == HEARS


def test_a_beacon_whose_battery_is_empty_does_not_hold_everybody_here() -> None:
    store = Store()
    store.pass_s(300, others=3)
    store.pass_s(90, share=0, others=3)
    assert store.measuring.verdict.reason == "heartbeat_unheard"
    store.says("blind", "heartbeat_unheard")
    store.says("hearing", "scanning")
    store.pass_s(90, share=0, others=3)
    assert store.measuring.verdict == Verdict(state="hearing", reason="heartbeat_gone")
    store.pass_s(90)
    assert store.measuring.verdict == HEARS


def test_another_way_to_hear_is_measured_by_itself() -> None:
    store = Store()
    store.pass_s(300)
    store.says("hearing", "scanning_management", way="management")
    store.pass_s(30, share=0)
    assert store.measuring.verdict.state == "hearing"


def test_flags_that_are_missed_are_said_and_the_radio_is_believed() -> None:
    store = Store()
    store.pass_s(330, bare=False)
    assert store.measuring.verdict == Verdict(state="hearing", reason="no_flags")


def test_while_the_radio_says_that_it_is_deaf_nothing_is_expected() -> None:
    store = Store()
    store.pass_s(300)
    store.says("blind", "no_adapter")
    store.pass_s(900, share=0)
    assert store.measuring.verdict == Verdict(state="blind", reason="no_adapter")
    store.says("hearing", "scanning")
    assert store.measuring.verdict == HEARS
    assert store.asked == []


def test_who_is_not_the_beacon_is_somebody_elses_business() -> None:
    store = Store()
    assert not store.measuring.hear(ibeacon(), store.now)
    assert not store.measuring.hear(of_beacon(3), store.now)
    assert store.measuring.hear(of_beacon(2), store.now)


def test_without_a_beacon_the_radios_word_is_all_there_is() -> None:
    store = Store(None)
    assert not store.measuring.hear(of_beacon(), store.now)
    store.pass_s(600)
    assert (store.measuring.verdict, store.measuring.reception) == (HEARS, None)
    assert store.asked == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hears", "deaf", "blind", "hearing", "restarted"]), st.integers(1, 200)
        ),
        max_size=12,
    )
)
def test_whatever_happens_a_radio_that_hears_its_beacon_is_believed_in_the_end(
    story: list[tuple[str, int]],
) -> None:
    store = Store()
    for what, seconds in story:
        if what == "blind":
            store.says("blind", "silent", for_ms=min(seconds, 90) * 1_000)
        elif what != "deaf" and what != "hears":  # noqa: PLR1714
            store.says("hearing", "scanning")
        store.pass_s(seconds, share=0.0 if what == "deaf" else 0.47)
    store.says("hearing", "scanning")
    store.pass_s(240)
    assert store.measuring.verdict == HEARS
