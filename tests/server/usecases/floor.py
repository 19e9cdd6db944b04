"""A shop whose edges speak: people with phones and passes, what edges say of them, and what is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.identity.people import Card, Enrolment, Issued, Phone, Profile
from shopbell_server.core.ids import (
    CardRef,
    Day,
    DeviceNo,
    EdgeId,
    Millis,
    PersonId,
    ProfileId,
    StoreId,
    Window,
    ZoneId,
)
from shopbell_server.core.recognition.frame_trust import mac32
from shopbell_server.core.recognition.passes import card_ref, pass_text
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.registry import Edge, Store, Zone
from shopbell_server.core.token_windows import day_of, window_of
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.crypto import aes_block
from shopbell_server.usecases.intake.take import Intake, Message, Taken
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_wire.codec import encode
from shopbell_wire.messages import Batch, Clock, Loss, Presence, Scan
from tests.server.ledger_entries import entry_of
from tests.server.links import link
from tests.server.usecases.everything_stored import everything_in, is_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.recognition.fixed_ids import MarkOf
    from shopbell_server.core.recognition.tokens import Token
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.usecases.recognition.listen import ReadNumber
    from shopbell_wire.messages import Ack, Event, Frame, Phase

NOW = 1_795_262_837_000
SECOND = 1_000
MINUTE = 60 * SECOND
DAY = 86_400_000
STORE = StoreId("ams-01")
OTHER_STORE = StoreId("utr-01")
EDGES = ("ams01-door", "ams01-mid", "ams01-till")
FAR_EDGE = "utr01-door"
SINK = "cdp"
STREAM = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
BOOT = "7c1d2f40a3b84f0e9a52d0c6b1e4f733"
RULES = VisitRules()


class CountedEntropy:
    """Never the same twice, the same in every run; ids sort in the order of asking."""

    def __init__(self, seed: str = "") -> None:
        self._count = count(1)
        self._seed = seed

    def token(self, size: int) -> bytes:
        return hashlib.shake_256(f"{self._seed}{next(self._count)}".encode()).digest(size)

    def uuid7(self, now_ms: Millis) -> str:
        return f"{now_ms:012x}{next(self._count):012x}{self._seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A person with her phone and her pass, and what only she and the server know."""

    enrolment: Enrolment
    phone: Phone
    card: Card

    @property
    def person(self) -> PersonId:
        return self.enrolment.person


