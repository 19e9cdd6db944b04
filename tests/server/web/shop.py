"""A shop with a server in memory: people enrol by the use cases, are heard, and are looked at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from shopbell_server.core.access.api_keys import ApiKey, Scope
from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.ids import EdgeId, Millis, PersonId, ProfileId, StaffId, StoreId, ZoneId
from shopbell_server.core.registry import Staff, Store, Zone
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.crypto import aes_block
from shopbell_server.usecases.consent.consents import Said, change_consents
from shopbell_server.usecases.customers.customer_page import enter, make_page_link
from shopbell_server.usecases.customers.enrol import Enrolled, TicketOrder, enrol, make_ticket
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_server.usecases.groups import NONE
from shopbell_server.usecases.staff.sign_in import SignedIn, sign_in
from shopbell_server.usecases.visits.recompute import Terms, circumstances, recompute, tell
from shopbell_server.web.access.passwords import Argon2Passwords
from shopbell_server.web.app import create_app
from shopbell_server.web.live.audience import Live, Room
from shopbell_server.web.live.looks import Looks
from shopbell_server.web.live.rows import Boards
from shopbell_server.web.live.sessions import Sessions
from shopbell_server.web.live.watch import Pace
from shopbell_server.web.services import Services, Site
from tests.fakes.server import MemoryDatabase

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fastapi import FastAPI

    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.registry import Role
    from shopbell_server.ports.database import Database
    from shopbell_server.web.services import Check

NOON = Millis(1_795_262_400_000)
"""Saturday 21 November 2026, 13:00 in Amsterdam."""

SECOND = 1_000
MINUTE = 60 * SECOND
AMS = StoreId("ams-01")
UTR = StoreId("utr-01")
KEY = "sbk_app-backend"
PASSWORD = "correct horse"
PACE = Pace(
    spacing_s=0.01,
    refresh_s=0.05,
    heartbeat_s=0.05,
    sessions_s=0.05,
)
"""Everything that happens by itself happens within milliseconds; nothing is given up that soon."""

TEXT = hashlib.sha256(b"May we?").hexdigest()


class SetClock:
    """Stands still until told."""

    def __init__(self, now_ms: int = NOON) -> None:
        self.ms = now_ms

    def now_ms(self) -> Millis:
        return Millis(self.ms)

    def forward(self, ms: int) -> None:
        self.ms += ms


class CountedEntropy:
    """Never the same twice, the same in every run."""

    def __init__(self, count: int = 0) -> None:
        self._count = count

    def token(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(self._count.to_bytes(8)).digest(size)

    def uuid7(self, now_ms: Millis) -> str:
        self._count += 1
        return f"{now_ms:012x}"[:8] + f"-{now_ms & 0xFFFF:04x}-7000-8000-{self._count:012x}"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who enrolled."""

    person: PersonId
    device_token: str

    @property
    def bearer(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.device_token}"}


