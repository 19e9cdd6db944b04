from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shopbell_server.checkpoint_file import CheckpointFile
from shopbell_server.core.audit.chain import KEPT_MS, Act, Actor, What
from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.edges.gaps import OPEN_MS
from shopbell_server.core.ids import Day, EdgeId, Millis, StaffId, TenantId
from shopbell_server.core.recognition.spray import LEAST_TOKENS, WINDOW_MINUTES, Tokens, minute_of
from shopbell_server.core.registry import Staff
from shopbell_server.core.token_windows import day_of
from shopbell_server.core.units import MINUTE_MS
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.jobs import Jobs
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.keeping.keep_audit import Notary
from shopbell_server.usecases.keeping.unusual_looks import Agreement
from shopbell_server.usecases.staff.refusals import Refusals
from shopbell_server.usecases.visits.joined import join
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.weekly_report import WeeklyReport
from tests.fakes.server import MemoryDatabase
from tests.server.db.rows import interval
from tests.server.sessions import a_session
from tests.server.web.shop import AMS, Shop

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from shopbell_server.core.ids import PersonId, StoreId

NOW = Millis(1_795_262_400_000)
SAM = Staff(id=StaffId("sam"), name="Sam", role="advisor", stores=frozenset(), language="en")
TENANT = TenantId("acme")
AGREED = Agreement(agreed_on=date(2026, 1, 5), document="OR 17", opens=360, closes=1380)
SEEDED = Act(at_ms=NOW, actor=Actor(kind="operator", name=""), what=What.SEEDED)


def sign(_: bytes) -> bytes:
    return b"s"


class SetClock:
    def __init__(self) -> None:
        self.at = NOW

    def now_ms(self) -> Millis:
        return self.at


class Bells:
    def __init__(self) -> None:
        self.rung: list[tuple[str, ...]] = []

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        self.rung.append((store, *sorted(persons)))


class World:
    def __init__(
        self,
        database: MemoryDatabase | None = None,
        notary: Notary | None = None,
        refusals: Refusals | None = None,
        reports: Path | None = None,
    ) -> None:
        self.database = database or MemoryDatabase()
        self.clock = SetClock()
        self.jobs = Jobs(
            database=self.database,
            clock=self.clock,
            entropy=SystemEntropy(),
            terms=Terms(rules=VisitRules(), sinks=()),
            announcer=Bells(),
            notary=notary,
            refusals=refusals,
            weekly=None
            if reports is None
            else WeeklyReport(self.database, TENANT, AGREED, reports),
        )


def test_consents_that_ended_by_themselves_are_written_down_once() -> None:
    shop = Shop()
    guest = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    assert isinstance(shop.database, MemoryDatabase)
    world = World(shop.database)
    world.clock.at = Millis(NOW + 366 * 86_400_000)
    with capture_logs() as logs:
        world.jobs.write_expired_consents()
        world.jobs.write_expired_consents()
    assert [each["entries"] for each in logs if each["event"] == "consents_expired"] == [1]
    with shop.database.read() as work:
        ledger = work.ledger.entries([guest.person])[guest.person]
    assert [each.change for each in ledger] == [Change.GIVEN, Change.EXPIRED]


def test_what_joined_people_gave_in_passing_is_forgotten_and_that_is_told() -> None:
    shop = Shop()
    one, other = shop.welcome(), shop.welcome()
    assert isinstance(shop.database, MemoryDatabase)
    world = World(shop.database)
    with shop.database.begin() as work:
        persons = [one.person, other.person]
        terms = Terms(rules=VisitRules(), sinks=())
        join(work, shop.entropy, NOW, persons=persons, terms=terms)
        work.commit()
    shop.say(one, Purpose.RECOGNISE_IN_STORE, given=False)
    with shop.database.begin() as work:
        work.intervals.join([interval(NOW, NOW + 9, person=other.person, store=AMS)])
        work.commit()
    with capture_logs() as said:
        world.jobs.forget_passing_by()
        assert said == []
        world.clock.at = Millis(NOW + 2 * 86_400_000)
        world.jobs.forget_passing_by()
    assert said == [{"event": "passing_by", "log_level": "info", "forgotten": 1}]


