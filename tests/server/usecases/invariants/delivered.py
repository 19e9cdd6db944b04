"""How it may come in: in any order, repeated, in any batches, while people are joined and parted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from hypothesis import strategies as st

from shopbell_wire.messages import ScannerHealth
from tests.server.usecases.invariants.said import (
    Felt,
    Heard,
    Reported,
    Said,
    Shown,
    camera_name,
    scanner_name,
)
from tests.server.usecases.invariants.worlds import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_wire.messages import Event
    from tests.server.usecases.floor import Floor, Someone
    from tests.server.usecases.invariants.said import Anything


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
            return msgspec.structs.replace(shown, scanner=camera_name(mark))
        case Felt():
            return ScannerHealth(
                scanner=scanner_name(mark, said.scanner),
                state=said.state,
                since_ms=said.at_ms,
                reason="why",
                coverage=1.0,
            )
