"""People in one store whose evidence, ledger and profile may become anything, and what is read of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from shopbell_server.core.board.rows import Place, Stored
from shopbell_server.core.board.subject import Subject, subject_of
from shopbell_server.core.channels.facts import ChannelFact, Kind
from shopbell_server.core.channels.reasons import BEFORE_MS
from shopbell_server.core.consent.ledger import Change, Entry, Purpose
from shopbell_server.core.edges.deafness import deafness_of, ears_of
from shopbell_server.core.evidence import Evidence, Interval
from shopbell_server.core.identity.people import Enrolment, Profile
from shopbell_server.core.ids import (
    DeviceNo,
    Millis,
    PersonId,
    ProfileId,
    StaffId,
    VisitId,
    ZoneId,
)
from shopbell_server.core.registry import Store, Zone
from shopbell_server.core.serving.engagement import (
    HELD_MS,
    Engagement,
    Helper,
    Mistaken,
    Present,
    Taken,
)
from shopbell_server.core.visits.sessions import sessions
from shopbell_server.core.visits.stored import State, Visit
from tests.server.core.stays import ADA, DEMO, SECOND, STORE, acted, at, felt, heard
from tests.server.ledger_entries import entry_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.edges.deafness import Mark
    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.serving.engagement import State as Doing

PLACE = Place(
    store=Store(id=STORE, name="Kalverstraat", timezone="Europe/Amsterdam"),
    zones={
        ZoneId(each): Zone(id=ZoneId(each), store=STORE, name=each.title())
        for each in ("entrance", "till")
    },
)
ENROLMENT = Enrolment(
    person=ADA,
    profile=ProfileId("p"),
    device_no=DeviceNo(1),
    created_ms=at(0),
    revoked_ms=None,
)
PROFILE = Profile(id=ProfileId("p"), first_name="Ada", language="nl", staff=False)
ALLOWING = (Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, Purpose.GREET_BY_NAME)


def entry(
    purpose: Purpose, change: Change, at_ms: int, *, until_ms: int | None = None, sequence: int = 0
) -> Entry:
    return entry_of(
        ADA,
        purpose,
        change,
        at(at_ms),
        sequence=sequence,
        until_ms=None if until_ms is None else at(until_ms),
    )


GIVEN = tuple(entry(purpose, Change.GIVEN, 0) for purpose in ALLOWING)


@dataclass(frozen=True)
class Truth:
    """All that a database has of somebody in the store."""

    visits: tuple[Visit, ...]
    subject: Subject | None
    evidence: tuple[Interval, ...]
    engagements: tuple[Engagement, ...] = ()

    def read_at(self, now_ms: Millis) -> Stored:
        """Return what the use case reads of it."""
        return Stored(
            visits=tuple(
                each
                for each in self.visits
                if each.state != "ended" and (each.session.gone_ms or 0) >= now_ms
            ),
            subject=self.subject,
            heard=tuple(
                each for each in self.evidence if each.last_ms >= now_ms - DEMO.zone_recent_ms
            ),
            engagements={each.visit: each for each in self.engagements},
        )


NOBODY = Truth(visits=(), subject=None, evidence=())


def truth(
    evidence: Sequence[Interval],
    *,
    name: str = "v",
    state: State = "open",
    ledger: Sequence[Entry] = GIVEN,
    profile: Profile | None = PROFILE,
    revoked_ms: int | None = None,
    marks: Sequence[Mark] = (),
    done: Doing | None = None,
    facts: Sequence[ChannelFact] = (),
) -> Truth:
    visits = tuple(
        Visit(
            id=VisitId(f"{name}{number}"),
            person=ADA,
            store=STORE,
            handle=number + 1,
            state=state,
            revision=1,
            converted=False,
            session=session,
        )
        for number, session in enumerate(sessions(evidence, DEMO, deafness_of(ears_of(marks))))
    )
    revoked = None if revoked_ms is None else at(revoked_ms)
    return Truth(
        visits=visits,
        subject=subject_of(
            replace(ENROLMENT, revoked_ms=revoked), profile, ledger, facts=tuple(facts)
        ),
        evidence=tuple(evidence),
        engagements=()
        if done is None
        else tuple(
            Engagement(visit=each.id, version=1, state=done, asked_ms=at(SECOND)) for each in visits
        ),
    )


SPAN_S = 90
"""Of the demo's rules: "left?" after 9 s, gone after 30, zones of the last 3 s, held for 135."""

