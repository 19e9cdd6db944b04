"""What is kept of people is sealed: in the database, and in every copy of it."""

from __future__ import annotations

import shutil
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Day, Millis, TenantId
from shopbell_server.core.keeping.owners import owner_of_person, owner_of_profile
from shopbell_server.core.token_windows import day_of
from shopbell_server.crypto import aes_block
from shopbell_server.db import key_store
from shopbell_server.db.key_store import SqlKeys
from shopbell_server.db.unit_of_work import SqlDatabase
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_server.usecases.intake.take import Intake
from shopbell_server.usecases.visits.recompute import Terms
from tests.fakes.keys import boxes_of
from tests.server.usecases.floor import DAY, NOW, RULES, SECOND, SINK, Floor, batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.core.identity.people import Card, Phone
    from shopbell_wire.messages import Presence
    from tests.rigs.postgres import PostgresServer
    from tests.server.usecases.floor import Someone

ACME = TenantId("acme")


class Site:
    """A database, backups of it, and one store of keys, of which none is restored."""

    def __init__(self, url: str, folder: Path, postgres: PostgresServer | None) -> None:
        self.url = url
        self._folder = folder
        self._postgres = postgres
        self._keys = f"sqlite:///{folder}/keys.db"
        self._numbers = count(1)
        self._backups: list[str] = []
        key_store.prepare(self._keys)

    def open(self, url: str | None = None) -> SqlDatabase:
        """Open the database, or a backup at `url`, as a process that begins now."""
        return SqlDatabase(url or self.url, ACME, boxes_of(SqlKeys(self._keys, ACME)))

    def backup(self) -> str:
        """Return the address of a copy, made while nobody is connected."""
        name = f"backup_{next(self._numbers)}"
        if self._postgres is None:
            shutil.copy(self.url.removeprefix("sqlite:///"), self._folder / name)
            return f"sqlite:///{self._folder}/{name}"
        template = self.url.partition("?")[0].rpartition("/")[2]
        self._backups.append(f"{name}_of_{template}")
        return self._postgres.create(self._backups[-1], template=template)

    def clear(self) -> None:
        for each in self._backups:
            if self._postgres is not None:
                self._postgres.drop(each)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    if request.param == "sqlite":
        yield Site(request.getfixturevalue("sqlite_url"), tmp_path, None)
        return
    postgres = request.getfixturevalue("postgres")
    site = Site(request.getfixturevalue("postgres_url"), tmp_path, postgres)
    yield site
    site.clear()


def test_nothing_of_her_can_be_read_in_the_database(site: Site) -> None:
    with closing(site.open()) as database:
        floor = Floor(database, site.url)
        ada = floor.enrol("ada", 1)
        floor.hear(floor.presence(ada))
        everything = floor.rows()
    assert "'ada'" in everything
    secrets = [ada.phone.mac_key, ada.card.secret, *floor.day_keys.values()]
    for secret in ("First-ada", '"recorded_ms"', *(repr(each)[2:-1] for each in secrets)):
        assert secret not in everything


def test_a_backup_tells_nothing_of_whose_keys_were_destroyed(site: Site) -> None:
    with closing(site.open()) as database:
        floor = Floor(database, site.url)
        ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
        floor.hear(floor.presence(ada), floor.presence(ben))
    backup = site.backup()
    with closing(site.open(backup)) as restored:
        assert readable(restored, ada) == ("First-ada", ada.phone, ada.card)
    with closing(site.open()) as database:
        database.boxes.destroy(
            [owner_of_person(ada.person), owner_of_profile(ada.enrolment.profile)]
        )
    with closing(site.open(backup)) as restored:
        assert readable(restored, ada) == (None, None, None)
        assert readable(restored, ben) == ("First-ben", ben.phone, ben.card)
        with restored.begin() as work:
            claimed = work.outgoing.claim(SINK, Millis(NOW + DAY), SECOND, 99)
        assert {each.fact.person for each in claimed} == {ben.person}


def test_a_recording_from_before_is_unreadable_also_with_a_backup(site: Site) -> None:
    """Who recorded her tokens, and has a copy of the database of that day, learns nothing a week later."""
    with closing(site.open()) as database:
        floor = Floor(database, site.url)
        ada = floor.enrol("ada", 1)
    recording = floor.presence(ada)
    tried, kept = site.backup(), site.backup()
    with closing(site.open(tried)) as restored:
        assert recognised(restored, floor, recording) == 1
    with closing(site.open()) as database:
        make_keys(database, floor.entropy, Millis(NOW + 9 * DAY))
    with closing(site.open(kept)) as restored:
        with restored.read() as work:
            assert work.day_keys.keys([Day(day_of(Millis(NOW)))]) == {}
        assert recognised(restored, floor, recording) == 0


def readable(
    database: SqlDatabase, someone: Someone
) -> tuple[str | None, Phone | None, Card | None]:
    """Return what can be read of somebody."""
    with database.read() as work:
        (profile,) = work.people.profiles([someone.enrolment.profile]).values()
        return (
            profile.first_name,
            work.people.phones([someone.person]).get(someone.person),
            work.people.card_of(someone.person),
        )


def recognised(database: SqlDatabase, floor: Floor, recording: Presence) -> int:
    """Return how many customers a recording tells of on a database."""
    terms = Terms(rules=RULES, sinks=(SINK,))
    intake = Intake(database, floor.entropy, aes_block, terms)
    taken = intake.take([batch(recording, stream=floor.entropy.token(16).hex())], Millis(NOW))
    return taken.events["recognised"]
