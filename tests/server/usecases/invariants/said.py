"""Anything that edges and apps may say of a few people, how it may come in, and what it amounts to.

What it amounts to is worked out here from the specification's words, event by event; visits are then what
`core.visits.sessions` makes of all of it at once. So a test that compares it with what is stored tries
everything in between: batches, recognition under consent, evidence joined, visits computed around a change.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from hypothesis import strategies as st

from shopbell_server.core.edges.deafness import Mark, deafness_of, ears_of
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.ids import EdgeId, Millis, ZoneId
from shopbell_server.core.token_windows import on_air_ms, window_of
from shopbell_server.core.visits.app_reports import evidence_of
from shopbell_server.core.visits.sessions import sessions
from shopbell_wire.messages import ScannerHealth
from tests.server.usecases.floor import (
    EDGES,
    FAR_EDGE,
    NOW,
    OTHER_STORE,
    SECOND,
    STORE,
)
from tests.server.usecases.invariants.allowing import AGAIN, ALWAYS, LATER, NEW
from tests.server.usecases.invariants.worlds import BEACON, DENSE, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.visits.sessions import Session
    from shopbell_wire.messages import Event, Frame, Hearing
    from tests.server.usecases.floor import Floor, Someone
    from tests.server.usecases.invariants.allowing import Kind

SPAN_S: Final = 45 * 60
"""Nearly twice the longest visit of these rules, and three windows of tokens."""


@dataclass(frozen=True)
class Heard:
    """A stay as an edge reports it so far."""

    who: int
    edge: str
    scanner: int
    frame: Frame
    first_ms: int
    last_ms: int
    n: int
    signed: bool


@dataclass(frozen=True)
class Shown:
    """A pass, made at one moment and held up at another."""

    who: int
    edge: str
    made_ms: int
    at_ms: int

    @property
    def step(self) -> int:
        """Return the half minute in which it was made, which is what its code is of."""
        return self.made_ms // (30 * SECOND)

    @property
    def is_stale(self) -> bool:
        """Return whether it was held up later than in the half minute after that."""
        return self.at_ms // (30 * SECOND) > self.step + 1


@dataclass(frozen=True)
class Reported:
    """What her app says of itself."""

    who: int
    state: Literal["enter", "exit"]
    at_ms: int


@dataclass(frozen=True)
class Felt:
    """What a scanner says of its own hearing."""

    edge: str
    scanner: int
    state: Hearing
    at_ms: int


Said = Heard | Shown | Felt
"""What an edge says; an app speaks for itself."""

Anything = Said | Reported

kinds: st.SearchStrategy[list[Kind]] = st.lists(
    st.sampled_from((ALWAYS, ALWAYS, LATER, AGAIN, NEW)), min_size=PEOPLE, max_size=PEOPLE
)

_moments = st.integers(-SPAN_S, -1).map(lambda second: NOW + second * SECOND)
_edges = st.sampled_from((*EDGES[:2], EDGES[0], FAR_EDGE))
_who = st.sampled_from((0, 0, 0, 1, 1, 2))
_states: st.SearchStrategy[Hearing] = st.sampled_from(("hearing", "blind", "suspect"))


@st.composite
def _stay(draw: st.DrawFn) -> list[Anything]:
    """Return a stay in one to three reports, each of which says the whole so far.

    Now and then the scanner says around its end that it hears, or that it does not.
    """
    first_ms = draw(_moments)
    # Around the bridge (9 s), the gap (90 s), a token's window (900 s) and the longest visit (1 440 s).
    lengths = draw(
        st.lists(st.sampled_from((0, 1, 5, 8, 20, 89, 91, 400, 700)), min_size=1, max_size=3)
    )
    who, edge, scanner = draw(_who), draw(_edges), draw(st.integers(0, 1))
    frame: Frame = draw(st.sampled_from(("ibeacon", "service-data", "service-uuid")))
    signed = frame == "service-uuid" and draw(st.booleans())
    felt = draw(st.lists(st.tuples(_states, st.sampled_from((-30, 0, 5, 60, 200))), max_size=1))
    reports: list[Anything] = [
        Heard(
            who=who,
            edge=edge,
            scanner=scanner,
            frame=frame,
            first_ms=first_ms,
            last_ms=min(NOW, first_ms + length * SECOND),
            n=number * 3,
            signed=signed,
        )
        for number, length in enumerate(sorted(set(lengths)), 1)
    ]
    ends_ms = min(NOW, first_ms + max(lengths) * SECOND)
    return reports + [
        Felt(edge=edge, scanner=scanner, state=state, at_ms=ends_ms + later * SECOND)
        for state, later in felt
    ]


@st.composite
def _pass(draw: st.DrawFn) -> list[Anything]:
    """Return a pass that is held up once, or a second time, to another edge too."""
    made_ms, who = draw(_moments), draw(_who)
    again = draw(st.lists(st.sampled_from((0, 1, 20, 50)), max_size=1))
    return [
        Shown(who=who, edge=draw(_edges), made_ms=made_ms, at_ms=made_ms + later * SECOND)
        for later in (0, *again)
    ]


_report = st.builds(
    Reported, who=_who, state=st.sampled_from(("enter", "exit")), at_ms=_moments
).map(lambda one: [one])
_feeling = st.builds(
    Felt,
    edge=_edges,
    scanner=st.integers(0, 1),
    state=_states,
    at_ms=_moments,
).map(lambda one: [one])

anything: st.SearchStrategy[list[Anything]] = st.lists(
    st.one_of(_stay(), _stay(), _stay(), _pass(), _report, _feeling), min_size=1, max_size=6
).map(lambda parts: list(dict.fromkeys(each for part in parts for each in part)))


def heard_around(who: int, at_ms: int) -> st.SearchStrategy[list[Heard]]:
    """Return stays of somebody before, over and after a moment."""
    return st.lists(
        st.builds(
            lambda edge, first_s, for_s: Heard(
                who=who,
                edge=edge,
                scanner=0,
                frame="service-data",
                first_ms=at_ms + first_s * SECOND,
                last_ms=at_ms + (first_s + for_s) * SECOND,
                n=9,
                signed=False,
            ),
            edge=_edges,
            first_s=st.sampled_from((-200, -30, -1, 0, 60)),
            for_s=st.sampled_from((0, 10, 40, 100)),
        ),
        max_size=2,
    )


# ---------------------------------------------------------------------- how it comes in


@dataclass(frozen=True)
class Swept:
    """Time passes: whatever is due is closed."""


@dataclass(frozen=True)
class Joined:
    """These are one human."""

    who: frozenset[int]


@dataclass(frozen=True)
class Parted:
    """These are none of the group in which they are."""

    who: frozenset[int]


Step = tuple[tuple[Said, ...], ...] | Reported | Swept | Joined | Parted
"""Batches that are taken in together; an app's report; a sweep; what is known of who is who."""

