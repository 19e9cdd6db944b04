"""Who helps whom.

Owns: the rows behind the port `Engagements`.
Never: what may become of one (`core.serving`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, assert_never

from sqlalchemy import bindparam, select, update

from shopbell_server.core.ids import Millis, StaffId, VisitId
from shopbell_server.core.serving.engagement import (
    Engagement,
    HandedOver,
    Helper,
    Mistaken,
    Outcome,
    Present,
    Released,
    Served,
    Serving,
    Taken,
)
from shopbell_server.db.engagement_tables import ENGAGEMENTS
from shopbell_server.db.statements import by_keys, keeping
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Row

    from shopbell_server.core.serving.engagement import State
    from shopbell_server.db.transaction import Transaction


class SqlEngagements:
    """`Engagements` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of(self, visits: Collection[VisitId]) -> Mapping[VisitId, Engagement]:
        """Return those of `visits`; visits with which nothing was done are left out."""
        rows = self._transaction.rows_by_keys(_OF, [(visit,) for visit in sorted(visits)])
        return {VisitId(row.visit): _engagement(row) for row in rows}

    def put(self, engagement: Engagement, expected_version: int) -> bool:
        """Write it if what is stored has `expected_version` (0: nothing is); return whether it was so."""
        values = {
            "version": engagement.version,
            "asked_ms": engagement.asked_ms,
            **_EMPTY,
            **_columns(engagement.state),
        }
        if expected_version == 0:
            row = {"visit": engagement.visit, **values}
            return self._transaction.insert(_FIRST, [row]) == 1
        changed = self._transaction.change(
            _NEXT,
            this=engagement.visit,
            expected=expected_version,
            **{f"new_{name}": value for name, value in values.items()},
        )
        return changed == 1


def _columns(state: State) -> Mapping[str, object]:
    match state:
        case Present():
            return {"state": "present"}
        case Taken() | Serving():
            return {
                "state": "taken" if isinstance(state, Taken) else "serving",
                "staff": state.by.staff,
                "role": state.by.role,
                "at_ms": state.since_ms,
                "touched_ms": state.touched_ms,
            }
        case Served():
            return {"state": "served", "outcome": state.outcome.value, "at_ms": state.at_ms}
        case HandedOver():
            return {"state": "handed_over", "at_ms": state.at_ms}
        case Released():
            return {"state": "released", "at_ms": state.at_ms}
        case Mistaken():
            return {"state": "mistaken", "at_ms": state.at_ms}
        case _:
            assert_never(state)


def _engagement(row: Row[Any]) -> Engagement:
    return Engagement(
        visit=VisitId(row.visit),
        version=row.version,
        state=_state(row),
        asked_ms=None if row.asked_ms is None else Millis(row.asked_ms),
    )


def _state(row: Row[Any]) -> State:
    at_ms = Millis(row.at_ms)
    if row.staff is not None:
        held = Taken if row.state == "taken" else Serving
        by = Helper(staff=StaffId(row.staff), role=row.role)
        return held(by=by, since_ms=at_ms, touched_ms=Millis(row.touched_ms))
    if row.outcome is not None:
        return Served(outcome=Outcome(row.outcome), at_ms=at_ms)
    return Present() if row.state == "present" else _LEFT[row.state](at_ms=at_ms)


_LEFT: Final[Mapping[str, type[HandedOver | Released | Mistaken]]] = {
    "handed_over": HandedOver,
    "released": Released,
    "mistaken": Mistaken,
}

_EMPTY: Final[Mapping[str, object]] = {
    "staff": None,
    "role": None,
    "outcome": None,
    "at_ms": 0,
    "touched_ms": 0,
}

_E: Final = ENGAGEMENTS.c
_OF: Final = by_keys(select(ENGAGEMENTS).where(ours(ENGAGEMENTS)), _E.visit)
_FIRST: Final = keeping(ENGAGEMENTS)
_NEXT: Final = (
    update(ENGAGEMENTS)
    .where(
        ours(ENGAGEMENTS),
        _E.visit == bindparam("this"),
        _E.version == bindparam("expected"),
    )
    .values(
        {
            each.name: bindparam(f"new_{each.name}")
            for each in ENGAGEMENTS.columns
            if each.name not in {"tenant", "visit"}
        }
    )
)
