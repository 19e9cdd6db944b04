"""Customers who enrolled, and a flow of what they do: phones on the air, passes before the cameras.

Who enrols, enrols through the production's use cases. What they do is seeded; when an edge
hears it is not.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import segno

from shopbell_server.assembly import open_database, terms_of
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.identity.people import Issued
from shopbell_server.core.ids import Day, Millis, PersonId, ProfileId, Window
from shopbell_server.core.recognition.passes import pass_text
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.token_windows import WINDOW_S, day_of_window, window_of
from shopbell_server.crypto import aes_block
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.consent.consents import Said
from shopbell_server.usecases.customers.enrol import Enrolled, TicketOrder, enrol, make_ticket
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_sim.core import advert

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.identity.people import Card

TICK_S: Final = 0.025

TURN: Final = 10
"""Ticks between two adverts of a phone: 250 ms, as the retailer's app advertises."""

ROUND: Final = 240
"""Ticks after which a phone does the same again: six seconds, in which it is away for some."""

PASS_EVERY: Final = 8
"""Ticks between two passes: five a second if the machine keeps up."""

AGAIN: Final = 0.3
"""How often the next pass is the one before, at another camera: it counts once."""

POWER_DBM: Final = -59
RSSI_DBM: Final = -65

AGO_MS: Final = 15 * 60_000
"""Everybody enrolled so long ago: nothing that happens is before her consent."""

WINDOWS: Final = 5
"""Windows of 15 minutes with tokens: the one then, this one, and an hour for a slow machine."""

PURPOSES: Final = (Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, Purpose.SHARE_WITH_CDP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who enrolled: what her phone knows."""

    person: PersonId
    tokens: Mapping[Window, str] = field(repr=False)
    card: Card = field(repr=False)


def enrol_many(settings: Settings, number: int) -> list[Customer]:
    """Enrol `number` customers who allow everything that the flow needs."""
    entropy = SystemEntropy()
    now_ms = Millis(time.time_ns() // 1_000_000)
    then_ms = Millis(now_ms - AGO_MS)
    first = window_of(Millis(then_ms))
    windows = range(first, first + WINDOWS)
    customers = []
    with closing(open_database(settings)) as database:
        make_keys(database, entropy, then_ms)
        make_keys(database, entropy, now_ms)
        with database.begin() as work:
            days = {day_of_window(Window(window)) for window in windows}
            ring = key_ring(work.day_keys.keys([Day(day) for day in days]), aes_block)
            for index in range(number):
                order = TicketOrder(
                    profile=ProfileId(f"profile-{index}"),
                    external_ids={"crm": f"crm-{index}"},
                    first_name=None,
                    language="en",
                )
                ticket = make_ticket(work, entropy, order, then_ms)
                made = enrol(
                    work,
                    entropy,
                    then_ms,
                    ticket=ticket.secret,
                    phone_model=None,
                    said=[_yes(purpose) for purpose in PURPOSES],
                    sinks=terms_of(settings).sinks,
                )
                assert isinstance(made, Enrolled)
                work.people.add_issued(
                    Issued(person=made.person, first=Window(first), last=Window(windows[-1]))
                )
                number_of = work.people.enrolments([made.person])[made.person].device_no
                tokens = {each.window: each.id64 for each in issue(ring, number_of, windows)}
                customers.append(Customer(person=made.person, tokens=tokens, card=made.card))
            work.commit()
    return customers


class Air:
    """What one edge's radio hears; while the edge is dead, nobody hears it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, lines: bytes) -> None:
        try:
            if self._writer is None:
                _, self._writer = await asyncio.open_unix_connection(self._path)
            self._writer.write(lines)
            await self._writer.drain()
        except OSError:
            await self.close()

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def flow(
    customers: Sequence[Customer],
    retailer: str,
    airs: Sequence[Path],
    cameras: Sequence[Path],
    seed: int,
) -> AsyncIterator[None]:
    """Let everybody come, go and show passes, until the end of the block."""
    task = asyncio.create_task(_happen(customers, retailer, airs, cameras, random.Random(seed)))
    try:
        yield
        assert not task.done(), "the flow dried up"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _happen(
    customers: Sequence[Customer],
    retailer: str,
    airs: Sequence[Path],
    cameras: Sequence[Path],
    dice: random.Random,
) -> None:
    radios = [Air(path) for path in airs]
    # Each is away for a third to two thirds of a round, beginning anywhere in it.
    away = [(dice.randrange(ROUND), dice.randrange(ROUND // 3, 2 * ROUND // 3)) for _ in customers]
    shown: tuple[str, Path] | None = None
    number = 0
    try:
        while True:
            for radio in radios:
                here = [
                    customer
                    for index, customer in enumerate(customers)
                    if (number - index) % TURN == 0 and _is_here(away[index], number)
                ]
                await radio.send(b"".join(_line(customer, retailer) for customer in here))
            if number % PASS_EVERY == 0:
                shown = _next_pass(shown, customers, cameras, dice)
                await asyncio.to_thread(_show, *shown, number)
            number += 1
            await asyncio.sleep(TICK_S)
    finally:
        for radio in radios:
            await radio.close()


def _is_here(away: tuple[int, int], number: int) -> bool:
    begins, lasts = away
    return (number - begins) % ROUND >= lasts


def _next_pass(
    before: tuple[str, Path] | None,
    customers: Sequence[Customer],
    cameras: Sequence[Path],
    dice: random.Random,
) -> tuple[str, Path]:
    if before is not None and dice.random() < AGAIN:
        text, camera = before
        return text, dice.choice([each for each in cameras if each != camera])
    customer = dice.choice(customers)
    return pass_text(customer.card.ref, customer.card.secret, int(time.time())), dice.choice(
        cameras
    )


def _yes(purpose: Purpose) -> Said:
    return Said(
        purpose=purpose,
        given=True,
        text_version="1",
        text_sha256="0" * 64,
        language="en",
        until_ms=None,
    )


def _line(customer: Customer, retailer: str) -> bytes:
    token = customer.tokens[Window(int(time.time()) // WINDOW_S)]
    ad = advert.service_data(retailer, token, POWER_DBM).payload
    return json.dumps({"ad": ad.hex(), "rssi": RSSI_DBM}).encode() + b"\n"


def _show(text: str, camera: Path, number: int) -> None:
    part = camera / f".{number}.png"
    segno.make(text, micro=False).save(str(part), scale=6, border=4)
    part.rename(camera / f"{number}.png")