_regrouped = st.one_of(
    st.builds(Joined, st.sampled_from([frozenset(each) for each in ((0, 1), (1, 2), (0, 1, 2))])),
    st.builds(Joined, st.just(frozenset((0, 1)))),
    st.builds(Parted, st.sampled_from([frozenset({each}) for each in range(PEOPLE)])),
)
_regroupings = st.lists(_regrouped, min_size=1, max_size=3)


@st.composite
def deliveries(draw: st.DrawFn, said: Sequence[Anything]) -> list[Step]:
    """Return `said` in any order, partly repeated, in any batches, in any groups.

    In between, visits are swept, and people are joined or parted.
    """
    again = draw(st.lists(st.sampled_from(said), max_size=3))
    left = list(draw(st.permutations([*said, *again])))
    steps: list[Step] = []
    batches: list[tuple[Said, ...]] = []
    while left:
        first = left.pop(0)
        if isinstance(first, Reported):
            steps.append(first)
            continue
        more = draw(st.integers(0, 3))
        rest = [e for e in left if not isinstance(e, Reported) and e.edge == first.edge][:more]
        for each in rest:
            left.remove(each)
        batches.append((first, *rest))
    again_whole = draw(st.integers(0, 2 * len(batches)))
    batches += batches[again_whole : again_whole + 1]
    while batches:
        size = draw(st.integers(1, len(batches)))
        steps.insert(draw(st.integers(0, len(steps))), tuple(batches[:size]))
        batches = batches[size:]
    meanwhile: list[Step] = [*draw(_regroupings), *[Swept()] * draw(st.integers(0, 1))]
    for one in meanwhile:
        steps.insert(draw(st.integers(0, len(steps))), one)
    return steps


def groups_after(steps: Iterable[Step]) -> list[frozenset[int]]:
    """Return who are one human after `steps`, of all who are enrolled."""
    groups = {frozenset({each}) for each in range(PEOPLE)}
    for step in steps:
        if isinstance(step, Joined):
            together = frozenset().union(*(each for each in groups if each & step.who))
            groups = {each for each in groups if not each & step.who} | {together}
        elif isinstance(step, Parted):
            groups = {
                part for each in groups for part in (each & step.who, each - step.who) if part
            }
    return sorted(groups, key=min)


def event_of(said: Said, floor: Floor, people: Sequence[Someone], mark: str) -> Event:
    """Return `said` as an edge says it; `mark` is in the names of all scanners."""
    match said:
        case Heard():
            return floor.presence(
                people[said.who],
                said.first_ms,
                said.last_ms,
                frame=said.frame,
                scanner=scanner_name(mark, said.scanner),
                n=said.n,
                mac=said.signed,
            )
        case Shown():
            shown = floor.shows_pass(people[said.who], said.at_ms, made_ms=said.made_ms)
            return msgspec.structs.replace(shown, scanner=_camera(mark))
        case Felt():
            return ScannerHealth(
                scanner=scanner_name(mark, said.scanner),
                state=said.state,
                since_ms=said.at_ms,
                reason="why",
                coverage=1.0,
            )


def scanner_name(mark: str, number: int) -> str:
    return f"hci{number}-{mark}"


def _camera(mark: str) -> str:
    return f"cam-{mark}"


# ---------------------------------------------------------------------- what it amounts to


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
                    scanner=_camera(mark),
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
