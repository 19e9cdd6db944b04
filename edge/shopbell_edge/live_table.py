"""`shopbell-edge scan`: what is heard now, as a table that renews itself.

Owns: the listening and the drawing.
Never: a token or an address on the screen: phones are rows with letters, in the order of appearing.

With a phone in the hand and this table on the screen, `enter_loss_db` is set at the door: walk to where
customers begin to count, and read the loss.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.assembly import radio_of
from shopbell_edge.config import meaning
from shopbell_edge.core.frames import Foreign, recognise
from shopbell_edge.core.minute import BIN_MS, BINS, Minute, bars
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import interest_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_edge.config import tables
    from shopbell_edge.config.tables import Settings
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.rules import Rules
    from shopbell_edge.ports import Health, Radio

_KEPT: Final = 16
"""Sightings that a row is judged by: at two a second, eight seconds, so that it follows whoever walks."""

_MOST_ROWS: Final = 500
"""Phones in a table that a person reads; a flood of made-up tokens takes no more memory than that."""

_FORGET_MS: Final = BINS * BIN_MS
_DRAW_S: Final = 1.0

_MARGIN_DB: Final = 12.0
"""Bars are full so much below the enter threshold, and empty so much above the leave threshold."""

Nearness = Literal["NEAR", "stays", "far"]
"""Near enough to enter; too far to enter but not to stay; neither."""


@dataclass(slots=True)
class Row:
    """One token in one frame at one radio."""

    letter: str
    scanner: str
    frame: str
    began_ms: int
    heard_ms: int
    minute: Minute = field(default_factory=Minute)
    losses_db: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    count: int = 0

    def hear(self, now_ms: int, loss_db: float) -> None:
        """Take in a sighting."""
        self.losses_db.append(loss_db)
        self.minute.add(now_ms, loss_db)
        self.count += 1
        self.heard_ms = now_ms

    def nearness(self, rules: Rules) -> Nearness:
        """Return what its losses mean."""
        loss_db = median(self.losses_db)
        if loss_db <= rules.enter_loss_db:
            return "NEAR"
        return "stays" if loss_db <= rules.leave_loss_db else "far"


class LiveTable:
    """What every radio of an edge hears. Run it once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._retailer = meaning.retailer(settings)
        self._rules = {
            each.scanner: meaning.presence_rules(settings, each) for each in settings.radios
        }
        self._rows: dict[tuple[str, str, str], Row] = {}
        self._radios: dict[str, Radio] = {}
        self._adverts: Counter[str] = Counter()
        self._received: dict[str, deque[tuple[int, int]]] = {}
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
            self._adverts[radio.scanner] += 1
            found = recognise(advertisement, self._retailer)
            if isinstance(found, Foreign):
                return
            now_ms = _now_ms()
            for carrier in found:
                row = self._row(radio.scanner, carrier.frame, carrier.token, now_ms)
                if row is not None:
                    power_dbm = default_dbm if carrier.power_dbm is None else carrier.power_dbm
                    row.hear(now_ms, power_dbm - advertisement.rssi_dbm + offset_db)

        def feels(health: Health) -> None:
            self._health[radio.scanner] = health

        look = interest_in(self._retailer)
        boottime = Boottime(0)  # nobody is known, so it makes no difference
        adapter = radio_of(self._settings, radio, look, lambda: boottime)
        self._radios[radio.scanner] = adapter
        await adapter.listen(heard, feels)

    def _row(self, scanner: str, frame: str, token: str, now_ms: int) -> Row | None:
        key = (scanner, frame, token)
        row = self._rows.get(key)
        if row is None and len(self._rows) < _MOST_ROWS:
            letter = _letter(self._started)
            row = self._rows[key] = Row(letter, scanner, frame, now_ms, now_ms)
            self._started += 1
        return row

    def _forget(self) -> None:
        now_ms = _now_ms()
        self._rows = {
            key: row for key, row in self._rows.items() if now_ms - row.heard_ms < _FORGET_MS
        }
        for scanner in self._radios:
            received = self._received.setdefault(scanner, deque(maxlen=10))
            received.append((now_ms, self._all(scanner)))

    def _all(self, scanner: str) -> int:
        """Return how many advertisements were received in all, strangers' too."""
        radio = self._radios.get(scanner)
        foreign = 0 if radio is None else radio.dropped.get(Foreign.NOT_OURS, 0)
        return self._adverts[scanner] + foreign

    def _rate(self, scanner: str) -> float:
        received = self._received.get(scanner)
        if received is None or len(received) < 2:  # noqa: PLR2004  a rate has a beginning and an end
            return 0.0
        (began_ms, before), (now_ms, now) = received[0], received[-1]
        return (now - before) * 1000 / max(now_ms - began_ms, 1)

    def _nearest(self) -> list[Row]:
        return sorted(self._rows.values(), key=lambda row: median(row.losses_db))

    def _draw(self) -> None:
        size = shutil.get_terminal_size((80, 24))
        terminal = sys.stdout.isatty()
        lines = list(self._lines(size.lines - 1 if terminal else _MOST_ROWS + 20))
        if terminal:
            lines = [line[: size.columns] for line in lines]
            sys.stdout.write("\x1b[H\x1b[J")  # top left, and clear what is below
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    def _lines(self, most: int) -> Iterator[str]:
        now_ms, rows = _now_ms(), self._nearest()
        above = [*self._of_radios(), "", *self._of_frames(rows, now_ms), ""]
        yield from above
        if not rows:
            yield "no phone of this retailer is heard"
            return
        yield f"{'phone':<5} {'radio':<8} {'frame':<12} {'dB':>5} {'the last minute':<{BINS}} {'':>5}  now"
        room = max(1, most - len(above) - 2)
        for row in rows[:room]:
            yield self._of_phone(row, now_ms)
        if len(rows) > room:
            yield f"and {len(rows) - room} more, farther away"

    def _of_radios(self) -> Iterator[str]:
        for radio in self._settings.radios:
            health = self._health.get(radio.scanner)
            state = "starting" if health is None else f"{health.state} ({health.reason})"
            rules = self._rules[radio.scanner]
            yield f"{radio.scanner}: {state}, {self._rate(radio.scanner):.1f} advertisements/s of all"
            yield (
                f"  NEAR up to {rules.enter_loss_db:g} dB of loss (enter_loss_db), "
                f"stays up to {rules.leave_loss_db:g} (leave_loss_db)"
            )

    def _of_frames(self, rows: list[Row], now_ms: int) -> Iterator[str]:
        for frame in sorted({row.frame for row in rows}):
            of_it = [row for row in rows if row.frame == frame]
            rate = sum(row.minute.rate(now_ms, row.began_ms) for row in of_it)
            near = sum(row.nearness(self._rules[row.scanner]) == "NEAR" for row in of_it)
            yield f"{frame:<12} {rate:6.1f}/s  phones: {len(of_it)}, near: {near}"

    def _of_phone(self, row: Row, now_ms: int) -> str:
        rules = self._rules[row.scanner]
        line = bars(
            row.minute.losses_db(now_ms),
            rules.enter_loss_db - _MARGIN_DB,
            rules.leave_loss_db + _MARGIN_DB,
        )
        silent_s = (now_ms - row.heard_ms) // 1000
        now = row.nearness(rules) if silent_s * 1000 < 2 * BIN_MS else f"-{silent_s} s"
        return (
            f"{row.letter:<5} {row.scanner:<8.8} {row.frame:<12} {median(row.losses_db):5.0f} {line} "
            f"{row.minute.rate(now_ms, row.began_ms):3.1f}/s  {now}"
        )

    def _document(self) -> dict[str, object]:
        return {
            "radios": [
                {
                    "scanner": radio.scanner,
                    "state": self._health[radio.scanner].state
                    if radio.scanner in self._health
                    else "starting",
                    "advertisements": self._all(radio.scanner),
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
                    "nearness": row.nearness(self._rules[row.scanner]).lower(),
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


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
