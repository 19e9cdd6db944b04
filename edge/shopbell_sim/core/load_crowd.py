"""Many shops at once, for load: who is where, and which edge says so when.

Owns: stays of customers, their walks between edges, and the pace at which edges tell of them.
Never: tokens, bytes or a clock. Moments are Unix milliseconds and handed in; the dice are too.

No radio here: what matters to a server is which edge tells of whom how often, and that is the
protocol's pace. `shopbell-sim run` has the physics.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import LASTED, MOVED_DB, ONLINE, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from shopbell_wire.messages import Phase

STAY_MS: Final = 20 * 60_000
"""Of a visit on average, between a quarter and one and three quarters of it: a shop's half hour is mostly
this and the till."""

LOOK_MS: Final = 240_000
"""On average before one shelf, exponentially: the four minutes of a real shop (`core.plan.LOOK_S`)."""

WALK_MS: Final = 20_000
"""From one shelf to the next: 20 m at a stroll. Meanwhile edges tell every 5 s."""

PASSES: Final = 0.2
"""Share of visits that end with a pass at the till."""

WINDOW_MS: Final = 900_000
"""A token's quarter of an hour."""

JITTER_MS: Final = 60_000
"""Phones change tokens so long after the quarter at the most, each at its own moment."""

SIGHTING_MS: Final = 500
"""One sighting in so long: a phone sends every 250 ms, and half of that is lost."""

MIN_SIGHTINGS: Final = Rules().enter_sightings
"""Of a stay: so many made it."""

RAMP_MS: Final = 30_000
"""The first ones come within a steady report's time, so that the reports are spread from then on."""

NEAR_DB: Final = 8.0
"""Path loss at the edge that she stands before; FURTHER_DB more at each one beyond."""

FURTHER_DB: Final = 7.0