RADIO: tuple[tuple[Carrier, Evidence], ...] = (
    ("ibeacon", Evidence.HINT),
    ("service-data", Evidence.SIGNAL),
)


@st.composite
def _heard(draw: st.DrawFn) -> Interval:
    first = draw(st.integers(0, SPAN_S)) * SECOND
    carrier, evidence = draw(st.sampled_from(RADIO))
    return heard(
        first,
        first + draw(st.sampled_from((0, 1, 3, 4, 8, 20))) * SECOND,
        n=draw(st.integers(1, 12)),
        scanner=draw(st.sampled_from(("door", "till", "window"))),
        carrier=carrier,
        evidence=evidence,
        zone=draw(st.sampled_from((None, "entrance", "till", "unknown"))),
        loss_db=draw(st.sampled_from((None, 5.0, 9.0, 12.0, 20.0))),
    )


_acted = st.builds(
    lambda at_s, zone: acted(at_s * SECOND, zone=zone),
    st.integers(0, SPAN_S),
    st.sampled_from((None, "entrance", "till")),
)

_entries = st.builds(
    lambda purpose, change, at_s, until_s: entry(
        purpose, change, at_s * SECOND, until_ms=None if until_s is None else until_s * SECOND
    ),
    st.sampled_from(ALLOWING),
    st.sampled_from((Change.GIVEN, Change.WITHDRAWN)),
    st.integers(0, SPAN_S),
    st.none() | st.integers(0, 2 * SPAN_S),
)

_ledgers = st.lists(_entries, max_size=3).map(
    lambda more: (
        *GIVEN,
        *(replace(each, sequence=number) for number, each in enumerate(more, 1)),
    )
)


_marks = st.lists(
    st.builds(
        lambda state, at_s, scanner: felt(state, at_s * SECOND, scanner=scanner),
        st.sampled_from(("blind", "hearing")),
        st.integers(0, SPAN_S),
        st.sampled_from(("door", "till", "window", "camera")),
    ),
    max_size=3,
)


_done: st.SearchStrategy[Doing | None] = st.one_of(
    st.none(),
    # What was touched long ago is released within the span.
    st.builds(
        lambda touched_s: Taken(
            by=Helper(staff=StaffId("sam"), role="advisor"),
            since_ms=at(touched_s * SECOND - HELD_MS),
            touched_ms=at(touched_s * SECOND - HELD_MS),
        ),
        st.integers(0, SPAN_S),
    ),
    st.sampled_from((Present(), Mistaken(at_ms=at(0)))),
)


_facts = st.lists(
    st.builds(
        lambda kind, state, due_s, mark: ChannelFact(
            profile=ProfileId("p"),
            kind=kind,
            key=str(mark),
            state=state,
            at_ms=at(0),
            mark=bytes([mark] * 16),
            # An appointment of so far ahead begins to count within the span.
            due_ms=at(due_s * SECOND + (BEFORE_MS if kind is Kind.APPOINTMENT else 0)),
        ),
        st.sampled_from((Kind.APPOINTMENT, Kind.RESERVATION)),
        st.sampled_from(("booked", "reserved")),
        st.integers(0, SPAN_S),
        st.integers(0, 2),
    ),
    max_size=2,
)


def truths(name: str) -> st.SearchStrategy[Truth]:
    """Return all that somebody's rows may become."""
    some = st.builds(
        truth,
        st.lists(st.one_of(_heard(), _heard(), _acted), min_size=1, max_size=5),
        name=st.just(name),
        state=st.sampled_from(("open", "open", "candidate", "ended")),
        ledger=_ledgers,
        profile=st.sampled_from((PROFILE, PROFILE, replace(PROFILE, first_name="Bo"), None)),
        revoked_ms=st.sampled_from((None, None, None, 0)),
        marks=_marks,
        done=_done,
        facts=_facts,
    )
    return st.one_of(st.just(NOBODY), some, some)


PEOPLE = tuple(PersonId(name) for name in ("ada", "ben", "eve"))


@dataclass(frozen=True)
class Step:
    """Time passes, then some people's rows become others."""

    later_ms: int
    became: dict[PersonId, Truth]


steps: st.SearchStrategy[list[Step]] = st.lists(
    st.builds(
        Step,
        st.sampled_from((0, 1, 999, 1_000, 1_001, 3_001, 9_000, 30_000)),
        st.fixed_dictionaries({}, optional={each: truths(each) for each in PEOPLE}),
    ),
    min_size=1,
    max_size=12,
)
