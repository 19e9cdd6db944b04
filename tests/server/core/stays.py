"""Evidence in few words, and all the evidence that hypothesis can think of."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from shopbell_server.core.edges.deafness import Mark
from shopbell_server.core.evidence import Carrier, Evidence, Interval, IntervalKey
from shopbell_server.core.ids import EdgeId, FactId, Millis, PersonId, StoreId, VisitId, ZoneId
from shopbell_server.core.visits.reconcile import Circumstances
from shopbell_server.core.visits.rules import VisitRules, demo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_wire.messages import Hearing

ADA = PersonId("ada")
STORE = StoreId("ams-01")
RULES = VisitRules()
DEMO = demo(RULES)
SECOND = 1_000
MINUTE = 60 * SECOND
NOON = 1_790_000_000_000
"""Some moment to count from."""


def heard(
    from_ms: int,
    to_ms: int,
    *,
    n: int = 20,
    scanner: str = "door",
    evidence: Evidence = Evidence.SIGNAL,
    carrier: Carrier = "service-data",
    zone: str | None = "entrance",
    loss_db: float | None = 15.0,
) -> Interval:
    """Return a stay by radio; times count from NOON."""
    return Interval(
        key=IntervalKey(
            person=ADA,
            store=STORE,
            edge=EdgeId("pi"),
            scanner=scanner,
            carrier=carrier,
            first_ms=Millis(NOON + from_ms),
        ),
        last_ms=Millis(NOON + to_ms),
        n=n,
        evidence=evidence,
        zone=None if zone is None else ZoneId(zone),
        loss_db=loss_db,
    )


def acted(
    at_ms: int,
    *,
    carrier: Carrier = "pass",
    evidence: Evidence = Evidence.PASS,
    scanner: str = "camera",
    zone: str | None = "entrance",
) -> Interval:
    """Return a code held up, or an app's report."""
    return heard(
        at_ms,
        at_ms,
        n=1,
        scanner=scanner,
        evidence=evidence,
        carrier=carrier,
        zone=zone,
        loss_db=None,
    )


def felt(state: Hearing, at_ms: int, *, scanner: str = "door", reason: str = "why") -> Mark:
    """Return what a scanner says of itself."""
    return Mark(EdgeId("pi"), scanner, at(at_ms), state, reason)


def at(ms: int) -> Millis:
    return Millis(NOON + ms)


def named(start: int = 1) -> Callable[[], str]:
    numbers = count(start)
    return lambda: f"{next(numbers):08d}"


def around(
    now_ms: int, *, live: bool = True, names: Callable[[], str] | None = None
) -> Circumstances:
    """Return the circumstances at `now_ms` after NOON."""
    name = names or named()
    return Circumstances(
        now_ms=at(now_ms),
        live=live,
        new_visit=lambda: VisitId(name()),
        new_handle=lambda: int(name()),
        new_fact=lambda: FactId(name()),
        coverage=lambda _: None,
    )


_SPAN_S = 3 * 60 * 60
"""Nine times the longest of the demo rules: room for several visits, and for overlong ones."""

_RADIO: tuple[tuple[Carrier, Evidence], ...] = (
    ("ibeacon", Evidence.HINT),
    ("service-data", Evidence.SIGNAL),
    ("service-uuid", Evidence.FRESH),
)
_CODES: tuple[tuple[Carrier, Evidence], ...] = (
    ("pass", Evidence.PASS),
    ("pass", Evidence.CONFIRMED),
    ("number", Evidence.HINT),
    ("app", Evidence.HINT),
    ("app-exit", Evidence.HINT),
)
_ZONES = (None, "entrance", "till")


@st.composite
def _radio(draw: st.DrawFn) -> Interval:
    carrier, evidence = draw(st.sampled_from(_RADIO))
    first_s = draw(st.integers(0, _SPAN_S))
    # Around the demo's bridge (9 s), gap (90 s) and longest (1440 s), so that all of them matter.
    length_s = draw(st.sampled_from((0, 1, 3, 8, 20, 91, 400, 1_500, 3_100)))
    return heard(
        first_s * SECOND,
        (first_s + length_s) * SECOND,
        n=draw(st.integers(1, 12)),
        scanner=draw(st.sampled_from(("door", "till"))),
        carrier=carrier,
        evidence=evidence,
        zone=draw(st.sampled_from(_ZONES)),
    )


@st.composite
def _code(draw: st.DrawFn) -> Interval:
    carrier, evidence = draw(st.sampled_from(_CODES))
    return acted(draw(st.integers(0, _SPAN_S)) * SECOND, carrier=carrier, evidence=evidence)


@st.composite
def _with_earlier_reports(draw: st.DrawFn) -> list[Interval]:
    """Return a stay as an edge reports it: some of its states on the way, then the whole."""
    whole = draw(st.one_of(_radio(), _radio(), _code()))
    lasted = whole.last_ms - whole.key.first_ms
    shares = draw(st.lists(st.integers(0, 9), max_size=3))
    return [
        *(
            whole._replace(
                last_ms=Millis(whole.key.first_ms + lasted * share // 10),
                n=max(1, whole.n * share // 10),
            )
            for share in shares
        ),
        whole,
    ]


reports: st.SearchStrategy[list[Interval]] = st.lists(
    _with_earlier_reports(), min_size=1, max_size=12
).map(lambda stays: [report for stay in stays for report in stay])
"""What edges say of one person, in order."""


marks: st.SearchStrategy[list[Mark]] = st.lists(
    st.builds(
        felt,
        st.sampled_from(("hearing", "blind", "suspect")),
        st.integers(0, _SPAN_S).map(lambda s: s * SECOND),
        scanner=st.sampled_from(("door", "till", "camera")),
    ),
    max_size=12,
)
"""What the scanners of `reports` say of themselves, in any order."""


@st.composite
def batched(draw: st.DrawFn, said: Sequence[Interval]) -> list[list[Interval]]:
    """Return `said` in any order, partly repeated, in any number of batches."""
    again = draw(st.lists(st.sampled_from(said), max_size=4))
    left = draw(st.permutations([*said, *again]))
    batches = []
    while left:
        size = draw(st.integers(1, len(left)))
        batches.append(left[:size])
        left = left[size:]
    return batches
