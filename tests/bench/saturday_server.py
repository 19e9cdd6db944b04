"""The server of a simulated day: the real use cases on a SQLite database, with a clock that is handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import Day, DeviceNo, Millis, PersonId, ProfileId, TenantId, ZoneId
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.registry import Edge, Zone
from shopbell_server.core.token_windows import day_of, key_days, window_of
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.crypto import aes_block
from shopbell_server.db import migrate
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.intake.take import Intake, Message
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweeps
from shopbell_sim.core.phone import Identity, Token
from tests.bench.air import POWER_DBM, RETAILER
from tests.bench.people import STORE, edge_name, populate
from tests.rigs.databases import open_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.visits.stored import Visit
    from shopbell_sim.core.outing.outings import Outing
    from shopbell_sim.core.site.site import Site

RULES: Final = VisitRules()
HOUR_MS: Final = 3_600_000


class BenchServer:
    """A store with everybody of `outings` enrolled; `opens_ms` is when its day begins, it lasts `hours`."""

    def __init__(
        self, url: str, site: Site, outings: Sequence[Outing], opens_ms: int, hours: float
    ) -> None:
        migrate.upgrade(url)
        self.database = open_sql(url, TenantId("acme"))
        self._terms = Terms(rules=RULES, sinks=())
        self._entropy = SystemEntropy()
        self._names = sorted({each.who for each in outings})
        guests = populate(
            self.database,
            edges=len(site.receivers),
            people=len(self._names),
            now_ms=opens_ms,
        )
        self._register(site, {each.who for each in outings if each.kind == "staff"})
        windows = range(window_of(Millis(opens_ms - HOUR_MS)), _last_window(opens_ms, hours) + 1)
        issued = self._issued(windows, opens_ms)
        self.identities: Mapping[str, Identity] = {
            name: Identity(
                retailer_uuid=RETAILER.uuid,
                prefix=RETAILER.prefix,
                power_dbm=POWER_DBM,
                mac_key=guest.mac_key,
                tokens=issued[guest.number],
            )
            for name, guest in zip(self._names, guests, strict=True)
        }
        self._people = {
            PersonId(f"person-{guest.number:08d}"): name
            for name, guest in zip(self._names, guests, strict=True)
        }
        self._intake = Intake(self.database, self._entropy, aes_block, self._terms)

    def identities_by_token(self) -> dict[str, str]:
        """Return who means each token."""
        return {
            digits: who
            for who, identity in self.identities.items()
            for token in identity.tokens.values()
            for digits in (token.id32, token.id64)
        }

    def take(self, sent: Iterable[tuple[int, bytes]], now_ms: int) -> None:
        """Take batches in, each with the number of its edge."""
        group = [Message(edge=edge_name(number), payload=payload) for number, payload in sent]
        if group:
            taken = self._intake.take(group, Millis(now_ms))
            assert not taken.alarms, taken.alarms
            assert set(taken.batches) == {"taken"}, taken.batches

    def sweep(self, now_ms: int) -> None:
        """Let time pass."""
        for _ in sweeps(self.database, self._entropy, self._terms, Millis(now_ms)):
            pass

    def visits(self) -> dict[str, list[Visit]]:
        """Return all visits by who, candidates left out."""
        with self.database.begin() as work:
            found = {
                who: [each for each in work.visits.of_person(person) if each.state != "candidate"]
                for person, who in self._people.items()
            }
        return {who: visits for who, visits in found.items() if visits}

    def _register(self, site: Site, staff: Iterable[str]) -> None:
        """Write the zones of `site` down, which scanner is in which, and who works there."""
        numbers = {name: number for number, name in enumerate(self._names, 1)}
        with self.database.begin() as work:
            for level in site.levels:
                for zone in level.zones:
                    work.registry.put_zone(Zone(id=ZoneId(zone.id), store=STORE, name=zone.name))
            for number, receiver in enumerate(site.receivers):
                edge = Edge(
                    id=edge_name(number),
                    store=STORE,
                    active=True,
                    zones={"*": ZoneId(receiver.zone)},
                )
                work.registry.put_edge(edge)
            for who in sorted(staff):
                work.people.put_profile(
                    Profile(
                        id=ProfileId(f"profile-{numbers[who]:08d}"),
                        first_name="Sam",
                        language="nl",
                        staff=True,
                    )
                )
            work.commit()

    def _issued(self, windows: range, now_ms: int) -> dict[int, dict[int, Token]]:
        with self.database.begin() as work:
            days = {Day(day) for day in (*key_days(Millis(now_ms)), day_of(Millis(now_ms)))}
            ring = key_ring(work.day_keys.keys(sorted(days)), aes_block)
        return {
            number: {
                int(each.window): Token(id32=each.id32, id64=each.id64)
                for each in issue(ring, DeviceNo(number), windows)
            }
            for number in range(1, len(self._names) + 1)
        }


def _last_window(opens_ms: int, hours: float) -> int:
    return window_of(Millis(opens_ms + round((hours + 1) * HOUR_MS)))
