"""What all that is said amounts to.

It is worked out here from the specification's words, event by event; visits are then what
`core.visits.sessions` makes of all of it at once. So a test that compares it with what is stored tries
everything in between: batches, recognition under consent, evidence joined, visits computed around a change.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from shopbell_server.core.edges.deafness import Mark, deafness_of, ears_of
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.ids import EdgeId, Millis, ZoneId
from shopbell_server.core.token_windows import on_air_ms, window_of
from shopbell_server.core.visits.app_reports import evidence_of
from shopbell_server.core.visits.sessions import sessions
from tests.server.usecases.floor import FAR_EDGE, OTHER_STORE, STORE
from tests.server.usecases.invariants.said import (
    Felt,
    Heard,
    Reported,
    Shown,
    camera_name,
    scanner_name,
)
from tests.server.usecases.invariants.worlds import BEACON, DENSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.sessions import Session
    from tests.server.usecases.floor import Someone
    from tests.server.usecases.invariants.allowing import Kind
    from tests.server.usecases.invariants.said import Anything


def evidence(
    said: Iterable[Anything],
    people: Sequence[Someone],
    kinds: Sequence[Kind],
    mark: str,
) -> dict[tuple[PersonId, StoreId], list[Interval]]:
    """Return what is evidence of whom in which store.

    What she allowed when it happened; a pass once; a token not before it was on the air.
    """
    found: dict[tuple[PersonId, StoreId], list[Interval]] = defaultdict(list)
    used: dict[tuple[int, int], Shown] = {}
    for each in said:
        match each:
            case Heard():
                heard = _heard(each, people[each.who].person, kinds[each.who], mark)
                if heard is not None:
                    found[heard.key.person, heard.key.store].append(heard)
            case Shown() if kinds[each.who].span(each.at_ms) is not None and not each.is_stale:
                code = each.who, each.step
                used[code] = min(used.get(code, each), each, key=lambda one: (one.at_ms, one.edge))
            case Reported() if kinds[each.who].span(each.at_ms) is not None:
                person = people[each.who].person
                report = evidence_of(person, BEACON, each.state, Millis(each.at_ms))
                found[person, STORE].append(report)
            case _:
                pass
    for shown in used.values():
        person = people[shown.who].person
        store = _store(shown.edge)
        found[person, store].append(
            Interval(
                key=IntervalKey(
                    person=person,
                    store=store,
                    edge=EdgeId(shown.edge),
                    scanner=camera_name(mark),
                    carrier="pass",
                    first_ms=Millis(shown.at_ms),
                ),
                last_ms=Millis(shown.at_ms),
                n=1,
                evidence=Evidence.PASS,
                zone=ZoneId("entrance"),
                loss_db=None,
            )
        )
    return found


def stays_of(found: Iterable[Interval], said: Iterable[Anything], mark: str) -> tuple[Session, ...]:
    """Return the visits and candidates that all of it amounts to, of one person in one store."""
    marks = [
        Mark(
            EdgeId(each.edge),
            scanner_name(mark, each.scanner),
            Millis(each.at_ms),
            each.state,
            "why",
        )
        for each in said
        if isinstance(each, Felt)
    ]
    return sessions(found, DENSE, deafness_of(ears_of(marks)))


def _heard(each: Heard, person: PersonId, kind: Kind, mark: str) -> Interval | None:
    span = kind.span(each.last_ms)
    if span is None:
        return None
    worth = Evidence.HINT if each.frame == "ibeacon" else Evidence.SIGNAL
    on_air = on_air_ms(window_of(Millis(each.last_ms)))
    return Interval(
        key=IntervalKey(
            person=person,
            store=_store(each.edge),
            edge=EdgeId(each.edge),
            scanner=scanner_name(mark, each.scanner),
            carrier=each.frame,
            first_ms=Millis(max(each.first_ms, span[0], on_air)),
        ),
        last_ms=Millis(each.last_ms),
        n=each.n,
        evidence=Evidence.FRESH if each.signed else worth,
        zone=ZoneId("entrance"),
        loss_db=14.0,
    )


def _store(edge: str) -> StoreId:
    return OTHER_STORE if edge == FAR_EDGE else STORE
