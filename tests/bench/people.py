"""Customers in a database, and what edges hear of them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.credentials import SECRET_BYTES, Kind, credential, fingerprint
from shopbell_server.core.consent.ledger import Change, Entry, Place, Purpose
from shopbell_server.core.identity.people import Card, Enrolment, Issued, Phone, Profile
from shopbell_server.core.ids import (
    CardRef,
    Day,
    DeviceNo,
    EdgeId,
    Millis,
    PersonId,
    ProfileId,
    StaffId,
    StoreId,
    ZoneId,
)
from shopbell_server.core.recognition.frame_trust import mac32
from shopbell_server.core.recognition.passes import card_ref
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.registry import Edge, Staff, Store, Zone
from shopbell_server.core.token_windows import batch_windows, day_of, window_of
from shopbell_server.crypto import aes_block
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_wire import codec
from shopbell_wire.messages import Batch, Clock, Loss, Presence, StreamStarted
from tests.server.links import link
from tests.server.sessions import a_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_wire.messages import Event, Frame

STORE: Final = StoreId("ams-01")
STAFF: Final = StaffId("sam")
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
GIVEN: Final = (Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, Purpose.GREET_BY_NAME)
FRAMES: Final[tuple[Frame, ...]] = ("ibeacon", "service-data", "service-data", "service-uuid")
"""Half of all phones can send service data, a quarter each of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who enrolled, and what her phone sends and shows."""

    number: int
    id32: str
    id64: str
    mac_key: bytes
    card: Card

    def presence(
        self,
        scanner: str,
        first_ms: int,
        last_ms: int,
        n: int,
        *,
        frame: Frame | None = None,
        loss_db: float = 8.0,
    ) -> Presence:
        """Return what a scanner says of her, in the frame that her phone sends unless it is given."""
        sends = frame or FRAMES[self.number % len(FRAMES)]
        loss = Loss(median=loss_db + n % 5, p10=loss_db, last=loss_db)
        token = self.id32 if sends == "ibeacon" else self.id64
        if sends != "service-uuid":
            return Presence(
                scanner=scanner,
                frame=sends,
                token=token,
                phase="present",
                first_ms=first_ms,
                last_ms=last_ms,
                n=n,
                loss_db=loss,
                reason="30 s",
            )
        return Presence(
            scanner=scanner,
            frame=sends,
            token=token,
            phase="present",
            first_ms=first_ms,
            last_ms=last_ms,
            n=n,
            loss_db=loss,
            mac=mac32(self.mac_key, token, last_ms // 60_000),
            mac_ms=last_ms,
            reason="30 s",
        )


def edge_name(number: int) -> EdgeId:
    return EdgeId(f"edge-{number}")


def populate(database: Database, *, edges: int, people: int, now_ms: int) -> list[Guest]:
    """Write a store with edges, staff and customers who consented a day ago; return the customers.

    `sam` is signed in for twelve hours by each of the sessions `session_token` names.
    """
    now = Millis(now_ms)
    make_keys(database, SystemEntropy(), now)
    with database.begin() as work:
        _furnish(work, edges, now_ms)
        keys = work.day_keys.keys([Day(day_of(now))])
        ring = key_ring(keys, aes_block)
        guests = []
        for number in range(1, people + 1):
            (token,) = issue(ring, DeviceNo(number), [window_of(now)])
            guests.append(enrol(work, number, (token.id32, token.id64), now))
        work.commit()
    return guests


def session_token(number: int) -> str:
    """Return what a signed-in tablet sends as its cookie."""
    return credential(Kind.SESSION, number.to_bytes(SECRET_BYTES))


def device_token(number: int) -> str:
    """Return what the phone of a customer sends when she changes her mind."""
    return credential(Kind.DEVICE, number.to_bytes(SECRET_BYTES))


SESSIONS: Final = 16
"""As many tablets, so that no allowance of one is used up by all."""


def _furnish(work: UnitOfWork, edges: int, now_ms: int) -> None:
    work.registry.put_store(Store(id=STORE, name="Kalverstraat", timezone="Europe/Amsterdam"))
    for number in range(edges):
        zone = ZoneId(f"zone-{number}")
        work.registry.put_zone(Zone(id=zone, store=STORE, name=f"Zone {number}"))
        work.registry.put_edge(
            Edge(id=edge_name(number), store=STORE, active=True, zones={"*": zone})
        )
    staff = Staff(id=STAFF, name="Sam", role="advisor", stores=frozenset({STORE}), language="en")
    work.registry.put_staff(staff, None)
    for number in range(SESSIONS):
        known_by = fingerprint(session_token(number))
        work.staff_sessions.open(a_session(known_by, STAFF, now_ms + 12 * HOUR_MS))


def enrol(work: UnitOfWork, number: int, token: tuple[str, str], now: Millis) -> Guest:
    """Enrol a phone of somebody new, a day ago; `token` is what it sends now (id32, id64)."""
    rng = Random(number)
    person = PersonId(f"person-{number:08d}")
    profile = ProfileId(f"profile-{number:08d}")
    enrolled_ms = Millis(now - DAY_MS)
    work.people.put_profile(
        Profile(
            id=profile,
            first_name="Noor",
            language="nl",
            staff=False,
        )
    )
    link(work, profile, "crm", f"C-{number}", at_ms=enrolled_ms)
    enrolment = Enrolment(
        person=person,
        profile=profile,
        device_no=DeviceNo(number),
        created_ms=enrolled_ms,
        revoked_ms=None,
    )
    phone = Phone(mac_key=rng.randbytes(16), model="Pixel 9")
    card = Card(ref=CardRef(card_ref(number)), person=person, secret=rng.randbytes(20))
    work.people.add_enrolment(enrolment, phone, fingerprint(device_token(number)), card)
    windows = batch_windows(enrolled_ms)
    work.people.add_issued(
        Issued(person=person, first=window_of(enrolled_ms), last=type(window_of(now))(windows[-1]))
    )
    work.ledger.append([_given(person, sequence, enrolled_ms) for sequence in range(len(GIVEN))])
    return Guest(number=number, id32=token[0], id64=token[1], mac_key=phone.mac_key, card=card)


def _given(person: PersonId, sequence: int, at_ms: Millis) -> Entry:
    return Entry(
        sequence=sequence,
        person=person,
        purpose=GIVEN[sequence],
        change=Change.GIVEN,
        at_ms=at_ms,
        until_ms=None,
        place=Place.APP,
        text_version="2026-1",
        text_sha256="ab" * 32,
        language="nl",
        evidence="device_token",
    )


class Talker:
    """One edge's stream of batches."""

    def __init__(self, number: int) -> None:
        self.edge = edge_name(number)
        self.stream = Random(f"stream of {number}").randbytes(16).hex()
        self._seq = 0

    def batch(self, events: Sequence[Event], now_ms: int) -> bytes:
        """Return the next batch in its final bytes; the first one says that a stream began."""
        self._seq += 1
        if self._seq == 1:
            started = StreamStarted(previous=None, previous_last_seq=None, software="bench")
            events = [started, *events]
        return codec.encode(
            Batch(
                edge=self.edge,
                stream=self.stream,
                seq=self._seq,
                clock=Clock(
                    boot="0" * 32,
                    boottime_ms=now_ms % DAY_MS,
                    wall_ms=now_ms,
                    state="synced",
                    err_ms=5,
                ),
                dropped={},
                events=tuple(events),
            )
        )


class Crowd:
    """Everybody walks about before every edge; `round` returns what the edges say next.

    `presence` events of 50 in a batch, as an edge gathers them in a second; a stay keeps its beginning.
    """

    def __init__(self, guests: Sequence[Guest], edges: int, began_ms: int) -> None:
        self._guests = guests
        self._talkers = [Talker(number) for number in range(edges)]
        self._began_ms = began_ms
        self._next = [0] * edges
        self._told = 0

    def round(self, batches: int, now_ms: int, events: int = 50) -> list[tuple[EdgeId, bytes]]:
        """Return so many batches, each with the edge that sends it."""
        return [self._batch(number, now_ms, events) for number in range(batches)]

    def _batch(self, number: int, now_ms: int, events: int) -> tuple[EdgeId, bytes]:
        which = number % len(self._talkers)
        talker = self._talkers[which]
        said = []
        for _ in range(events):
            guest = self._guests[self._next[which] % len(self._guests)]
            self._next[which] += 1
            self._told += 1
            last_ms = now_ms - 500 + self._told % 400
            n = max(1, (last_ms - self._began_ms) // 250)
            said.append(guest.presence("hci0", self._began_ms, last_ms, n))
        return talker.edge, talker.batch(said, now_ms)
