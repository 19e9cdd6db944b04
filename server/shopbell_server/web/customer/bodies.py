"""What a customer is told of herself: the body of `GET /v1/me`, and what her page is made of.

Owns: its form.
Never: what is in it (`usecases.customers.known`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from shopbell_server.core.channels.facts import Kind
from shopbell_server.core.evidence import EvidenceName
from shopbell_server.web.http.times import moment
from shopbell_server.web.live.rows import ZoneOut
from shopbell_server.web.phones.bodies import PurposeOut, purposes_out

if TYPE_CHECKING:
    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.ids import Millis, StoreId
    from shopbell_server.core.language import Speech
    from shopbell_server.core.registry import Store
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.told import Told
    from shopbell_server.usecases.consent.held_back import HeldBackBy
    from shopbell_server.usecases.customers.known import Here, Known, Places
    from shopbell_server.usecases.staff.looks import SeenBy


class OwnIdentifierOut(BaseModel):
    """What another system calls her; of a long one the last four characters are shown."""

    kind: str
    masked: str


class OwnFixedIdOut(BaseModel):
    """A fob or card that stands for her."""

    fixed_id: str
    registered_at: datetime


class DeviceOut(BaseModel):
    """The phone of this enrolment, its pass, and what else stands for her."""

    model: str | None
    enrolled_at: datetime
    card_ref: str | None
    fixed_ids: list[OwnFixedIdOut]


class PlaceOut(BaseModel):
    """A store. `name` is its id if there is no such store any more."""

    id: str
    name: str
    timezone: str


class StaffSeeOut(BaseModel):
    """What an advisor in that store sees of her at this moment."""

    handle: str
    first_name: str | None


class HereOut(BaseModel):
    """She is recognised in a store now. Not `certain`: too little for a visit yet, and nobody is told."""

    store: PlaceOut
    zone: ZoneOut | None
    since: datetime
    last: datetime
    evidence: EvidenceName
    certain: bool
    staff_see: StaffSeeOut | None
    help: Literal["asked", "coming"] | None
    """She asked for help; somebody of the staff has taken her."""


class OwnZoneTimeOut(BaseModel):
    """How long she was in a zone."""

    id: str
    name: str
    dwell_s: int


class OwnVisitOut(BaseModel):
    """A visit of hers that is kept."""

    id: str
    store: PlaceOut
    began: datetime
    last: datetime
    ongoing: bool
    converted: bool
    evidence: EvidenceName
    zones: list[OwnZoneTimeOut]


class LookOut(BaseModel):
    """Somebody of the staff saw her."""

    at: datetime
    role: str
    store: PlaceOut | None
    purpose: str


class ReceivedOut(BaseModel):
    """An event about her that was handed to somebody outside."""

    at: datetime
    recipient: str
    who: str | None
    """Who that is, as the retailer says it."""
    event: str
    delivered: bool


class OwnNoticeOut(BaseModel):
    """A phone was registered for her customer number. `at` is the hour."""

    at: datetime
    phone: Literal["iphone", "android", "unknown"]


class HeldBackOut(BaseModel):
    """Another device of hers that does not allow that she is recognised. `may_go`: she may let go of it."""

    enrolment_id: str
    enrolled_at: datetime
    state: Literal["ran_out", "withdrawn", "never"]
    since: datetime | None
    may_go: bool


class ChannelFactOut(BaseModel):
    """What another channel said of her: an order, an appointment, a conversation."""

    kind: Kind
    about: str
    state: str
    at: datetime
    store: str | None
    due: datetime | None
    words: dict[str, str]


class NowOut(BaseModel):
    """Where she is recognised at this moment."""

    at: datetime
    recognised_now: list[HereOut]


class MeOut(NowOut):
    """Everything that is known of one enrolment. `visits`, `looks` and `received` are newest first."""

    enrolment_id: str
    first_name: str | None
    language: str | None
    identifiers: list[OwnIdentifierOut]
    device: DeviceOut
    purposes: list[PurposeOut]
    visits: list[OwnVisitOut]
    looks: list[LookOut]
    received: list[ReceivedOut]
    notices: list[OwnNoticeOut]
    channels: list[ChannelFactOut]
    held_back_by: list[HeldBackOut]
    """Why she is recognised nowhere although she allows it."""


def me_out(known: Known, now_ms: Millis, recipients: dict[str, str], speech: Speech) -> MeOut:
    """Return what is known as it leaves. `recipients` says who sinks are, by their names."""
    device = known.device
    return MeOut(
        at=moment(now_ms),
        recognised_now=[here_out(each, speech) for each in known.here],
        enrolment_id=known.enrolment.person,
        first_name=known.first_name,
        language=known.language,
        identifiers=[
            OwnIdentifierOut(kind=each.kind, masked=each.masked) for each in known.identifiers
        ],
        device=DeviceOut(
            model=device.model,
            enrolled_at=moment(device.since_ms),
            card_ref=device.card,
            fixed_ids=[
                OwnFixedIdOut(fixed_id=each.name, registered_at=moment(each.registered_ms))
                for each in device.fixed_ids
            ],
        ),
        purposes=purposes_out(known.standing),
        visits=[_visit_out(each, known.places) for each in known.visits],
        looks=[_look_out(each, known.places) for each in known.looks],
        received=[_received_out(each, recipients) for each in known.told],
        notices=[OwnNoticeOut(at=moment(each.at_ms), phone=each.phone) for each in known.notices],
        channels=[_channel_fact_out(each) for each in known.channels],
        held_back_by=[_held_back_out(each) for each in known.held_back_by],
    )


def here_out(here: Here, speech: Speech) -> HereOut:
    """Return where she is recognised, as it leaves; in the words of `speech`."""
    sees = here.staff_see
    return HereOut(
        store=_store_out(here.store),
        zone=None if here.zone is None else ZoneOut(id=here.zone.id, name=here.zone.name),
        since=moment(here.since_ms),
        last=moment(here.last_ms),
        evidence=here.evidence.written,
        certain=here.certain,
        staff_see=None
        if sees is None
        else StaffSeeOut(handle=sees.handle.words(speech), first_name=sees.first_name),
        help=here.help,
    )


def _channel_fact_out(fact: ChannelFact) -> ChannelFactOut:
    return ChannelFactOut(
        kind=fact.kind,
        about=fact.key,
        state=fact.state,
        at=moment(fact.at_ms),
        store=fact.store,
        due=None if fact.due_ms is None else moment(fact.due_ms),
        words=dict(fact.words),
    )


def _held_back_out(held: HeldBackBy) -> HeldBackOut:
    since_ms = held.recognition.since_ms
    return HeldBackOut(
        enrolment_id=held.person,
        enrolled_at=moment(held.enrolled_ms),
        state=held.recognition.state,  # type: ignore[arg-type]  # who allows it holds nobody back
        since=None if since_ms is None else moment(since_ms),
        may_go=held.may_go,
    )


def _visit_out(visit: Visit, places: Places) -> OwnVisitOut:
    session = visit.session
    return OwnVisitOut(
        id=visit.id,
        store=_place_out(visit.store, places),
        began=moment(session.start_ms),
        last=moment(session.end_ms),
        ongoing=visit.state == "open",
        converted=visit.converted,
        evidence=session.evidence.written,
        zones=[
            OwnZoneTimeOut(
                id=each.zone,
                name=zone.name
                if (zone := places.zones.get((visit.store, each.zone))) is not None
                else each.zone,
                dwell_s=each.dwell_ms // 1000,
            )
            for each in session.zones
        ],
    )


def _look_out(look: SeenBy, places: Places) -> LookOut:
    return LookOut(
        at=moment(look.at_ms),
        role=look.role,
        store=None if look.store is None else _place_out(look.store, places),
        purpose=look.purpose,
    )


def _received_out(told: Told, recipients: dict[str, str]) -> ReceivedOut:
    return ReceivedOut(
        at=moment(told.at_ms),
        recipient=told.sink,
        who=recipients.get(told.sink),
        event=told.kind,
        delivered=told.delivered,
    )


def _place_out(store: StoreId, places: Places) -> PlaceOut:
    found = places.stores.get(store)
    return PlaceOut(id=store, name=store, timezone="UTC") if found is None else _store_out(found)


def _store_out(store: Store) -> PlaceOut:
    return PlaceOut(id=store.id, name=store.name, timezone=store.timezone)
