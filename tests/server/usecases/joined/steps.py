"""Anything that joined people, edges and tills may do, step by step, and a shop that it happens in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.visits.joined import NotJoined
from shopbell_server.usecases.visits.sweep import sweeps
from tests.server.usecases.floor import DAY, EDGES, FAR_EDGE, MINUTE, NOW, SECOND, Floor
from tests.server.usecases.joined.doing import TERMS, bought, joined, leaves, parted, says

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database
    from shopbell_wire.messages import Event, Frame

PEOPLE: Final = ("p0", "p1", "p2", "p3")
SPAN_MS: Final = 100 * MINUTE
BEGAN: Final = NOW - SPAN_MS

Groups = frozenset[frozenset[int]]


@dataclass(frozen=True)
class Heard:
    """Somebody was heard or showed her pass, as an edge says it: by minutes before it says so."""

    who: int
    edge: str
    frame: Frame | None
    """None: a pass."""
    ago_s: int
    for_s: int


@dataclass(frozen=True)
class Bought:
    who: int
    ago_s: int


@dataclass(frozen=True)
class Spoke:
    """She gave a purpose, or withdrew it."""

    who: int
    purpose: Purpose
    given: bool


@dataclass(frozen=True)
class Left:
    who: int


@dataclass(frozen=True)
class Joins:
    who: frozenset[int]


@dataclass(frozen=True)
class Parts:
    who: frozenset[int]


@dataclass(frozen=True)
class Sweeps:
    pass


Step = Heard | Bought | Spoke | Left | Joins | Parts | Sweeps

_who = st.sampled_from([0, 0, 1, 1, 1, 2, 3])
_some = st.frozensets(_who, min_size=2, max_size=3)
_heard = st.builds(
    Heard,
    who=_who,
    edge=st.sampled_from([*EDGES[:2], EDGES[0], FAR_EDGE]),
    frame=st.sampled_from(["ibeacon", "service-data", "service-data", None]),
    # Also by a clock that is ahead, so that she is heard after she withdrew, and before she comes back.
    ago_s=st.sampled_from([-100, -60, 0, 20, 60, 500, 2_000]),
    for_s=st.sampled_from([0, 50, 80, 100, 130, 700]),
)
_bought = st.builds(Bought, who=_who, ago_s=st.sampled_from([0, 300, 1_800]))
_joins = st.builds(Joins, who=_some)
_parts = st.builds(Parts, who=st.frozensets(_who, min_size=1, max_size=2))
_spoke = st.builds(
    Spoke,
    who=_who,
    purpose=st.sampled_from([Purpose.RECOGNISE_IN_STORE] * 3 + [Purpose.SHARE_WITH_CDP]),
    given=st.booleans(),
)
_left = st.builds(Left, who=_who)
_KINDS: Final[dict[str, st.SearchStrategy[Step]]] = {
    "heard": _heard,
    "bought": _bought,
    "joins": _joins,
    "parts": _parts,
    "sweeps": st.just(Sweeps()),
    "spoke": _spoke,
    "left": _left,
}
_SEEN: Final = ["heard"] * 12 + ["bought", "joins", "joins", "joins", "parts", "parts", "sweeps"]


def steps_of(kinds: list[str]) -> st.SearchStrategy[list[Step]]:
    step = st.sampled_from(kinds).flatmap(lambda kind: _KINDS[kind])
    return st.lists(step, min_size=6, max_size=20)


SEEN: Final = steps_of(_SEEN)
"""Nobody says anything."""
ANY: Final = steps_of([*_SEEN, "spoke", "spoke", "spoke", "left"])


class Shop:
    """A floor on which time goes on with every step. The last one was enrolled a moment before."""

    def __init__(self, database: Database) -> None:
        self.floor = Floor(database)
        self.people = [
            self.floor.enrol(name, number, created_ms=created_ms, given_ms=given_ms)
            for number, (name, created_ms, given_ms) in enumerate(
                [
                    ("p0", NOW - 40 * DAY, NOW - 30 * DAY),
                    ("p1", NOW - 39 * DAY, NOW - 30 * DAY),
                    ("p2", NOW - 38 * DAY, BEGAN - 10 * MINUTE),
                    ("p3", BEGAN - 20 * MINUTE, BEGAN - 20 * MINUTE),
                ],
                1,
            )
        ]
        self.receipts = count(1)

    def does(self, steps: Sequence[Step]) -> None:
        """Take `steps`, the first when it begins, the last now."""
        for number, step in enumerate(steps, 1):
            self.do(step, BEGAN + SPAN_MS * number // len(steps))

    def do(self, step: Step, now_ms: int) -> None:
        match step:
            case Heard():
                self.floor.hear(self.event(step, now_ms), edge=step.edge, now_ms=now_ms)
            case Sweeps():
                self.sweep(Millis(now_ms))
            case Joins() | Parts():
                how = joined if isinstance(step, Joins) else parted
                people = [self.people[each] for each in step.who]
                assert not isinstance(how(self.floor, *people, now_ms=now_ms), NotJoined)
            case Bought():
                at_ms = now_ms - step.ago_s * SECOND
                name = f"r{next(self.receipts)}"
                bought(self.floor, self.people[step.who], name, at_ms, now_ms)
            case Spoke():
                says(
                    self.floor,
                    self.people[step.who],
                    given=step.given,
                    purpose=step.purpose,
                    now_ms=now_ms,
                )
            case Left():
                leaves(self.floor, self.people[step.who], now_ms)

    def sweep(self, now: Millis) -> None:
        for _ in sweeps(self.floor.database, self.floor.entropy, TERMS, now):
            pass

    def event(self, heard: Heard, now_ms: int) -> Event:
        someone = self.people[heard.who]
        first_ms = now_ms - heard.ago_s * SECOND - heard.for_s * SECOND
        if heard.frame is None:
            return self.floor.shows_pass(someone, first_ms)
        with self.floor.database.read() as work:
            enrolment = work.people.enrolments([someone.person])[someone.person]
        token = self.floor.token_of(enrolment.device_no, first_ms + heard.for_s * SECOND)
        return self.floor.presence(
            someone,
            first_ms,
            first_ms + heard.for_s * SECOND,
            frame=heard.frame,
            n=heard.for_s // 5 + 1,
            token=token.id32 if heard.frame == "ibeacon" else token.id64,
        )

    def visits(self) -> list[Visit]:
        return [visit for each in self.people for visit in self.floor.visits(each)]

    def stays(self) -> list[Any]:
        """Return what visits are, without names and histories."""
        return sorted(
            (
                (visit.person, visit.store, visit.session, visit.converted, visit.reported)
                for visit in self.visits()
            ),
            key=lambda each: (each[0], each[1], each[2].start_ms),
        )


def grouped(steps: Iterable[Step]) -> Groups:
    """Return who are one after `steps`."""
    groups: set[frozenset[int]] = set()
    for step in steps:
        if isinstance(step, Joins):
            together = step.who.union(*(each for each in groups if each & step.who))
            groups = {each for each in groups if not each & step.who} | {together}
        elif isinstance(step, Parts):
            for each in list(groups):
                if each & step.who and each - step.who:
                    groups.remove(each)
                    groups |= {each & step.who, each - step.who}
    return frozenset(each for each in groups if len(each) > 1)


def gone_before(steps: Sequence[Step]) -> list[Step]:
    """Return `steps` of somebody who has not left before: whoever left has no credential to speak with."""
    left: set[int] = set()
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Spoke | Left) and step.who in left:
            continue
        if isinstance(step, Left):
            left.add(step.who)
        kept.append(step)
    return kept
