"""Everything of one person, to take along.

Owns: which tables there are, and that somebody who takes them is written down.
Never: secrets that open something (her card's, her phone's): whoever has the file could be her. Nor what is
another's: of visits of people who are joined she gets those in which she herself was heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.audit.chain import Act, What
from shopbell_server.core.dating import LATEST
from shopbell_server.core.delivery.cloud_events import rfc3339
from shopbell_server.core.ids import Millis, PersonId, ProfileId
from shopbell_server.core.keeping.takeout import Takeout
from shopbell_server.core.serving.engagement import Served
from shopbell_server.core.token_windows import WINDOW_S
from shopbell_server.usecases.customers.known import own_told
from shopbell_server.usecases.customers.own_facts import own_facts
from shopbell_server.usecases.customers.own_profile import own_profile
from shopbell_server.usecases.groups import hold_one
from shopbell_server.usecases.staff.looks import own_looks
from shopbell_server.usecases.visits.own import own_visits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.audit.chain import Actor
    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.identity.identifiers import Link
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import StoreId, ZoneId
    from shopbell_server.core.keeping.takeout import Line
    from shopbell_server.core.serving.engagement import Engagement
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork

Form = Literal["json", "csv"]

COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "about": (
        "person", "profile", "first_name", "language", "enrolled_at", "left_at", "phone_model",
        "card", "joined_with_others",
    ),
    "identifiers": ("kind", "value", "since", "source"),
    "fobs": ("name", "registered_at"),
    "consents": (
        "number", "purpose", "change", "at", "until", "place", "text_version", "text_sha256",
        "language", "evidence",
    ),
    "visits": (
        "visit", "store", "store_name", "began_at", "last_at", "state", "called", "bought",
        "evidence", "confidence", "duration_known", "came_back", "asked_for_help", "helped",
    ),
    "zones": ("visit", "store", "zone", "zone_name", "first_at", "last_at", "seconds"),
    "places": ("store", "zone", "zone_name", "first_at", "last_at"),
    "sightings": (
        "store", "edge", "scanner", "carrier", "first_at", "last_at", "times", "evidence", "zone",
        "loss_db",
    ),
    "observations": ("store", "edge", "scanner", "carrier", "at", "loss_db", "times"),
    "passes": ("store", "edge", "scanner", "at"),
    "purchases": ("receipt", "store", "till", "at"),
    "channels": (
        "kind", "about", "state", "at", "store", "due", "product", "topic", "mood", "value",
    ),
    "signals": ("from", "to"),
    "looked_at_by": ("at", "role", "store", "purpose"),
    "received_by": ("at", "recipient", "event", "delivered", "answer"),
    "waiting_for": ("recipient", "events"),
    "notices": ("at", "phone", "read_at"),
    "profile_history": ("at", "what", "reason"),
}  # fmt: skip
"""The tables and their columns. A CSV file has each of them, also where there is no line."""


def export(
    work: UnitOfWork,
    now_ms: Millis,
    *,
    enrolment: Enrolment,
    rules: VisitRules,
    actor: Actor,
    form: Form,
) -> Takeout:
    """Return everything of `enrolment`, written down as taken when this unit of work commits.

    Raises DatabaseBusyError if she was forgotten meanwhile.
    """
    person = enrolment.person
    hold_one(work, person)
    visits = [each for each in own_visits(work, person, rules) if each.reported]
    names = {store.id: store.name for store in work.registry.stores()}
    evidence = _evidence(work, person, names)
    helped = work.engagements.of([each.id for each in visits])
    act = Act(at_ms=now_ms, actor=actor, what=What.EXPORTED, person=person, about=form)
    work.audit.note([act])
    return Takeout(
        person=person,
        made_ms=now_ms,
        columns=COLUMNS,
        tables={
            "about": [_about(work, enrolment)],
            "identifiers": list(_identifiers(own_profile(work, enrolment).links)),
            "fobs": [
                {"name": each.name, "registered_at": rfc3339(each.registered_ms)}
                for each in work.people.fixed_ids_of(person)
            ],
            "consents": list(_consents(work, person)),
            "visits": [_visit(each, names, helped.get(each.id)) for each in visits],
            "zones": list(_zones(work, visits)),
            "places": list(_places(work, person, names)),
            "sightings": list(map(_sighting, evidence)),
            "observations": list(_observations(work, person, names)),
            "passes": [_pass(each) for each in evidence if each.key.carrier == "pass"],
            "purchases": list(_purchases(work, person)),
            "channels": list(map(_channel_fact, own_facts(work, enrolment))),
            "signals": list(_signals(work, person)),
            "looked_at_by": list(_looks(work, person)),
            "received_by": list(_received(work, enrolment, visits)),
            "waiting_for": [
                {"recipient": sink, "events": number}
                for sink, number in sorted(work.erasures.waiting(person).items())
            ],
            "notices": list(_notices(work, person, now_ms)),
            "profile_history": list(_history(work, enrolment.profile)),
        },
    )


def export_profile(
    work: UnitOfWork, now_ms: Millis, profile: ProfileId, *, actor: Actor, form: Form
) -> Takeout:
    """Return everything of a profile under which nobody is enrolled."""
    name = work.people.profiles([profile])[profile]
    work.audit.note([Act(at_ms=now_ms, actor=actor, what=What.EXPORTED, about=form)])
    return Takeout(
        person=PersonId(profile),
        made_ms=now_ms,
        columns=COLUMNS,
        tables={
            **{table: [] for table in COLUMNS},
            "about": [
                {"profile": profile, "first_name": name.first_name, "language": name.language}
            ],
            "identifiers": list(_identifiers(work.identity.links([profile]).get(profile, ()))),
            "channels": list(map(_channel_fact, work.channels.of([profile]).get(profile, ()))),
            "profile_history": list(_history(work, profile)),
        },
    )


def profile_of(work: UnitOfWork, named: str) -> ProfileId | None:
    """Return the profile of that id, if nobody is enrolled under it."""
    profile = ProfileId(named)
    there = profile in work.people.profiles([profile])
    return profile if there and not work.identity.enrolled([profile]) else None


def persons_of(work: UnitOfWork, named: str) -> Sequence[Enrolment]:
    """Return the enrolments that `named` means: one by its own id, or all under a profile; each apart."""
    found = work.people.enrolments([PersonId(named)])
    if not found:
        profile = ProfileId(named)
        found = work.people.enrolments(work.identity.enrolled([profile]).get(profile, ()))
    return [each for _, each in sorted(found.items())]


def _about(work: UnitOfWork, enrolment: Enrolment) -> Line:
    profile = own_profile(work, enrolment).profile
    phone = work.people.phones([enrolment.person]).get(enrolment.person)
    card = work.people.card_of(enrolment.person)
    return {
        "person": enrolment.person,
        # Not what the one is called of which hers is part since: that may be somebody else's address.
        "profile": None if profile is None else profile.id,
        "first_name": None if profile is None else profile.first_name,
        "language": None if profile is None else profile.language,
        "enrolled_at": rfc3339(enrolment.created_ms),
        "left_at": _when(enrolment.revoked_ms),
        "phone_model": None if phone is None else phone.model,
        "card": None if card is None else card.ref,
        "joined_with_others": enrolment.head is not None,
    }


def _identifiers(links: Iterable[Link]) -> Iterator[Line]:
    for each in links:
        yield {
            "kind": each.kind,
            "value": each.value,
            "since": rfc3339(each.at_ms),
            "source": each.source,
        }


def _consents(work: UnitOfWork, person: PersonId) -> Iterator[Line]:
    for each in work.ledger.entries([person]).get(person, ()):
        yield {
            "number": each.sequence,
            "purpose": each.purpose.value,
            "change": each.change.value,
            "at": rfc3339(each.at_ms),
            "until": _when(each.until_ms),
            "place": each.place.value,
            "text_version": each.text_version,
            "text_sha256": each.text_sha256,
            "language": each.language,
            "evidence": each.evidence,
        }


def _visit(visit: Visit, names: Mapping[StoreId, str], helped: Engagement | None) -> Line:
    session = visit.session
    state = None if helped is None else helped.state
    return {
        "visit": visit.id,
        "store": visit.store,
        "store_name": names.get(visit.store),
        "began_at": rfc3339(session.start_ms),
        "last_at": rfc3339(session.end_ms),
        "state": visit.state,
        "called": visit.handle,
        "bought": visit.converted,
        "evidence": session.evidence.written,
        "confidence": session.confidence.name.lower(),
        "duration_known": session.duration_known,
        "came_back": session.reentries,
        "asked_for_help": helped is not None and helped.asked_ms is not None,
        "helped": state.outcome.value if isinstance(state, Served) else None,
    }


def _zones(work: UnitOfWork, visits: Sequence[Visit]) -> Iterator[Line]:
    names = _zone_names(work, {each.store for each in visits})
    for visit in visits:
        for time in visit.session.zones:
            yield {
                "visit": visit.id,
                "store": visit.store,
                "zone": time.zone,
                "zone_name": names.get((visit.store, time.zone)),
                "first_at": rfc3339(time.first_ms),
                "last_at": rfc3339(time.last_ms),
                "seconds": time.dwell_ms // 1000,
            }


def _places(work: UnitOfWork, person: PersonId, stores: Mapping[StoreId, str]) -> Iterator[Line]:
    """Yield where she was found by floor plans; no zone: she was heard, and nobody can say where."""
    names = _zone_names(work, stores)
    for store in sorted(stores):
        found = work.places.within_each([person], store, Millis(0), LATEST)
        for each in found.get(person, ()):
            yield {
                "store": store,
                "zone": each.zone,
                "zone_name": None if each.zone is None else names.get((store, each.zone)),
                "first_at": rfc3339(each.first_ms),
                "last_at": rfc3339(each.last_ms),
            }


def _zone_names(
    work: UnitOfWork, stores: Iterable[StoreId]
) -> Mapping[tuple[StoreId, ZoneId], str]:
    return {(store, zone.id): zone.name for store in stores for zone in work.registry.zones(store)}


def _evidence(
    work: UnitOfWork, person: PersonId, stores: Mapping[StoreId, str]
) -> Sequence[Interval]:
    return [
        each
        for store in sorted(stores)
        for each in work.intervals.within(person, store, Millis(0), LATEST)
    ]


def _sighting(interval: Interval) -> Line:
    key = interval.key
    return {
        "store": key.store,
        "edge": key.edge,
        "scanner": key.scanner,
        "carrier": key.carrier,
        "first_at": rfc3339(key.first_ms),
        "last_at": rfc3339(interval.last_ms),
        "times": interval.n,
        "evidence": interval.evidence.written,
        "zone": interval.zone,
        "loss_db": interval.loss_db,
    }


def _observations(
    work: UnitOfWork, person: PersonId, stores: Mapping[StoreId, str]
) -> Iterator[Line]:
    for store in sorted(stores):
        for each in work.observations.of([person], store, Millis(0), LATEST).get(person, ()):
            yield {
                "store": store,
                "edge": each.edge,
                "scanner": each.scanner,
                "carrier": each.carrier,
                "at": rfc3339(each.at_ms),
                "loss_db": each.loss_db,
                "times": each.n,
            }


def _pass(interval: Interval) -> Line:
    key = interval.key
    return {
        "store": key.store,
        "edge": key.edge,
        "scanner": key.scanner,
        "at": rfc3339(key.first_ms),
    }


def _purchases(work: UnitOfWork, person: PersonId) -> Iterator[Line]:
    for each in work.receipts.of_person(person):
        yield {
            "receipt": each.receipt,
            "store": each.store,
            "till": each.till,
            "at": rfc3339(each.at_ms),
        }


def _channel_fact(fact: ChannelFact) -> Line:
    return {
        "kind": fact.kind.value,
        "about": fact.key,
        "state": fact.state,
        "at": rfc3339(fact.at_ms),
        "store": fact.store,
        "due": _when(fact.due_ms),
        **{name: fact.word(name) for name in ("product", "topic", "mood", "value")},
    }


def _signals(work: UnitOfWork, person: PersonId) -> Iterator[Line]:
    for each in work.people.issued([person]).get(person, ()):
        yield {
            "from": rfc3339(Millis(each.first * WINDOW_S * 1000)),
            "to": rfc3339(Millis((each.last + 1) * WINDOW_S * 1000)),
        }


def _looks(work: UnitOfWork, person: PersonId) -> Iterator[Line]:
    for each in own_looks(work, person):
        yield {
            "at": rfc3339(each.at_ms),
            "role": each.role,
            "store": each.store,
            "purpose": each.purpose,
        }


def _received(work: UnitOfWork, enrolment: Enrolment, visits: Sequence[Visit]) -> Iterator[Line]:
    for each in own_told(work, enrolment, visits):
        yield {
            "at": rfc3339(each.at_ms),
            "recipient": each.sink,
            "event": each.kind,
            "delivered": each.delivered,
            "answer": each.answer,
        }


def _notices(work: UnitOfWork, person: PersonId, now_ms: Millis) -> Iterator[Line]:
    for each in work.notices.of(person, now_ms):
        yield {
            "at": rfc3339(each.at_ms),
            "phone": each.phone,
            "read_at": _when(each.read_ms),
        }


def _history(work: UnitOfWork, profile: ProfileId) -> Iterator[Line]:
    for each in work.identity.history([profile]):
        yield {"at": rfc3339(each.at_ms), "what": each.what, "reason": each.reason}


def _when(at_ms: Millis | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