@dataclass
class Floor:
    """One server with its database, and everything that tests say to it."""

    database: Database
    url: str | None = None
    day_keys: dict[Day, bytes] = field(default_factory=dict)
    entropy: CountedEntropy = field(default_factory=CountedEntropy)
    rules: VisitRules = RULES
    sinks: tuple[str, ...] = (SINK,)
    read_number: ReadNumber | None = None
    mark_of: MarkOf | None = None
    is_there: bool = False
    """Whether the database has the stores, the edges and the keys already: of a floor that was copied."""
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        self.intake = self.worker()
        today = day_of(Millis(NOW))
        self.day_keys = self.day_keys or {
            Day(day): hashlib.sha256(f"day {day}".encode()).digest()
            for day in range(today - 1, today + 2)
        }
        if not self.is_there:
            self._furnish()

    def _furnish(self) -> None:
        with self.database.begin() as work:
            for store in (STORE, OTHER_STORE):
                work.registry.put_store(Store(id=store, name=store, timezone="Europe/Amsterdam"))
                work.registry.put_zone(Zone(id=ZoneId("entrance"), store=store, name="Entrance"))
                work.registry.put_zone(Zone(id=ZoneId("till"), store=store, name="Till"))
            for edge in EDGES:
                self._put_edge(work, edge, STORE)
            self._put_edge(work, FAR_EDGE, OTHER_STORE)
            for day, key in self.day_keys.items():
                work.day_keys.add(day, key)
            work.commit()

    def worker(self, seed: str = "") -> Intake:
        """Return one more process that takes in."""
        entropy = CountedEntropy(seed) if seed else self.entropy
        terms = Terms(rules=self.rules, sinks=self.sinks)
        return Intake(
            self.database, entropy, aes_block, terms, self.read_number, mark_of=self.mark_of
        )

    def _put_edge(self, work: Any, edge: str, store: StoreId) -> None:
        zones = {"*": ZoneId("entrance"), "usb0": ZoneId("till")}
        work.registry.put_edge(Edge(id=EdgeId(edge), store=store, active=True, zones=zones))

    # ------------------------------------------------------------------ people

    def enrol(
        self,
        name: str,
        number: int,
        *,
        created_ms: int = NOW - 40 * DAY,
        given_ms: int | None = NOW - 30 * DAY,
        share: bool = True,
        staff: bool = False,
        issued: bool = True,
        external_ids: dict[str, str] | None = None,
        profile: str | None = None,
    ) -> Someone:
        """Enrol somebody who consented a month ago, shares, and has tokens for the weeks around."""
        someone = somebody(name, number, created_ms=created_ms, profile=profile)
        with self.database.begin() as work:
            add_person(work, someone, staff=staff, issued=issued)
            for kind, value in (external_ids or {}).items():
                link(work, someone.enrolment.profile, kind, value)
            work.commit()
        if given_ms is not None:
            self.consents(someone, Change.GIVEN, given_ms)
            if share:
                self.consents(someone, Change.GIVEN, given_ms, Purpose.SHARE_WITH_CDP)
        return someone

    def consents(
        self,
        someone: Someone,
        change: Change,
        at_ms: int,
        purpose: Purpose = Purpose.RECOGNISE_IN_STORE,
    ) -> None:
        """Write a line of the ledger, and nothing else."""
        with self.database.begin() as work:
            before = work.ledger.entries([someone.person]).get(someone.person, ())
            work.ledger.append(
                [entry_of(someone.person, purpose, change, at_ms, sequence=len(before) + 1)]
            )
            work.commit()

    def token(self, someone: Someone, at_ms: int = NOW, *, off: int = 0) -> Token:
        """Return what her phone has on the air at `at_ms`, or `off` windows later."""
        return self.token_of(someone.enrolment.device_no, at_ms, off=off)

    def token_of(self, number: DeviceNo, at_ms: int, *, off: int = 0) -> Token:
        """Return the same of the phone that has that number."""
        ring = key_ring(self.day_keys, aes_block)
        (token,) = issue(ring, number, [Window(window_of(Millis(at_ms)) + off)])
        return token

    def presence(
        self,
        someone: Someone,
        first_ms: int = NOW - 3 * MINUTE,
        last_ms: int = NOW - SECOND,
        *,
        frame: Frame = "service-data",
        scanner: str = "hci0",
        n: int = 20,
        phase: Phase = "present",
        mac: bool = False,
        token: str | None = None,
    ) -> Presence:
        """Return that she was heard, by the token that is on the air at the end."""
        if token is None:
            hers = self.token(someone, last_ms)
            token = hers.id32 if frame == "ibeacon" else hers.id64
        more: dict[str, Any] = {}
        if mac:
            minute = last_ms // MINUTE
            more = {"mac": mac32(someone.phone.mac_key, token, minute), "mac_ms": last_ms}
        return Presence(
            scanner=scanner,
            frame=frame,
            token=token,
            phase=phase,
            first_ms=first_ms,
            last_ms=last_ms,
            n=n,
            loss_db=Loss(median=14.0, p10=11.0, last=13.0),
            reason="30 s",
            **more,
        )

    def shows_pass(
        self, someone: Someone, at_ms: int = NOW - SECOND, *, made_ms: int | None = None
    ) -> Scan:
        unix = (at_ms if made_ms is None else made_ms) // 1000
        return Scan(
            scanner="cam0",
            at_ms=at_ms,
            kind="pass",
            format="QRCode",
            text=pass_text(CardRef(someone.card.ref), someone.card.secret, unix),
        )

    # ------------------------------------------------------------------ saying

    def take(self, *messages: Message, now_ms: int = NOW) -> Taken:
        return self.intake.take(messages, Millis(now_ms))

    def hear(self, *events: Event, edge: str = EDGES[0], now_ms: int = NOW) -> Taken:
        """Take one batch, of a stream of its own."""
        return self.take(
            batch(*events, edge=edge, stream=self.entropy.token(16).hex()), now_ms=now_ms
        )

    # ------------------------------------------------------------------ what became of it

    def visits(self, someone: Someone) -> Sequence[Visit]:
        with self.database.read() as work:
            return work.visits.of_person(someone.person)

    def facts(self) -> list[Any]:
        """Return what waits for the sink, claimed for no time."""
        found: list[Any] = []
        with self.database.begin() as work:
            while claimed := work.outgoing.claim(SINK, Millis(NOW + DAY), DAY, 1_000):
                found += [each.fact for each in claimed]
                for each in claimed:
                    work.outgoing.delivered(SINK, each.fact.fact, Millis(NOW + DAY))
        return found

    def rows(self, *but: str) -> str:
        """Return everything that is stored, as text; without some tables."""
        return everything_in(self.database, self.url, but)

    def has_forgotten(self, someone: Someone, *tokens: str) -> bool:
        """Return whether nothing but who she is and what she allowed is stored, and no token at all."""
        everything = self.rows()
        of_people = (
            *(
                "enrolments",
                "phones",
                "stamps",
                "device_tokens",
                "cards",
                "issued",
                "issued_windows",
            ),
            "fixed_ids",
            *("ledger", "consent_entries", "profiles", "identifiers"),
            *("audit", "audit_records"),
        )
        return not is_named(someone.person, self.rows(*of_people)) and not any(
            token in everything for token in tokens
        )


