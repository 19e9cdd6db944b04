"""Floor plans of stores, with their surveys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import StoreId
    from shopbell_server.core.zones.plan import FloorPlan


class FloorPlans(Protocol):
    """One for each store that has one."""

    def of(self, store: StoreId) -> FloorPlan | None: ...
    def versions(self) -> Mapping[StoreId, str]:
        """Return which stores have one, each with a name that changes with its plan or survey."""
        ...

    def put(self, store: StoreId, plan: FloorPlan) -> None:
        """Insert or replace, surveys and all."""
        ...
