"""The example of the server's README, "How a sighting becomes a visit", minute by minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from shopbell_server.core.board.state import board_state
from shopbell_server.core.confidence import Confidence
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.facts import (
    CustomerRecognized,
    PassScanned,
    VisitEnded,
    VisitRevised,
    VisitStarted,
)
from shopbell_server.core.ids import Millis
from shopbell_server.core.observations import shelf_to_keep
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from tests.server.usecases.floor import DAY, EDGES, NOW, RULES, SECOND, SINK, STORE

if TYPE_CHECKING:
    from shopbell_server.core.visits.stored import Visit
    from tests.server.usecases.floor import Floor, Someone

TWO = NOW // 900_000 * 900_000
"""14:00, when a token begins to be on the air."""

DOOR, BACK, TILL = EDGES


def at(time: str) -> int:
    """Return "14:02:10" of that afternoon."""
    hours, minutes, seconds = map(int, time.split(":"))
    return TWO + (((hours - 14) * 60 + minutes) * 60 + seconds) * SECOND


@dataclass
class Afternoon:
    floor: Floor
    ada: Someone

    def heard(
        self, first: str, last: str, n: int, *, edge: str = DOOR, now_ms: int | None = None
    ) -> None:
        """Let an edge say that she was heard, as soon as she was; or at `now_ms`."""
        event = self.floor.presence(self.ada, at(first), at(last), n=n)
        self.floor.hear(event, edge=edge, now_ms=at(last) if now_ms is None else now_ms)

    def stays_in_sight(self, first: str, last: str) -> None:
        """Let the edge report it every half a minute, and the last of it."""
        for now_ms in range(at(first) + 30 * SECOND, at(last), 30 * SECOND):
            event = self.floor.presence(self.ada, at(first), now_ms, n=now_ms // SECOND % 997 + 9)
            self.floor.hear(event, edge=DOOR, now_ms=now_ms)
        self.heard(first, last, 999)

    def sweeps(self, now_ms: int) -> None:
        terms = Terms(rules=RULES, sinks=(SINK,))
        sweep(self.floor.database, self.floor.entropy, terms, Millis(now_ms))

    @property
    def visit(self) -> Visit:
        (visit,) = self.floor.visits(self.ada)
        return visit

    def confidence(self) -> Confidence:
        return self.visit.session.confidence

    def on_the_board(self, time: str) -> str:
        return board_state(self.visit, Millis(at(time)), RULES).place

    def told(self) -> list[Any]:
        """Return what the CDP is told that it was not told before."""
        now = Millis(NOW + 3 * DAY)
        facts: list[Any] = []
        with self.floor.database.begin() as work:
            while claimed := work.outgoing.claim(SINK, now, DAY, 100):
                for each in claimed:
                    facts.append(each.fact)
                    work.outgoing.delivered(SINK, each.fact.fact, now)
            work.commit()
        return facts


@pytest.fixture
def afternoon(floor: Floor) -> Afternoon:
    return Afternoon(floor, floor.enrol("ada", 4711))


def test_it_is_as_the_readme_says(afternoon: Afternoon) -> None:
    afternoon.heard("14:02:10", "14:02:12", 3)
    assert (afternoon.visit.state, afternoon.on_the_board("14:02:12")) == ("candidate", "unshown")
    assert afternoon.confidence() is Confidence.LOW

    afternoon.heard("14:02:10", "14:03:10", 40)
    assert (afternoon.visit.state, afternoon.on_the_board("14:03:10")) == ("candidate", "here")
    assert afternoon.confidence() is Confidence.MEDIUM
    assert afternoon.told() == []

    afternoon.stays_in_sight("14:02:10", "14:10:00")
    started, recognised = afternoon.told()
    assert isinstance(started, VisitStarted)
    assert (started.at_ms, started.recorded_ms) == (at("14:02:10"), at("14:04:10"))
    assert isinstance(recognised, CustomerRecognized)
    assert recognised.at_ms == at("14:03:10")
    assert afternoon.on_the_board("14:12:59") == "here"
    assert afternoon.on_the_board("14:13:00") == "left_maybe"
    assert afternoon.on_the_board("14:20:00") == "gone"

    afternoon.heard("14:30:05", "14:30:07", 3)
    assert (afternoon.visit.session.reentries, afternoon.on_the_board("14:30:07")) == (1, "here")

    scan = afternoon.floor.shows_pass(afternoon.ada, at("14:41:20"))
    scan = msgspec.structs.replace(scan, scanner="usb0")
    afternoon.floor.hear(scan, edge=TILL, now_ms=at("14:41:20"))
    session = afternoon.visit.session
    assert (session.evidence, session.confidence) == (Evidence.PASS, Confidence.HIGH)
    assert session.reasons == ("pass", "two scanners")
    assert [type(fact) for fact in afternoon.told()] == [PassScanned]

    afternoon.stays_in_sight("14:30:05", "14:44:30")
    assert afternoon.on_the_board("14:47:30") == "left_maybe"
    assert afternoon.on_the_board("14:54:30") == "gone"

    afternoon.sweeps(at("15:26:20"))
    assert afternoon.visit.state == "open"
    afternoon.sweeps(at("15:26:20") + 1)
    (ended,) = afternoon.told()
    assert isinstance(ended, VisitEnded)
    assert (ended.at_ms, ended.account.duration_s) == (at("14:44:30"), 2_540)
    assert (ended.account.reentries, ended.account.duration_known) == (1, True)
    assert {each.zone for each in ended.account.zones} == {"entrance", "till"}
    assert not ended.late

    afternoon.heard("14:35:00", "14:44:50", 300, edge=BACK, now_ms=at("19:00:00"))
    afternoon.heard("14:45:00", "14:46:00", 40, edge=BACK, now_ms=at("19:00:01"))
    *_, revised = afternoon.told()
    assert isinstance(revised, VisitRevised)
    assert (revised.ended, revised.late) == (True, True)
    assert revised.account.last_ms == at("14:46:00")


def test_what_comes_after_the_observations_are_gone_counts_all_the_same(
    afternoon: Afternoon,
) -> None:
    """Evidence stays as long as the visit: two visits become one when what lay between them is known."""
    afternoon.heard("14:02:10", "14:08:00", 90)
    afternoon.heard("14:47:00", "14:52:00", 90)
    afternoon.sweeps(at("15:40:00"))
    older, newer = afternoon.floor.visits(afternoon.ada)
    tomorrow_ms = at("15:40:00") + DAY
    with afternoon.floor.database.begin() as work:
        work.observations.let_go(shelf_to_keep(Millis(tomorrow_ms)), 1_000)
        work.commit()
    with afternoon.floor.database.read() as work:
        always = Millis(0), Millis(tomorrow_ms)
        assert work.observations.of([afternoon.ada.person], STORE, *always) == {}

    afternoon.told()
    afternoon.heard("14:20:00", "14:26:00", 90, edge=BACK, now_ms=tomorrow_ms)
    assert (afternoon.visit.id, afternoon.visit.session.end_ms) == (older.id, at("14:52:00"))
    revised, cancelled = afternoon.told()
    assert (revised.visit, revised.supersedes) == (older.id, (newer.id,))
    assert (cancelled.visit, cancelled.absorbed_by) == (newer.id, older.id)
