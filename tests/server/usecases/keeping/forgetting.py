"""Forget somebody, and see what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.facts import ProfileErased
from shopbell_server.core.ids import FactId, Millis
from shopbell_server.core.keeping.erasure import stands_for
from shopbell_server.core.keeping.owners import owner_of_person, owner_of_profile
from shopbell_server.ports.boxes import Content
from shopbell_server.ports.told import Told
from shopbell_server.usecases.keeping.erase import erase
from shopbell_server.usecases.visits.recompute import Terms
from tests.server.usecases.floor import MINUTE, NOW, RULES, SINK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import PersonId
    from shopbell_server.core.keeping.erasure import Erasure
    from shopbell_server.usecases.keeping.erase import Erased
    from tests.server.usecases.floor import Floor, Someone


HERSELF = Actor(kind="phone", name="")
TERMS = Terms(rules=RULES, sinks=(SINK,))
LATER = Millis(NOW + MINUTE)


def forget(
    floor: Floor, person: PersonId, terms: Terms = TERMS, at_ms: Millis = LATER
) -> Erased | None:
    with floor.database.begin() as work:
        erased = erase(work, floor.entropy, at_ms, person=person, actor=HERSELF, terms=terms)
        work.commit()
    return erased


def forgotten(floor: Floor, someone: Someone) -> Erasure:
    erased = forget(floor, someone.person)
    assert erased is not None
    return erased.erasures[-1]


def sent(floor: Floor, erasure: Erasure) -> Sequence[ProfileErased]:
    """Hand over what waits for the sink, and say what it was."""
    with floor.database.begin() as work:
        claimed = work.outgoing.claim(SINK, Millis(LATER + 1), 0, 9)
        for each in claimed:
            work.outgoing.delivered(SINK, each.fact.fact, LATER)
        work.commit()
    mine = [each.fact for each in claimed if each.fact.person == stands_for(erasure.id)]
    assert all(isinstance(each, ProfileErased) for each in mine)
    return mine  # type: ignore[return-value]  # as was just said


def undone(floor: Floor) -> Sequence[Erasure]:
    with floor.database.read() as work:
        return work.erasures.undone(9)


def a_telling(someone: Someone, sink: str) -> Told:
    return Told(
        person=someone.person,
        sink=sink,
        fact=FactId(f"told-{sink}"),
        kind="shopbell.visit.started.v1",
        at_ms=Millis(NOW),
        delivered=True,
        answer="200",
    )


def sealed_of(floor: Floor, someone: Someone) -> list[Content]:
    owners = (owner_of_person(someone.person), owner_of_profile(someone.enrolment.profile))
    values = [Content(owner, "row", b"her name") for owner in owners]
    boxes = floor.database.boxes.seal("t.c", values)
    return [Content(each.owner, "row", box) for each, box in zip(values, boxes, strict=True)]
