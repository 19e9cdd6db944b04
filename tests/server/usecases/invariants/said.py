"""Anything that edges and apps may say of a few people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from hypothesis import strategies as st

from tests.server.usecases.floor import EDGES, FAR_EDGE, NOW, SECOND
from tests.server.usecases.invariants.allowing import AGAIN, ALWAYS, LATER, NEW
from tests.server.usecases.invariants.worlds import PEOPLE

if TYPE_CHECKING:
    from shopbell_wire.messages import Frame, Hearing
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


def scanner_name(mark: str, number: int) -> str:
    return f"hci{number}-{mark}"


def camera_name(mark: str) -> str:
    return f"cam-{mark}"
