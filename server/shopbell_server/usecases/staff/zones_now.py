"""In which zones those on a board are, in a store with a floor plan that somebody looks at.

Owns: what is remembered of a store between two looks, and whose reports are read.
Never: how zones are found (`core.zones.following`), or what a board shows of them.

A store is forgotten when nobody looked at it for a while, and begins anew from the last minutes of reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from shopbell_server.core.zones.following import followed, needed_from_ms
from shopbell_server.core.zones.site import site_of
from shopbell_server.usecases.groups import members_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import Millis, PersonId, StoreId, ZoneId
    from shopbell_server.core.zones.following import Followed, Heard
    from shopbell_server.core.zones.plan import FloorPlan
    from shopbell_server.core.zones.site import Site
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.groups import Groups

    ZonesFound = Mapping[PersonId, ZoneId | None]

KEPT_MS: Final = 120_000
"""What was followed longer ago is begun anew anyway (`following.AGAIN_TICKS`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What one look at a store read, to be worked on when the database is let go."""

    store: StoreId
    version: str
    plan: FloorPlan | None
    """None: as it was at the last look."""
    heard: Heard
    now_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class _Store:
    version: str
    site: Site
    followed: Followed | None
    at_ms: Millis


class ZonesNow:
    """Everybody's zones in the stores that are looked at. Safe from any thread; a store is one thread's."""

    def __init__(self) -> None:
        self._stores: dict[StoreId, _Store] = {}
        self._lock = Lock()

    def read(
        self,
        work: UnitOfWork,
        store: StoreId,
        persons: Collection[PersonId],
        groups: Groups,
        now_ms: Millis,
    ) -> Reports | None:
        """Return the reports of `persons`, heads or alone, since the last look; None without a plan."""
        version = work.floor_plans.versions().get(store)
        if version is None:
            with self._lock:
                self._stores.pop(store, None)
            return None
        known = self._stores.get(store)
        same = known is not None and known.version == version
        before = known.followed if known is not None and same else None
        members = {person: members_of(groups, person) for person in persons}
        everybody = {each for some in members.values() for each in some}
        found = work.observations.of(everybody, store, needed_from_ms(before, now_ms), now_ms)
        heard = {
            person: [
                report
                for each in some
                for report in found.get(each, ())
                if person not in groups or groups[person].covers(report.at_ms)
            ]
            for person, some in members.items()
        }
        plan = None if same else work.floor_plans.of(store)
        return Reports(store=store, version=version, plan=plan, heard=heard, now_ms=now_ms)

    def located(self, reports: Reports) -> ZonesFound:
        """Return where everybody is whom a scanner of the plan heard; None: nobody can say."""
        known = self._stores.get(reports.store)
        if reports.plan is not None:
            site, before = site_of(reports.plan), None
        elif known is not None:
            site, before = known.site, known.followed
        else:
            return {}  # forgotten meanwhile: the next look begins anew
        after = followed(site, before, reports.heard, reports.now_ms)
        with self._lock:
            self._stores[reports.store] = _Store(
                version=reports.version, site=site, followed=after, at_ms=reports.now_ms
            )
            for store, each in list(self._stores.items()):
                if abs(reports.now_ms - each.at_ms) > KEPT_MS:
                    del self._stores[store]
        return after.found

    def last(self, store: StoreId) -> ZonesFound:
        """Return what the last look found; nothing if nobody looks at the store."""
        known = self._stores.get(store)
        return {} if known is None or known.followed is None else known.followed.found
