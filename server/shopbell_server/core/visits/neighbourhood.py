"""How much of somebody's time new evidence can change.

Owns: the span that must be computed anew, so that the result is as if everything had been.
Never: where visits are kept; whoever asks hands in the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.stretches import Stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.stored import Visit


Who = TypeVar("Who")


class Neighbourhood(NamedTuple):
    """[from_ms, to_ms] holds every interval that matters, and `visits` every stored visit."""

    from_ms: Millis
    to_ms: Millis
    visits: tuple[Visit, ...]


def neighbourhood(
    touched: Iterable[Interval],
    touching: Callable[[Millis, Millis], Sequence[Visit]],
    reach_ms: int,
) -> Neighbourhood:
    """Return what to load around `touched`, new intervals (at least one) of one person in one store.

    `touching(from_ms, to_ms)` must return the stored visits and candidates that share a moment with
    that span. It is asked again, with a wider span, until nothing more comes: a late interval may
    join visits that were out of each other's reach. `reach_ms` is the rules' widest reach. Each round
    but the last adds a visit, so it ends.
    """
    (found,) = neighbourhoods(
        {None: tuple(touched)},
        lambda _, from_ms, to_ms: {None: touching(from_ms, to_ms)},
        reach_ms,
    ).values()
    return found


def neighbourhoods(
    touched: Mapping[Who, Sequence[Interval]],
    touching: Callable[[Collection[Who], Millis, Millis], Mapping[Who, Sequence[Visit]]],
    reach_ms: int,
) -> dict[Who, Neighbourhood]:
    """Return `neighbourhood` of several people in one store, with few questions for all of them.

    `touching(people, from_ms, to_ms)` may leave out who has no visits there. A second question is for
    those alone whose visits reach out of what the first one was about.
    """
    spans = {
        who: Stretch(min(each.key.first_ms for each in new), max(each.last_ms for each in new))
        for who, new in touched.items()
    }
    return reached(spans, touching, reach_ms)


def reached(
    spans: Mapping[Who, Stretch],
    touching: Callable[[Collection[Who], Millis, Millis], Mapping[Who, Sequence[Visit]]],
    reach_ms: int,
) -> dict[Who, Neighbourhood]:
    """Return the same around a stretch of each person's time in which something changed."""
    found: dict[Who, Neighbourhood] = {}
    growing = dict(spans)
    while growing:
        stored = touching(
            growing.keys(),
            Millis(min(span.first_ms for span in growing.values()) - reach_ms),
            Millis(max(span.last_ms for span in growing.values()) + reach_ms),
        )
        wider: dict[Who, Stretch] = {}
        for who, span in growing.items():
            visits = tuple(
                visit
                for visit in stored.get(who, ())
                if visit.session.start_ms <= span.last_ms + reach_ms
                and visit.session.end_ms >= span.first_ms - reach_ms
            )
            grown = Stretch(
                min([span.first_ms, *(visit.session.start_ms for visit in visits)]),
                max([span.last_ms, *(visit.session.end_ms for visit in visits)]),
            )
            if grown == span:
                found[who] = Neighbourhood(span.first_ms, span.last_ms, visits)
            else:
                wider[who] = grown
        growing = wider
    return found


def overlapping(around: Mapping[Who, Neighbourhood]) -> list[tuple[Stretch, list[Who]]]:
    """Return people together whose neighbourhoods overlap, and the stretch of time that these cover.

    What was heard just now is one stretch for everybody; what comes out of a backlog has its own, so
    that nobody's whole week is loaded for it.
    """
    groups: list[tuple[Stretch, list[Who]]] = []
    for who, near in sorted(around.items(), key=_from_ms):
        if groups and near.from_ms <= groups[-1][0].last_ms:
            covered, people = groups[-1]
            people.append(who)
            groups[-1] = (
                Stretch(covered.first_ms, max(covered.last_ms, near.to_ms)),
                people,
            )
        else:
            groups.append((Stretch(near.from_ms, near.to_ms), [who]))
    return groups


def _from_ms(one: tuple[Who, Neighbourhood]) -> Millis:
    return one[1].from_ms
