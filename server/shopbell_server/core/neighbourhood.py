"""How much of somebody's time new evidence can change.

Owns: the span that must be computed anew, so that the result is as if everything had been.
Never: where visits are kept; whoever asks hands in the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits import Visit


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
    new = tuple(touched)
    from_ms = min(each.key.first_ms for each in new)
    to_ms = max(each.last_ms for each in new)
    while True:
        visits = tuple(touching(Millis(from_ms - reach_ms), Millis(to_ms + reach_ms)))
        wider_from_ms = min([from_ms, *(visit.session.start_ms for visit in visits)])
        wider_to_ms = max([to_ms, *(visit.session.end_ms for visit in visits)])
        if (wider_from_ms, wider_to_ms) == (from_ms, to_ms):
            return Neighbourhood(from_ms, to_ms, visits)
        from_ms, to_ms = wider_from_ms, wider_to_ms
