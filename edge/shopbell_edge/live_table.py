"""`shopbell-edge scan`: what is heard now, as a table that renews itself.

Owns: the listening and the drawing.
Never: a token or an address on the screen: phones are rows with letters, in the order of appearing.

With a phone in the hand and this table on the screen, `enter_loss_db` is set at the door: walk to where
customers begin to count, and read the loss.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from shopbell_edge.assembly import radio_of
from shopbell_edge.config import meaning
from shopbell_edge.core.frames import Foreign, recognise
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import interest_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_edge.config import tables
    from shopbell_edge.config.tables import Settings
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.ports import Health

_KEPT: Final = 32
"""Sightings that a row is judged by."""

_MOST_ROWS: Final = 500
"""Phones in a table that a person reads; a flood of made-up tokens takes no more memory than that."""

_FORGET_S: Final = 30.0
_DRAW_S: Final = 1.0


@dataclass(slots=True)
class Row:
    """One token in one frame at one radio."""

    letter: str
    scanner: str
    frame: str
    losses_db: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    count: int = 0
    heard_s: float = 0.0


class LiveTable:
    """What every radio of an edge hears. Run it once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._retailer = meaning.retailer(settings)
        self._rows: dict[tuple[str, str, str], Row] = {}
        self._adverts: dict[str, int] = {}
        self._health: dict[str, Health] = {}
        self._started = 0

    async def run(self, for_s: float | None, *, as_json: bool) -> None:
        """Listen for `for_s` (None: until cancelled); draw every second, or print JSON at the end."""
        async with asyncio.TaskGroup() as tasks:
            listening = [
                tasks.create_task(self._listen(radio), name=radio.scanner)
                for radio in self._settings.radios
            ]
            until = None if for_s is None else time.monotonic() + for_s
            while until is None or time.monotonic() < until:
                left_s = _DRAW_S if until is None else min(_DRAW_S, until - time.monotonic())
                await asyncio.sleep(max(0.0, left_s))
                self._forget()
                if not as_json:
                    self._draw()
            for task in listening:
                task.cancel()
        if as_json:
            print(json.dumps(self._document()))  # the answer of the command

    async def _listen(self, radio: tables.Radio) -> None:
        offset_db = radio.offset_db
        default_dbm = self._settings.retailer.power_dbm

        def heard(advertisement: Advertisement) -> None:
            self._adverts[radio.scanner] = self._adverts.get(radio.scanner, 0) + 1
            found = recognise(advertisement, self._retailer)
            if isinstance(found, Foreign):
                return
            for carrier in found:
                row = self._row(radio.scanner, carrier.frame, carrier.token)
                if row is None:
                    continue
                power_dbm = default_dbm if carrier.power_dbm is None else carrier.power_dbm
                row.losses_db.append(power_dbm - advertisement.rssi_dbm + offset_db)
                row.count += 1
                row.heard_s = time.monotonic()

        def feels(health: Health) -> None:
            self._health[radio.scanner] = health

        look = interest_in(self._retailer)
        boottime = Boottime(0)  # nobody is known, so it makes no difference
        await radio_of(self._settings, radio, look, lambda: boottime).listen(heard, feels)

    def _row(self, scanner: str, frame: str, token: str) -> Row | None:
        key = (scanner, frame, token)
        row = self._rows.get(key)
        if row is None and len(self._rows) < _MOST_ROWS:
            row = self._rows[key] = Row(_letter(self._started), scanner, frame)
            self._started += 1
        return row

    def _forget(self) -> None:
        now = time.monotonic()
        self._rows = {key: row for key, row in self._rows.items() if now - row.heard_s < _FORGET_S}

    def _nearest(self) -> list[Row]:
        return sorted(self._rows.values(), key=lambda row: median(row.losses_db))

    def _draw(self) -> None:
        lines = list(self._lines())
        if sys.stdout.isatty():
            sys.stdout.write("\x1b[H\x1b[J")  # top left, and clear what is below
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    def _lines(self) -> Iterator[str]:
        for radio in self._settings.radios:
            health = self._health.get(radio.scanner)
            state = "starting" if health is None else f"{health.state} ({health.reason})"
            count = self._adverts.get(radio.scanner, 0)
            yield f"{radio.scanner}: {state}, {count} advertisements of interest"
        rows = self._nearest()
        yield ""
        yield "phone  radio       frame         heard  loss now  median  nearer than"
        now = time.monotonic()
        for row in rows:
            yield (
                f"{row.letter:<6} {row.scanner:<11} {row.frame:<12} {now - row.heard_s:4.0f} s"
                f"  {row.losses_db[-1]:5.0f} dB {median(row.losses_db):5.0f} dB  "
                f"{self._limits(row)}"
            )
        if not rows:
            yield "(no phone of this retailer)"

    def _limits(self, row: Row) -> str:
        radio = next(each for each in self._settings.radios if each.scanner == row.scanner)
        rules = meaning.presence_rules(self._settings, radio)
        near = median(row.losses_db)
        if near <= rules.enter_loss_db:
            return f"enter ({rules.enter_loss_db:g} dB)"
        return f"leave ({rules.leave_loss_db:g} dB)" if near <= rules.leave_loss_db else "-"

    def _document(self) -> dict[str, object]:
        return {
            "radios": [
                {
                    "scanner": radio.scanner,
                    "state": self._health[radio.scanner].state
                    if radio.scanner in self._health
                    else "starting",
                    "advertisements": self._adverts.get(radio.scanner, 0),
                }
                for radio in self._settings.radios
            ],
            "phones": [
                {
                    "phone": row.letter,
                    "scanner": row.scanner,
                    "frame": row.frame,
                    "sightings": row.count,
                    "loss_db": round(median(row.losses_db), 1),
                }
                for row in self._nearest()
            ],
        }


def _letter(number: int) -> str:
    """Return A … Z, AA … for 0, 1, 2 …: the same phone keeps its letter while it is heard."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