def test_keys_are_there_for_a_week() -> None:
    world = World()
    world.jobs.keep_keys()
    today = day_of(NOW)
    with world.database.read() as work:
        assert len(work.day_keys.keys([Day(today + ahead) for ahead in range(9)])) == 8


def test_what_edges_sent_and_nobody_has_is_told_once() -> None:
    world = World()
    stream = (EdgeId("door"), "5" * 32)
    with world.database.begin() as work:
        work.batches.ranges([stream], NOW)
        work.batches.put_ranges({stream: "1-4,7-9"}, NOW)
        work.commit()
    with capture_logs() as said:
        world.jobs.find_gaps()
        assert said == []
        world.clock.at = Millis(NOW + OPEN_MS)
        world.jobs.find_gaps()
        world.jobs.find_gaps()
    assert [(each["event"], each["edge"], each["batches"]) for each in said] == [
        ("batches_missing", "door", 2)
    ]
    assert REGISTRY.get_sample_value("shopbell_gaps") == 2


def test_how_much_expired_is_told_and_that_nothing_did_is_not() -> None:
    world = World()
    with world.database.begin() as work:
        work.registry.put_staff(SAM, None)
        work.staff_sessions.open(a_session(b"1" * 32, SAM.id, NOW + 1))
        work.commit()
    with capture_logs() as said:
        world.jobs.forget_expired()
        assert said == []
        world.clock.at = Millis(NOW + 1)
        world.jobs.forget_expired()
    assert said == [
        {"event": "expired", "log_level": "info", "sessions": 1, "tickets": 0, "answers": 0}
    ]


def test_a_spray_is_told_when_it_begins_and_when_it_is_over() -> None:
    world = World()
    door, till = EdgeId("door"), EdgeId("till")
    with world.database.begin() as work:
        minute = minute_of(NOW)
        work.edge_records.add_tokens({(door, minute): Tokens(0, LEAST_TOKENS)})
        work.edge_records.add_tokens({(till, minute): Tokens(LEAST_TOKENS, 9)})
        work.commit()
    with capture_logs() as said:
        world.jobs.find_sprays()
        world.jobs.find_sprays()
        assert REGISTRY.get_sample_value("shopbell_spray", {"edge": "door"}) == 1
        world.clock.at = Millis(NOW + WINDOW_MINUTES * MINUTE_MS)
        world.jobs.find_sprays()
    assert [(each["event"], each["edge"], each["log_level"]) for each in said] == [
        ("tokens_sprayed", "door", "warning"),
        ("tokens_sprayed_no_more", "door", "info"),
    ]
    assert REGISTRY.get_sample_value("shopbell_spray", {"edge": "door"}) == 0
    assert REGISTRY.get_sample_value("shopbell_spray", {"edge": "till"}) is None


class AwayDatabase(MemoryDatabase):
    """Away, then busy, then there; says when it was asked the third time."""

    def __init__(self, asked: threading.Event) -> None:
        super().__init__()
        self._troubles = [DatabaseLostError("away"), DatabaseBusyError("busy")]
        self._asked = asked

    def begin(self):  # type: ignore[no-untyped-def]  # noqa: ANN201  # whatever the fake returns
        if self._troubles:
            raise self._troubles.pop(0)
        self._asked.set()
        return super().begin()


def test_a_database_that_is_away_is_waited_for() -> None:
    asked, stop = threading.Event(), threading.Event()
    world = World(AwayDatabase(asked))
    thread = threading.Thread(target=world.jobs.run, args=(stop,))
    with capture_logs() as said:
        thread.start()
        there = asked.wait(30)
        stop.set()
        thread.join(10)
    assert there
    assert [each["event"] for each in said] == ["database_lost"]


