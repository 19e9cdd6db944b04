"""Floor plans, and where people were on them, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis
from tests.fakes.memory_rows import drop, require

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.zones.found import Place, Unsettled
    from shopbell_server.core.zones.plan import FloorPlan
    from tests.fakes.memory_rows import Tables


class MemoryFloorPlans:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, store: StoreId) -> FloorPlan | None:
        return self._tables.floor_plans.get(store)

    def versions(self) -> Mapping[StoreId, str]:
        return {store: repr(plan) for store, plan in self._tables.floor_plans.items()}

    def put(self, store: StoreId, plan: FloorPlan) -> None:
        require(self._tables.stores, store, "store")
        self._tables.floor_plans[store] = plan


class MemoryPlaces:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def put(
        self,
        person: PersonId,
        store: StoreId,
        from_ms: Millis,
        to_ms: Millis,
        places: Sequence[Place],
    ) -> None:
        self._forget(person, store, from_ms, to_ms)
        for each in places:
            self._tables.places[each.person, each.store, each.first_ms] = each

    def within_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Place]]:
        found: dict[PersonId, list[Place]] = {}
        for each in sorted(self._tables.places.values(), key=lambda place: place[:4]):
            if each.person in persons and _touches(each, store, from_ms, to_ms):
                found.setdefault(each.person, []).append(each)
        return found

    def truncate(self, person: PersonId, at_ms: Millis) -> None:
        hers = [each for each in self._tables.places.values() if each.person == person]
        for each in hers:
            key = each.person, each.store, each.first_ms
            if each.first_ms >= at_ms:
                del self._tables.places[key]
            elif each.last_ms >= at_ms:
                self._tables.places[key] = each._replace(last_ms=Millis(at_ms - 1))

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        self._forget(person, store, from_ms, to_ms)
        drop(
            self._tables.unsettled,
            lambda each: (
                (each.person, each.store) == (person, store)
                and from_ms <= each.first_ms
                and each.last_ms <= to_ms
            ),
        )

    def unsettle(self, found: Sequence[Unsettled]) -> None:
        for each in found:
            key = each.person, each.store
            known = self._tables.unsettled.get(key, each)
            self._tables.unsettled[key] = each._replace(
                first_ms=min(known.first_ms, each.first_ms),
                last_ms=max(known.last_ms, each.last_ms),
            )

    def unsettled(self, now_ms: Millis, limit: int) -> Sequence[Unsettled]:
        return [
            each
            for each in sorted(self._tables.unsettled.values())
            if not any(
                (visit.person, visit.store) == (self._head(each.person), each.store)
                and visit.state != "ended"
                and visit.session.due_ms >= now_ms
                for visit in self._tables.visits.values()
            )
        ][:limit]

    def unsettled_of(self, persons: Collection[PersonId]) -> Sequence[Unsettled]:
        return [each for each in sorted(self._tables.unsettled.values()) if each.person in persons]

    def settled(self, found: Unsettled) -> None:
        key = found.person, found.store
        known = self._tables.unsettled.get(key)
        if (
            known is not None
            and known.first_ms >= found.first_ms
            and known.last_ms <= found.last_ms
        ):
            del self._tables.unsettled[key]

    def _forget(self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis) -> None:
        drop(
            self._tables.places,
            lambda each: each.person == person and _touches(each, store, from_ms, to_ms),
        )

    def _head(self, person: PersonId) -> PersonId:
        enrolment = self._tables.enrolments.get(person)
        return person if enrolment is None or enrolment.head is None else enrolment.head


def _touches(place: Place, store: StoreId, from_ms: Millis, to_ms: Millis) -> bool:
    return place.store == store and place.first_ms <= to_ms and place.last_ms >= from_ms
