"""Who helps whom, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.memory_rows import require

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import VisitId
    from shopbell_server.core.serving.engagement import Engagement
    from tests.fakes.memory_rows import Tables


class MemoryEngagements:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, visits: Collection[VisitId]) -> Mapping[VisitId, Engagement]:
        known = self._tables.engagements
        return {visit: known[visit] for visit in visits if visit in known}

    def put(self, engagement: Engagement, expected_version: int) -> bool:
        require(self._tables.visits, engagement.visit, "visit")
        known = self._tables.engagements.get(engagement.visit)
        if (0 if known is None else known.version) != expected_version:
            return False
        self._tables.engagements[engagement.visit] = engagement
        return True