def test_the_audit_is_signed_and_tampering_with_it_told_once(tmp_path: Path) -> None:
    checkpoints = CheckpointFile(tmp_path / "checkpoints")
    world = World(notary=Notary(tenant=TENANT, sign=sign, checkpoints=checkpoints))
    with world.database.begin() as work:
        work.audit.note([SEEDED] * 2)
        work.commit()
    world.jobs.sign_audit()
    assert REGISTRY.get_sample_value("shopbell_audit_signed") == 2
    other = World(
        MemoryDatabase(), notary=Notary(tenant=TENANT, sign=sign, checkpoints=checkpoints)
    )
    with capture_logs() as said:
        other.jobs.sign_audit()
        other.jobs.sign_audit()
    assert [each["event"] for each in said] == ["audit_tampered"]
    assert REGISTRY.get_sample_value("shopbell_audit_tampered") == 1
    world.jobs.sign_audit()
    assert REGISTRY.get_sample_value("shopbell_audit_tampered") == 0


def test_with_another_key_nothing_is_signed_and_that_is_told(tmp_path: Path) -> None:
    checkpoints = CheckpointFile(tmp_path / "checkpoints")
    World(notary=Notary(tenant=TENANT, sign=sign, checkpoints=checkpoints)).jobs.sign_audit()
    kept = (tmp_path / "checkpoints").read_bytes()
    other = World(notary=Notary(tenant=TENANT, sign=lambda _: b"o" * 64, checkpoints=checkpoints))
    with other.database.begin() as work:
        work.audit.note([SEEDED])
        work.commit()
    with capture_logs() as said:
        other.jobs.sign_audit()
    assert [each["event"] for each in said] == ["audit_checkpoint_failed"]
    assert "put that key back" in said[0]["error"]
    assert (tmp_path / "checkpoints").read_bytes() == kept


def test_the_old_beginning_of_the_audit_goes() -> None:
    world = World()
    world.jobs.sign_audit()
    with world.database.begin() as work:
        work.audit.note([SEEDED])
        work.commit()
    world.clock.at = Millis(NOW + KEPT_MS + 1)
    with capture_logs() as said:
        world.jobs.cut_audit()
        world.jobs.cut_audit()
    assert said == [{"event": "audit_cut", "log_level": "info", "records": 1}]


def test_checkpoints_that_cannot_be_kept_are_told(tmp_path: Path) -> None:
    checkpoints = CheckpointFile(tmp_path / "gone" / "checkpoints")
    world = World(notary=Notary(tenant=TENANT, sign=sign, checkpoints=checkpoints))
    with capture_logs() as said:
        world.jobs.sign_audit()
    assert [each["event"] for each in said] == ["audit_checkpoint_failed"]
    assert REGISTRY.get_sample_value("shopbell_audit_checkpoint_failed") == 1
    (tmp_path / "gone").mkdir()
    world.jobs.sign_audit()
    assert REGISTRY.get_sample_value("shopbell_audit_checkpoint_failed") == 0
    (tmp_path / "gone" / "checkpoints").write_text("{}\n")
    with capture_logs() as said:
        world.jobs.cut_audit()
    assert [each["event"] for each in said] == ["audit_checkpoint_failed"]


def test_refused_sign_ins_are_written_down() -> None:
    refusals = Refusals()
    world = World(refusals=refusals)
    world.jobs.write_refusals()
    refusals.count(world.database, SAM.id, NOW)
    world.jobs.write_refusals()
    with world.database.read() as work:
        assert [each.act.what for each in work.audit.records(0)] == [What.SIGN_IN_REFUSED]


def test_the_auditors_report_is_written_where_that_was_agreed_to(tmp_path: Path) -> None:
    World().jobs.write_report()
    folder = tmp_path / "reports"
    world = World(reports=folder)
    with capture_logs() as said:
        world.jobs.write_report()
    assert [each["event"] for each in said] == ["unusual_looks_not_reported"]
    folder.mkdir()
    with capture_logs() as said:
        world.jobs.write_report()
        world.jobs.write_report()
    assert [each["event"] for each in said] == ["unusual_looks_reported"]
    assert (folder / "unusual-looks-2026-W46.json").exists()
