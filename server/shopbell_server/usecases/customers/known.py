"""What is known of a customer, for her own eyes.

Owns: which of it she is shown, and how she is recognised now.
Never: what is known of somebody else, of the same household included; the words or the form of it (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.board.state import board_state
from shopbell_server.core.board.subject import seen
from shopbell_server.core.identity.masking import masked
from shopbell_server.core.serving.engagement import as_of, holder
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.consent.consents import standing_of
from shopbell_server.usecases.consent.held_back import held_back_by
from shopbell_server.usecases.customers.own_facts import own_facts
from shopbell_server.usecases.customers.own_profile import own_profile
from shopbell_server.usecases.staff.looks import own_looks
from shopbell_server.usecases.staff.subjects import subjects
from shopbell_server.usecases.visits.doubts import withheld
from shopbell_server.usecases.visits.own import own_visits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.board.disclosure import Disclosed
    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.delivery.notices import Notice
    from shopbell_server.core.evidence import Evidence
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import CardRef, Millis, PersonId, StoreId, VisitId, ZoneId
    from shopbell_server.core.recognition.fixed_ids import FixedId
    from shopbell_server.core.registry import Store, Zone
    from shopbell_server.core.serving.engagement import Engagement
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.told import Told
    from shopbell_server.usecases.consent.consents import Standing
    from shopbell_server.usecases.consent.held_back import HeldBackBy
    from shopbell_server.usecases.staff.looks import SeenBy


SOON_MS: Final = 3_600_000
"""An event of a visit is handed out at once, its end half an hour after she left. What had to be tried again
for hours is left out for people who are joined: rather too little than what is another's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """What another system calls her: `masked` shows the end of it."""

    kind: str
    masked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The phone of this enrolment, and what stands for her beside it."""

    model: str | None
    since_ms: Millis
    card: CardRef | None
    fixed_ids: tuple[FixedId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """She is recognised in a store at this moment."""

    visit: VisitId
    store: Store
    zone: Zone | None
    """Where she was last."""
    since_ms: Millis
    last_ms: Millis
    evidence: Evidence
    certain: bool
    """False: too little was heard for a visit yet. Nobody is told of it."""
    staff_see: Disclosed | None
    """What an advisor there can see of her now; None: not even that she is there."""
    help: Literal["asked", "coming"] | None
    """She asked for help, or somebody of the staff has taken her; None: she may ask if staff see her."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The names of stores and of their zones."""

    stores: Mapping[StoreId, Store]
    zones: Mapping[tuple[StoreId, ZoneId], Zone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that one enrolment may be told of itself. `visits` are newest first, as `looks` are."""

    enrolment: Enrolment
    first_name: str | None = field(repr=False)
    language: str | None
    identifiers: tuple[Identifier, ...]
    device: Device
    standing: tuple[Standing, ...]
    here: tuple[Here, ...]
    visits: tuple[Visit, ...]
    looks: tuple[SeenBy, ...]
    told: tuple[Told, ...]
    notices: tuple[Notice, ...]
    channels: tuple[ChannelFact, ...] = field(repr=False)
    """What other channels said of her."""
    held_back_by: tuple[HeldBackBy, ...]
    """Why she is not recognised although she allows it."""
    places: Places


def known_of(database: Database, now_ms: Millis, rules: VisitRules, enrolment: Enrolment) -> Known:
    """Return what is known of her."""
    person = enrolment.person
    with database.read() as work:
        _require_there(work, person)
        hers = own_profile(work, enrolment)
        card = work.people.card_of(person)
        visits = own_visits(work, person, rules)
        places = _places(work)
        return Known(
            enrolment=enrolment,
            first_name=None if hers.profile is None else hers.profile.first_name,
            language=None if hers.profile is None else hers.profile.language,
            identifiers=tuple(
                Identifier(kind=each.kind, masked=masked(each.value)) for each in hers.links
            ),
            device=Device(
                model=work.people.phones([person])[person].model,
                since_ms=enrolment.created_ms,
                card=None if card is None else card.ref,
                fixed_ids=tuple(work.people.fixed_ids_of(person)),
            ),
            standing=standing_of(work, person, now_ms),
            here=_here(work, visits, places, now_ms, rules),
            visits=tuple(reversed([each for each in visits if each.reported])),
            looks=own_looks(work, person),
            told=own_told(work, enrolment, visits),
            notices=tuple(reversed(work.notices.of(person, now_ms))),
            channels=own_facts(work, enrolment),
            held_back_by=held_back_by(work, enrolment, now_ms),
            places=places,
        )


def here_now(
    database: Database, now_ms: Millis, rules: VisitRules, enrolment: Enrolment
) -> tuple[Here, ...]:
    """Return where she is recognised now, the latest first; in two stores at once it is both."""
    with database.read() as work:
        _require_there(work, enrolment.person)
        visits = own_visits(work, enrolment.person, rules)
        return _here(work, visits, _places(work), now_ms, rules)


def own_told(work: UnitOfWork, enrolment: Enrolment, visits: Sequence[Visit]) -> tuple[Told, ...]:
    """Return what was told of her, newest first.

    Of people who are joined all of it stands under one of them: she is told what was handed out while she
    herself was there, or soon after. So a wrong join tells nobody when somebody else was where.
    """
    hers = {each for each in work.told.of(enrolment.person) if enrolment.head != each.person}
    if enrolment.head is not None:
        spans = [(each.session.start_ms, each.session.end_ms + SOON_MS) for each in visits]
        hers |= {
            each
            for each in work.told.of(enrolment.head)
            if any(from_ms <= each.at_ms <= to_ms for from_ms, to_ms in spans)
        }
    return tuple(sorted(hers, key=lambda each: (each.at_ms, each.sink, each.fact), reverse=True))


def _require_there(work: UnitOfWork, person: PersonId) -> None:
    """Raise DatabaseBusyError if she was forgotten since she was let in: she is not let in again."""
    if not work.people.enrolments([person]):
        raise DatabaseBusyError("she was forgotten meanwhile")


def _places(work: UnitOfWork) -> Places:
    stores = {store.id: store for store in work.registry.stores()}
    return Places(
        stores=stores,
        zones={(store, zone.id): zone for store in stores for zone in work.registry.zones(store)},
    )


def _here(
    work: UnitOfWork,
    visits: Sequence[Visit],
    places: Places,
    now_ms: Millis,
    rules: VisitRules,
) -> tuple[Here, ...]:
    standing = [
        (visit, _place(visit, now_ms, rules)) for visit in visits if visit.store in places.stores
    ]
    now = [(visit, place) for visit, place in standing if place is not None]
    people = subjects(work, {visit.person for visit, _ in now})
    doubtful = withheld(work, [visit for visit, _ in now], now_ms)
    engaged = work.engagements.of([visit.id for visit, _ in now])
    found = [
        Here(
            visit=visit.id,
            store=places.stores[visit.store],
            zone=_last_zone(visit, places),
            since_ms=visit.session.start_ms,
            last_ms=visit.session.end_ms,
            evidence=visit.session.evidence,
            certain=place == "shown",
            staff_see=seen(
                visit, people.get(visit.person), now_ms, "advisor", doubtful.get(visit.id)
            ),
            help=_help(engaged.get(visit.id), now_ms),
        )
        for visit, place in now
    ]
    return tuple(sorted(found, key=lambda each: each.last_ms, reverse=True))


def _help(engagement: Engagement | None, now_ms: Millis) -> Literal["asked", "coming"] | None:
    if engagement is None:
        return None
    now = as_of(engagement, now_ms)
    if holder(now) is not None:
        return "coming"
    return None if now.asked_ms is None else "asked"


def _place(visit: Visit, now_ms: Millis, rules: VisitRules) -> Literal["shown", "unshown"] | None:
    """Return whether she is taken to be there now; None: she is not."""
    if visit.state == "ended":
        return None
    place = board_state(visit, now_ms, rules).place
    if place == "unshown":
        lately = now_ms - visit.session.end_ms < rules.off_board_ms
        return "unshown" if lately else None
    return None if place == "gone" else "shown"


def _last_zone(visit: Visit, places: Places) -> Zone | None:
    last = max(visit.session.zones, key=lambda each: each.last_ms, default=None)
    return None if last is None else places.zones.get((visit.store, last.zone))
