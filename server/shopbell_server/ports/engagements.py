"""Who helps whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import VisitId
    from shopbell_server.core.serving.engagement import Engagement


class Engagements(Protocol):
    """Of each visit what was done last. They go with their visits."""

    def of(self, visits: Collection[VisitId]) -> Mapping[VisitId, Engagement]:
        """Return those of `visits`, as they were written; visits with which nothing was done are left out."""
        ...

    def put(self, engagement: Engagement, expected_version: int) -> bool:
        """Write it if what is stored has `expected_version` (0: nothing is); return whether it was so.

        Of several who expect the same version one writes. May raise DatabaseBusyError instead of False.
        """
        ...
