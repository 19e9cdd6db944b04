"""The shop, running: people walk, phones send, edges hear, the app does what people want.

Owns: the clock of the simulation, and what each customer's phone holds.
Never: how people walk or signals travel (`core`), or which programs run (`demo`).
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from shopbell_sim.adapters.app import Said
from shopbell_sim.adapters.show_pass import pass_of
from shopbell_sim.core import plan
from shopbell_sim.core.airspace import Airspace, Sender
from shopbell_sim.core.crowd import Crowd
from shopbell_sim.core.phone import WINDOW_S, frames, next_turn_s
from shopbell_sim.core.radio import SHOP
from shopbell_sim.core.shopper import Doing, checking_in
from shopbell_sim.core.stranger import stranger
from shopbell_sim.painting import Painter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from shopbell_sim.adapters.app import App
    from shopbell_sim.adapters.feed import Feed
    from shopbell_sim.adapters.show_pass import CameraFolder
    from shopbell_sim.adapters.truth import Truth
    from shopbell_sim.core.advert import Advert
    from shopbell_sim.core.crowd import Happened, Who
    from shopbell_sim.core.floor import Floor
    from shopbell_sim.core.picture import Picture
    from shopbell_sim.core.shopper import Shopper
    from shopbell_sim.customer import Customer

TICK_S: Final = 0.1
"""Somebody who walks moves 12 cm; an advertisement is late by less than its own interval."""

LONGEST_STEP_S: Final = 0.5
"""After a stall (a laptop that slept) people go on where they were, not through walls."""

STRANGERS: Final = 3
"""On the pavement at a time."""

WITHDRAWS_AFTER_S: Final = 25.0
"""Somebody who changes her mind does so in the middle of her visit."""

REFUSED_VISITS: Final = 2
"""So many visits later she allows it again."""

TILL: Final = "till-1"
"""The floor has one."""

REFRESH_S: Final = 5 * 86_400
"""A phone fetches tokens when it has less than five days of them."""


class Shop:
    """Runs once, in a task."""

    def __init__(  # noqa: PLR0913  (what it is made of, each by name)
        self,
        *,
        floor: Floor,
        rng: Random,
        app: App,
        store: str | None,
        feeds: Mapping[str, Feed],
        camera: CameraFolder | None,
        truth: Truth | None = None,
        duty: Mapping[str, float] | None = None,
        look_s: float = plan.LOOK_S,
    ) -> None:
        """Take over `feeds`, by scanner name.

        The till sends receipts of `store`; None: it is connected to nothing. Without a camera nobody
        shows a pass.
        """
        self._floor = floor
        self._rng = rng
        self._app = app
        self._store = store
        self._feeds = feeds
        self._camera = camera
        self._truth = truth
        self._look_s = look_s
        self._crowd = Crowd(floor)
        self._airspace = Airspace(floor, SHOP, rng, duty)
        self._customers: dict[Who, Customer] = {}
        self._strangers = [stranger(rng, floor, 0.0, number) for number in range(STRANGERS)]
        self._stranger_count = STRANGERS
        self._next_arrival_s = 0.0
        self._painter = Painter(floor)

    def add(self, customer: Customer) -> None:
        """Let somebody live near the shop; she comes when the dice say so."""
        self._customers[customer.person.who] = customer
        if self._truth is not None:
            self._truth.person(customer.person)

    def check_in(self, who: Who) -> None:
        """Let somebody stand at the till already and hold up her pass, now."""
        now_s = time.time()
        self._crowd.place(who, checking_in(plan.first_errand(self._floor), self._floor, now_s))
        self._painter.followed = who
        self._show_pass(who, now_s)
        self._note("entered", who, now_s)
        self._note("showed_pass", who, now_s)

    async def run(self, duration_s: float | None = None) -> None:
        """Let the day go by, until cancelled or for so long. Raises AppError when the server refuses."""
        started_s = last_s = time.time()
        async with asyncio.TaskGroup() as errands:
            while duration_s is None or last_s - started_s < duration_s:
                now_s = time.time()
                self._arrivals(now_s, errands)
                step_s = min(max(now_s - last_s, 0.0), LONGEST_STEP_S)
                for each in self._crowd.step(self._rng, now_s, step_s):
                    self._happened(each, errands)
                self._minds(now_s, errands)
                self._send(now_s)
                last_s = now_s
                await asyncio.sleep(TICK_S)

    def picture(self) -> Picture:
        """Return what the `/demo` page shows now."""
        now_s = time.time()
        places = (each.at(self._floor, now_s) for each in self._strangers)
        passing = [at for at in places if at is not None]
        return self._painter.paint(self._crowd, self._customers, passing, now_s)

    # ------------------------------------------------------------------ people

    def _arrivals(self, now_s: float, errands: asyncio.TaskGroup) -> None:
        if now_s < self._next_arrival_s:
            return
        present = self._crowd.shoppers
        self._next_arrival_s = now_s + plan.arrival_gap_s(self._rng, len(present))
        free = [
            customer
            for who, customer in self._customers.items()
            if who not in present and customer.away_until_s <= now_s
        ]
        if not free:
            return
        customer = self._rng.choice(free)
        who = customer.person.who
        self._crowd.add(who, plan.errand(self._rng, self._floor, self._look_s))
        if customer.identity is not None:
            if max(customer.identity.tokens) * WINDOW_S < now_s + REFRESH_S:
                errands.create_task(self._fetch(customer), name=f"tokens-{who}")
        elif customer.person.recognised:
            customer.refused_visits += 1
            if customer.refused_visits > REFUSED_VISITS:
                errands.create_task(self._allow(customer, now_s), name=f"consent-{who}")

    def _happened(self, happened: Happened, errands: asyncio.TaskGroup) -> None:
        if self._truth is not None:
            self._truth.happened(happened)
        who, now_s = happened.who, happened.at_s
        customer = self._customers[who]
        if happened.what == "showed_pass":
            self._show_pass(who, now_s)
        elif happened.what == "bought" and self._store is not None:
            paid = self._app.pay(customer.enrolled, store=self._store, till=TILL, at_s=now_s)
            errands.create_task(paid, name=f"receipt-{who}")
        elif happened.what == "entered" and customer.person.changes_mind:
            customer.withdraws_at_s = now_s + WITHDRAWS_AFTER_S
        elif happened.what == "gone":
            customer.away_until_s = now_s + self._rng.uniform(0.6, 2.0) * plan.AWAY_S
            customer.withdraws_at_s = None

    def _show_pass(self, who: Who, now_s: float) -> None:
        if self._camera is not None:
            self._camera.show(pass_of(self._customers[who].enrolled, now_s), self._rng)

    # ------------------------------------------------------------------ consent

    def _minds(self, now_s: float, errands: asyncio.TaskGroup) -> None:
        for who in self._crowd.shoppers:
            customer = self._customers[who]
            due_s = customer.withdraws_at_s
            if due_s is not None and now_s >= due_s and customer.identity is not None:
                customer.withdraws_at_s = None
                customer.identity = None
                customer.refused_visits = 0
                errands.create_task(self._withdraw(customer, now_s), name=f"consent-{who}")

    async def _withdraw(self, customer: Customer, now_s: float) -> None:
        self._note("withdrew", customer.person.who, now_s)
        said = [Said(purpose="recognise_in_store", given=False)]
        await self._app.turn(customer.enrolled, said, customer.person.language)

    async def _allow(self, customer: Customer, now_s: float) -> None:
        said = [Said(purpose="recognise_in_store")]
        await self._app.turn(customer.enrolled, said, customer.person.language)
        self._note("gave", customer.person.who, now_s)
        await self._fetch(customer)

    async def _fetch(self, customer: Customer) -> None:
        customer.identity = await self._app.identity(customer.enrolled)

    def _note(self, what: str, who: Who, now_s: float) -> None:
        if self._truth is not None:
            self._truth.note(what, who, now_s, self._crowd.zone_of(who))

    # ------------------------------------------------------------------ signals

    def _send(self, now_s: float) -> None:
        senders = [
            self._sender(who, shopper, now_s) for who, shopper in self._crowd.shoppers.items()
        ]
        for place, each in enumerate(self._strangers):
            at = each.at(self._floor, now_s)
            if at is None:
                self._stranger_count += 1
                self._strangers[place] = stranger(
                    self._rng, self._floor, now_s, self._stranger_count
                )
            else:
                senders.append(each.sender(at))
        heard = self._airspace.step(self._rng, senders, now_s)
        for one in heard:
            if self._feeds[one.scanner].send(one.payload, one.rssi_dbm):
                self._painter.heard(one, now_s)

    def _sender(self, who: Who, shopper: Shopper, now_s: float) -> Sender:
        customer = self._customers[who]
        customer.on_air = self._adverts(customer, shopper, now_s)
        return Sender(
            key=who,
            at=shopper.at,
            heading_rad=shopper.heading_rad,
            moving=shopper.moving,
            offset_db=customer.person.phone.offset_db if customer.fob is None else 0.0,
            interval_ms=customer.interval_ms,
            adverts=customer.on_air,
        )

    def _adverts(self, customer: Customer, shopper: Shopper, now_s: float) -> tuple[Advert, ...]:
        if customer.fob is not None:
            return (customer.fob.advert,)
        if customer.identity is None:
            return ()
        model = customer.person.phone
        if model.platform == "ios":
            if now_s >= customer.turn_s:
                customer.app_open = not customer.app_open
                customer.turn_s = now_s + next_turn_s(self._rng, on=customer.app_open)
            # Whoever holds up her pass has the app open.
            if not customer.app_open and shopper.doing is not Doing.CHECKING_IN:
                return ()
        return frames(model, customer.identity, now_s)