class Told(NamedTuple):
    """What an edge says: `phase` of a person's stay, or (None) that she showed her pass to its camera."""

    store: int
    edge: int
    """Its number in the store."""
    person: int
    """Her number in the store."""
    phase: Phase | None
    window: int
    """Of the token that was heard."""
    first_ms: int
    last_ms: int
    n: int
    loss_db: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many of everything. `speed`: stays, walks and pace go so many times as fast; clocks do not."""

    stores: int
    edges: int
    customers: int
    """In a store at a time."""
    heard_by: int
    """Edges that hear one customer at a time."""
    speed: float

    def people(self, duration_ms: int) -> int:
        """Return how many people a store needs so that nobody comes twice within `duration_ms`."""
        come = duration_ms * self.speed * self.customers / STAY_MS
        return self.customers + int(come * _MARGIN) + 1


_MARGIN: Final = 1.5
"""More than come on average: stays of a few stores are shorter by chance."""


@dataclass(slots=True, eq=False)
class _Heard:
    """A stay at one edge, by one token."""

    customer: _Customer
    edge: int
    window: int
    first_ms: int
    last_ms: int
    due_ms: int
    lasted: bool = False
    """Whether the report that lets the server show it was made."""
    over: bool = False
    """Whether it is heard no more: what is left to say is `inactive` and `left`."""
    gone: bool = False
    """Whether `inactive` was said."""


@dataclass(slots=True, eq=False)
class _Customer:
    """Somebody in a store until `goes_ms`, near the edge `at`; `stays` by edge."""

    store: int
    person: int
    jitter_ms: int
    goes_ms: int
    at: int
    walks: bool
    stays: dict[int, _Heard]


class Crowd:
    """All customers of all stores. People of a store come in their order, each again after all others."""

    def __init__(self, size: Size, people: int, rng: Random, began_ms: int) -> None:
        """Let `size.customers` of each store's `people` come in within RAMP_MS of `began_ms`."""
        self._size = size
        self._people = people
        self._rng = rng
        self._rules = Rules()
        self._came = [0] * size.stores
        self._number = 0
        self._agenda: list[tuple[int, int, _Customer | _Heard | int]] = []
        ramp_ms = self._fast(RAMP_MS)
        for store in range(size.stores):
            for _ in range(size.customers):
                self._at(began_ms + rng.randrange(ramp_ms), store)

    def until(self, now_ms: int) -> Iterator[Told]:
        """Yield what edges have to say up to `now_ms`, by time. Moments must not run backwards."""
        while self._agenda and self._agenda[0][0] <= now_ms:
            due_ms, _, what = heappop(self._agenda)
            if isinstance(what, int):
                yield from self._comes(what, due_ms)
            elif isinstance(what, _Customer):
                yield from self._turns(what, due_ms)
            elif what.due_ms == due_ms:  # else it was brought forward, or she is heard no more
                yield from self._goes_on(what, due_ms)

    def _comes(self, store: int, now_ms: int) -> Iterator[Told]:
        come = self._came[store]
        self._came[store] = come + 1
        # Of the first ones most came before us: they leave one after the other from the beginning on.
        share = self._rng.uniform(0.05 if come < self._size.customers else 0.25, 1.75)
        customer = _Customer(
            store=store,
            person=come % self._people,
            jitter_ms=self._rng.randrange(JITTER_MS),
            goes_ms=now_ms + self._fast(STAY_MS * share),
            at=self._rng.randrange(self._size.edges),
            walks=True,
            stays={},
        )
        yield from self._is_heard(customer, now_ms)
        self._at(min(now_ms + self._fast(WALK_MS), customer.goes_ms), customer)

    def _turns(self, customer: _Customer, now_ms: int) -> Iterator[Told]:
        """Let her stand, walk to another edge, or go."""
        if now_ms >= customer.goes_ms:
            if self._rng.random() < PASSES:
                yield self._shows_pass(customer, now_ms)
            for stay in customer.stays.values():
                self._falls_silent(stay, now_ms)
            self._at(now_ms + 1, customer.store)  # somebody else comes in
            return
        customer.walks = not customer.walks
        if customer.walks:
            for_ms = float(WALK_MS)
            customer.at = self._rng.randrange(self._size.edges)
            yield from self._is_heard(customer, now_ms)
        else:
            for_ms = self._rng.expovariate(1 / LOOK_MS)
        self._at(min(now_ms + self._fast(for_ms), customer.goes_ms), customer)

    def _is_heard(self, customer: _Customer, now_ms: int) -> Iterator[Told]:
        """Let the edges around her hear her, and the others no more."""
        edges = self._size.edges
        around = {(customer.at + step) % edges for step in range(min(edges, self._size.heard_by))}
        for edge in sorted(customer.stays.keys() - around):
            self._falls_silent(customer.stays.pop(edge), now_ms)
        for edge in sorted(around):
            stay = customer.stays.get(edge)
            if stay is None:
                yield self._enters(customer, edge, now_ms)
            else:  # she walks: each edge tells at the pace of who moves, once it has noticed
                soonest_ms = max(now_ms, stay.last_ms + self._fast(ONLINE.moving_ms))
                noticed_ms = soonest_ms + self._fast(ONLINE.moving_ms * self._rng.random())
                self._due(stay, min(stay.due_ms, noticed_ms))

    def _enters(self, customer: _Customer, edge: int, now_ms: int) -> Told:
        stay = _Heard(
            customer=customer,
            edge=edge,
            window=(now_ms - customer.jitter_ms) // WINDOW_MS,
            first_ms=now_ms,
            last_ms=now_ms,
            due_ms=0,
        )
        customer.stays[edge] = stay
        # Each edge hears her well at a moment of its own, and counts from there: they do not tell in step.
        share = self._rng.uniform(1.0, 2.0) if customer.walks else self._rng.uniform(0.5, 1.0)
        self._due(stay, now_ms + int(self._pace_ms(customer) * share))
        return self._said(stay, "entered", "heard near")

    def _goes_on(self, stay: _Heard, now_ms: int) -> Iterator[Told]:
        """Report a stay that is due, or what its silence means by now."""
        if stay.over:
            yield from self._silent(stay, now_ms)
            return
        customer = stay.customer
        if (now_ms - customer.jitter_ms) // WINDOW_MS != stay.window:
            # Her phone has another token now: to the edge this one is gone and another has come.
            del customer.stays[stay.edge]
            self._falls_silent(stay, now_ms)
            yield self._enters(customer, stay.edge, now_ms)
            return
        stay.last_ms = now_ms
        lasted = now_ms - stay.first_ms >= self._fast(self._rules.shown_ms)
        if lasted and not stay.lasted:
            stay.lasted = True
            reason = LASTED
        elif customer.walks:
            reason = f"moved more than {MOVED_DB:g} dB"
        else:
            reason = seconds(ONLINE.steady_ms)
        next_ms = now_ms + self._pace_ms(customer)
        if not stay.lasted:
            next_ms = min(
                next_ms, max(now_ms + 1, stay.first_ms + self._fast(self._rules.shown_ms))
            )
        self._due(stay, next_ms)
        yield self._said(stay, "present", reason)

    def _falls_silent(self, stay: _Heard, now_ms: int) -> None:
        stay.over = True
        self._due(stay, now_ms + self._fast(self._rules.inactive_ms))

    def _silent(self, stay: _Heard, now_ms: int) -> Iterator[Told]:
        inactive_ms, leave_ms = self._rules.inactive_ms, self._rules.leave_ms
        if stay.gone:
            yield self._said(stay, "left", f"unheard for {seconds(leave_ms)}")
            return
        stay.gone = True
        self._due(stay, now_ms + self._fast(leave_ms - inactive_ms))
        yield self._said(stay, "inactive", f"unheard for {seconds(inactive_ms)}")

    def _said(self, stay: _Heard, phase: Phase, reason: str) -> Told:
        customer = stay.customer
        steps = (stay.edge - customer.at) % self._size.edges
        return Told(
            store=customer.store,
            edge=stay.edge,
            person=customer.person,
            phase=phase,
            window=stay.window,
            first_ms=stay.first_ms,
            last_ms=stay.last_ms,
            n=MIN_SIGHTINGS + (stay.last_ms - stay.first_ms) // SIGHTING_MS,
            loss_db=NEAR_DB + FURTHER_DB * min(steps, self._size.heard_by) + self._rng.random(),
            reason=reason,
        )

    def _shows_pass(self, customer: _Customer, now_ms: int) -> Told:
        return Told(
            store=customer.store,
            edge=self._size.edges - 1,
            person=customer.person,
            phase=None,
            window=now_ms // WINDOW_MS,
            first_ms=now_ms,
            last_ms=now_ms,
            n=1,
            loss_db=0.0,
            reason="",
        )

    def _pace_ms(self, customer: _Customer) -> int:
        return self._fast(ONLINE.moving_ms if customer.walks else ONLINE.steady_ms)

    def _fast(self, span_ms: float) -> int:
        return max(1, int(span_ms / self._size.speed))

    def _due(self, stay: _Heard, at_ms: int) -> None:
        if stay.due_ms != at_ms:
            stay.due_ms = at_ms
            self._at(at_ms, stay)

    def _at(self, at_ms: int, what: _Customer | _Heard | int) -> None:
        self._number += 1
        heappush(self._agenda, (at_ms, self._number, what))