class Shop:
    """Two stores, staff for them, and the application."""

    def __init__(
        self,
        *,
        rules: VisitRules | None = None,
        passwords: Argon2Passwords | None = None,
        origin: str | None = None,
        checks: Mapping[str, Check] | None = None,
        pace: Pace = PACE,
        room: Room | None = None,
        demo: bool = False,
        database: Database | None = None,
        entropy: CountedEntropy | None = None,
    ) -> None:
        self.database: Database = database or MemoryDatabase()
        self.clock = SetClock()
        self.entropy = entropy or CountedEntropy()
        self.passwords = passwords or Argon2Passwords(
            PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        )
        self.rules = rules or VisitRules()
        self.site = Site(
            retailer_uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61",
            prefix="5bb0e111",
            power_dbm=-59,
            origin=origin,
            sinks=frozenset({"cdp"}),
            rules=self.rules,
            demo=demo,
        )
        self.looks = Looks(self.database, self.clock)
        self.live = Live(
            Boards(self.database, self.clock, self.rules),
            Sessions(self.database, self.clock),
            self.looks,
            "e1",
            pace,
            room,
        )
        self.services = Services(
            database=self.database,
            clock=self.clock,
            entropy=self.entropy,
            passwords=self.passwords,
            aes=aes_block,
            live=self.live,
            looks=self.looks,
            metrics=CollectorRegistry(),
            checks=checks or {},
            site=self.site,
        )
        self._furnish()

    def app(self, *, body_within_s: float = 5.0) -> FastAPI:
        return create_app(self.services, body_within_s=body_within_s)

    def _furnish(self) -> None:
        with self.database.begin() as work:
            for store, name in ((AMS, "Kalverstraat"), (UTR, "Utrecht Centrum")):
                work.registry.put_store(Store(id=store, name=name, timezone="Europe/Amsterdam"))
            for zone, name in (("entrance", "Entree"), ("shoes", "Schoenen"), ("till", "Kassa")):
                work.registry.put_zone(Zone(id=ZoneId(zone), store=AMS, name=name))
            work.registry.put_api_key(
                ApiKey(
                    sha256=fingerprint(KEY),
                    name="app",
                    scopes=frozenset({Scope.TICKETS, Scope.RECEIPTS}),
                    created_ms=self.clock.now_ms(),
                )
            )
            work.commit()
        make_keys(self.database, self.entropy, self.clock.now_ms())

    def employ(
        self,
        name: str = "sam",
        *stores: StoreId,
        role: Role = "advisor",
        language: str = "nl",
    ) -> SignedIn:
        """Return the session of a new member of staff (of Amsterdam, unless said)."""
        staff = Staff(
            id=StaffId(name),
            name=name.title(),
            role=role,
            stores=frozenset(stores or (AMS,)),
            language=language,
        )
        with self.database.begin() as work:
            work.registry.put_staff(staff, self.passwords.hashed(PASSWORD))
            work.commit()
        signed_in = sign_in(
            self.database,
            self.passwords,
            self.entropy,
            self.clock.now_ms(),
            staff=staff.id,
            password=PASSWORD,
        )
        assert signed_in is not None
        return signed_in

    def ticket(
        self, profile: str, first_name: str | None = None, language: str | None = None
    ) -> str:
        with self.database.begin() as work:
            order = TicketOrder(
                profile=ProfileId(profile),
                external_ids={"crm": f"crm-{profile}"},
                first_name=first_name,
                language=language,
            )
            ticket = make_ticket(work, self.entropy, order, self.clock.now_ms())
            work.commit()
        return ticket.secret

    def welcome(
        self,
        first_name: str | None = "Noor",
        *,
        purposes: Collection[Purpose] = tuple(Purpose),
        profile: str | None = None,
        language: str | None = "nl",
    ) -> Guest:
        """Enrol somebody who allows `purposes`."""
        ticket = self.ticket(profile or f"profile-{first_name}", first_name, language)
        with self.database.begin() as work:
            enrolled = enrol(
                work,
                self.entropy,
                self.clock.now_ms(),
                ticket=ticket,
                phone_model="Pixel 9",
                said=[said(purpose) for purpose in purposes],
                sinks=self.site.sinks,
            )
            assert isinstance(enrolled, Enrolled)
            work.commit()
        return Guest(enrolled.person, enrolled.device_token)

    def link(self, guest: Guest) -> str:
        """Return the secret of a link to her page, as her phone gets one."""
        with self.database.begin() as work:
            link = make_page_link(work, self.entropy, self.clock.now_ms(), guest.person)
            work.commit()
        return link.secret

    def open_page(self, guest: Guest) -> str:
        """Return the session of somebody who opens her page."""
        entered = enter(self.database, self.entropy, self.clock.now_ms(), self.link(guest))
        assert entered is not None
        return entered.secret

    def say(self, guest: Guest, purpose: Purpose, *, given: bool) -> None:
        """Let her change her mind, and tell the boards."""
        with self.database.begin() as work:
            enrolment = work.people.enrolments([guest.person])[guest.person]
            changed = change_consents(
                work,
                self.entropy,
                self.clock.now_ms(),
                enrolment=enrolment,
                said=[said(purpose, given=given)],
                rules=self.rules,
                sinks=self.site.sinks,
            )
            work.commit()
        for store in changed.stores:
            self.live.changed(store, [guest.person])

    def hear(
        self,
        guest: Guest,
        *,
        store: StoreId = AMS,
        lasting_ms: int = 2 * MINUTE,
        evidence: Evidence = Evidence.SIGNAL,
        carrier: Carrier = "service-data",
        zone: str = "shoes",
        n: int = 40,
        loss_db: float | None = 15.0,
    ) -> None:
        """Let her be heard for `lasting_ms` until now, and tell the boards."""
        now_ms = self.clock.now_ms()
        interval = Interval(
            key=IntervalKey(
                person=guest.person,
                store=store,
                edge=EdgeId("pi-1"),
                scanner=zone,
                carrier=carrier,
                first_ms=Millis(now_ms - lasting_ms),
            ),
            last_ms=now_ms,
            n=n,
            evidence=evidence,
            zone=ZoneId(zone),
            loss_db=loss_db,
        )
        terms = Terms(rules=self.rules, sinks=tuple(self.site.sinks))
        with self.database.begin() as work:
            work.intervals.join([interval])
            facts = recompute(
                work,
                {(guest.person, store): [interval]},
                terms,
                lambda where: circumstances(
                    work,
                    self.entropy,
                    where,
                    now_ms,
                    live=True,
                    rules=self.rules,
                ),
                NONE,
            )
            tell(work, facts, work.ledger.entries([guest.person]), terms.sinks, now_ms)
            work.commit()
        self.live.changed(store, [guest.person])

    def scan(self, guest: Guest, *, zone: str = "entrance", store: StoreId = AMS) -> None:
        """Let her hold up her pass."""
        self.hear(
            guest,
            store=store,
            lasting_ms=0,
            evidence=Evidence.PASS,
            carrier="pass",
            zone=zone,
            n=1,
            loss_db=None,
        )


def said(purpose: Purpose, *, given: bool = True) -> Said:
    return Said(
        purpose=purpose,
        given=given,
        text_version="2026-1",
        text_sha256=TEXT,
        language="nl",
        until_ms=None,
    )
