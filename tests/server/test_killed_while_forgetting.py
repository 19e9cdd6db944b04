"""`shopbell-server forget` is killed (kill -9) in the middle: she is there wholly, or forgotten by itself."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_server.core.audit.chain import What
from shopbell_server.core.consent.ledger import active_purposes
from shopbell_server.core.ids import PersonId, TenantId
from shopbell_server.core.keeping.erasure import mark_kind
from shopbell_server.core.keeping.owners import owner_of_person, owner_of_profile
from shopbell_server.core.keeping.retention import Limits
from shopbell_server.db import key_store
from shopbell_server.db.key_store import SqlKeys
from shopbell_server.db.unit_of_work import SqlDatabase
from shopbell_server.erasing import Erasing
from shopbell_server.ports.boxes import Content
from shopbell_server.system import SystemClock, SystemEntropy
from shopbell_server.usecases.visits.recompute import Terms
from tests.fakes.keys import boxes_of
from tests.server.usecases.floor import RULES, Floor, stays

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import IO

    from shopbell_server.core.ids import StoreId
    from tests.server.usecases.floor import Someone

TENANT: Final = TenantId("acme")
SERVER: Final = """
tenant = "acme"
[retailer]
uuid = "d3300000-5b0e-4de3-8000-5be110000001"
prefix = "5be11dea"
[database]
url = "{url}"
[keys]
file = "{folder}/keys.db"
[http]
port = 0
[broker]
port = 0
[broker.embedded]
data_dir = "{folder}/broker"
edge_password_file = "{folder}/edge-password"
"""
BOUNDARIES: Final = ("commit",)
"""Just before every transaction is committed, of the database and of the store of keys: all of it is undone,
and what was committed before stands."""

EVERYWHERE: Final = ("begin", "commit", "before_cursor_execute")
"""And before every statement."""

MOST_STEPS: Final = 500
"""Many more than there are: a child that is killed for ever ends the test."""


class Nobody:
    """Boards: there are none."""

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        del store, persons


@dataclass
class Shop:
    """A shop on a disk, and a process that forgets in it."""

    url: str
    folder: Path
    asked: IO[str]
    answered: IO[str]

    def opened(self) -> SqlDatabase:
        """Open it as a process that starts does: nothing is remembered."""
        keys = SqlKeys(f"sqlite:///{self.folder / 'keys.db'}", TENANT)
        return SqlDatabase(self.url, TENANT, boxes_of(keys, TENANT))

    def forget(self, person: PersonId, step: int, events: Sequence[str]) -> str:
        """Forget somebody by the command, killed at a step; return `killed`, or the exit code."""
        print(person, step, *events, file=self.asked, flush=True)
        return self.answered.readline().strip()


@pytest.fixture
def shop(url: str, tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "server.toml").write_text(SERVER.format(url=url, folder=tmp_path))
    key_store.prepare(f"sqlite:///{tmp_path / 'keys.db'}")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.server.forgetting", str(tmp_path / "server.toml")],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Shop(url, tmp_path, process.stdin, process.stdout)


def somebody(floor: Floor, number: int) -> Someone:
    """Enrol somebody who is here, and has a number."""
    name = f"customer{number:03}"
    someone = floor.enrol(name, number + 1, external_ids={"crm": f"c-{name}"})
    floor.hear(floor.shows_pass(someone), floor.presence(someone))
    return someone


def sealed_of(floor: Floor, someone: Someone) -> list[Content]:
    """Return what an old dump has of her: boxes that must open no more."""
    owners = (owner_of_person(someone.person), owner_of_profile(someone.enrolment.profile))
    values = [Content(owner, "row", b"her name") for owner in owners]
    boxes = floor.database.boxes.seal("t.c", values)
    return [Content(each.owner, "row", box) for each, box in zip(values, boxes, strict=True)]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(BOUNDARIES, id="transactions"),
        pytest.param(EVERYWHERE, id="statements", marks=pytest.mark.faults),
    ],
)
def test_whoever_is_killed_has_forgotten_nothing_or_is_completed(
    shop: Shop, events: Sequence[str]
) -> None:
    """At every step in turn, each time somebody else; a start completes it, and no second one adds to it."""
    seen: set[str] = set()
    ended = "killed"
    with closing(shop.opened()) as database:
        floor = Floor(database, shop.url)
        bystander = somebody(floor, 0)
        before = stays(floor.visits(bystander))
        for step in range(MOST_STEPS):
            someone = somebody(floor, step + 1)
            dump, hers = sealed_of(floor, someone), stays(floor.visits(someone))
            ended = shop.forget(someone.person, step, events)
            opens = started(shop, dump)
            if was_asked(floor, someone):
                seen.add("completed")
                assert opens == [None, None]
                is_forgotten(floor, someone)
            else:
                seen.add("not begun")
                assert opens == [b"her name"] * 2
                assert stays(floor.visits(someone)) == hers
            assert stays(floor.visits(bystander)) == before
            if ended != "killed":
                break
    assert ended == "0"
    assert seen == {"completed", "not begun"}


def started(shop: Shop, dump: Sequence[Content]) -> list[bytes | None]:
    """Do what a server does within seconds of its start; return what still opens in a dump of before."""
    with closing(shop.opened()) as database:
        for _ in range(2):
            Erasing(
                database=database,
                clock=SystemClock(),
                entropy=SystemEntropy(),
                terms=Terms(rules=RULES, sinks=()),
                limits=Limits(),
                announcer=Nobody(),
            ).finish()
        return database.boxes.open("t.c", dump)


def was_asked(floor: Floor, someone: Someone) -> bool:
    with floor.database.read() as work:
        return any(each.person == someone.person for each in work.erasures.all(MOST_STEPS))


def is_forgotten(floor: Floor, someone: Someone) -> None:
    """Check that nothing of her is left, that it is recorded once, and that nobody brings her back."""
    person, profile = someone.person, someone.enrolment.profile
    with floor.database.read() as work:
        (erasure,) = [each for each in work.erasures.all(MOST_STEPS) if each.person == person]
        assert erasure.keys_ms is not None
        assert erasure.done_ms is not None
        assert erasure.profiles == ()
        assert work.people.enrolments([person]) == {}
        assert work.people.profiles([profile]) == {}
        assert work.visits.of_person(person) == []
        assert work.identity.bearers("crm", f"c-{person}") == frozenset()
        for kind, value in (
            ("person", person),
            ("profile", profile),
            (mark_kind("crm"), f"c-{person}"),
        ):
            assert list(work.erasures.erased(kind, [value])) == [value]
        acts = [each.act for each in work.audit.records(0) if each.act.person == person]
        assert [each.about for each in acts if each.what == What.ERASED] == [erasure.id]
        ledger = work.ledger.entries([person])[person]
    assert active_purposes(ledger, SystemClock().now_ms()) == frozenset()