def somebody(
    name: str, number: int, *, created_ms: int = NOW - 40 * DAY, profile: str | None = None
) -> Someone:
    """Return somebody with her phone and her pass, of whom no database knows yet."""
    return Someone(
        enrolment=Enrolment(
            person=PersonId(name),
            profile=ProfileId(profile or f"profile-{name}"),
            device_no=DeviceNo(number),
            created_ms=Millis(created_ms),
            revoked_ms=None,
        ),
        phone=Phone(mac_key=hashlib.sha256(f"mac {name}".encode()).digest()[:16], model=None),
        card=Card(
            ref=card_ref(number),
            person=PersonId(name),
            secret=hashlib.sha256(f"card {name}".encode()).digest()[:20],
        ),
    )


def add_person(
    work: UnitOfWork, someone: Someone, *, staff: bool = False, issued: bool = True
) -> None:
    """Enrol `someone`, as a rule with tokens for the weeks around; she has allowed nothing yet."""
    name = someone.person
    work.people.put_profile(
        Profile(
            id=someone.enrolment.profile, first_name=f"First-{name}", language="nl", staff=staff
        )
    )
    work.people.add_enrolment(
        someone.enrolment, someone.phone, hashlib.sha256(name.encode()).digest(), someone.card
    )
    if issued:
        middle = window_of(Millis(NOW))
        work.people.add_issued(
            Issued(
                person=someone.person,
                first=Window(middle - 8 * 96),
                last=Window(middle + 7 * 96),
            )
        )


def batch(
    *events: Event,
    edge: str = EDGES[0],
    topic_edge: str | None = None,
    stream: str = STREAM,
    seq: int = 1,
    clock: Clock | None = None,
) -> Message:
    """Return a batch as it comes on the topic of `topic_edge`, which is `edge` as a rule."""
    sealed = Batch(
        edge=edge,
        stream=stream,
        seq=seq,
        clock=clock or synced(),
        dropped={},
        events=events,
    )
    return Message(edge=EdgeId(topic_edge or edge), payload=encode(sealed))


def synced(wall_ms: int = NOW) -> Clock:
    return Clock(boot=BOOT, boottime_ms=DAY, wall_ms=wall_ms, state="synced", err_ms=12)


def unset(boottime_ms: int, wall_ms: int) -> Clock:
    """Return a clock that was not set: it says `wall_ms` when the boot is `boottime_ms` old."""
    return Clock(boot=BOOT, boottime_ms=boottime_ms, wall_ms=wall_ms, state="unsynced", err_ms=0)


def the_ack(taken: Taken, edge: str = EDGES[0]) -> Ack:
    """Return the only answer."""
    ((to, ack),) = taken.answers
    assert to == edge
    return ack


def stays(visits: Iterable[Visit]) -> list[Any]:
    """Return what visits are, without their names and histories."""
    return sorted(
        ((visit.person, visit.store, visit.session) for visit in visits),
        key=lambda each: (each[0], each[1], each[2].start_ms),
    )
