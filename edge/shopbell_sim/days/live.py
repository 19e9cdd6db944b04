"""A day in real time against a server and edges that run already, and its truth.

Owns: enrolling who comes, and putting on the air of each scanner what it hears, when it hears it.
Never: staff: their phones are for the server to know.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_program.commands import CommandError
from shopbell_program.whereabouts import leaf_of
from shopbell_sim.adapters.app import App
from shopbell_sim.adapters.app_error import AppError
from shopbell_sim.adapters.day_file import read_day
from shopbell_sim.adapters.feed import Feed
from shopbell_sim.adapters.truth import Truth
from shopbell_sim.core import plan
from shopbell_sim.core.day.voices import Voices
from shopbell_sim.core.outing.outings import happened, truth_of
from shopbell_sim.scenario import heard_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shopbell_sim.core.day.day import Day
    from shopbell_sim.core.day.timeline import Rows
    from shopbell_sim.core.outing.outings import Happened, Outing
    from shopbell_sim.core.phone import Identity

TICK_S: Final = 0.1
"""An advertisement is late by less than the interval of any phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for; `from_s` after opening, `for_s` None: to the end."""

    path: Path
    truth: Path
    server: str
    api_key_file: Path
    radios: Path
    from_s: float
    for_s: float | None


class _Happening:
    """What is true of `people`, in the order of time."""

    def __init__(self, day: Day, people: Iterable[Outing]) -> None:
        told = (
            (one, each.who) for each in people for one in happened(each, truth_of(each, day.site))
        )
        self._told = deque(sorted(told, key=lambda both: both[0].at_s))

    def until(self, at_s: float) -> Iterator[tuple[Happened, str]]:
        """Yield what happened since the last call, and to whom."""
        while self._told and self._told[0][0].at_s < at_s:
            yield self._told.popleft()


def main(asked: Asked) -> None:
    """Play the day; write what truly happens to the file of truth."""
    day = read_day(asked.path)
    try:
        api_key = asked.api_key_file.read_text().strip()
    except OSError as error:
        raise CommandError(
            f"{asked.api_key_file}: {error.strerror}; name another file with --api-key-file"
        ) from error
    except UnicodeDecodeError:
        raise CommandError(
            f"{asked.api_key_file}: holds no API key; name another file with --api-key-file"
        ) from None
    try:
        truth = Truth(asked.truth)
    except OSError as error:
        raise CommandError(
            f"{asked.truth}: {error.strerror}; name another file with --truth"
        ) from error
    with truth:
        try:
            asyncio.run(_run(asked, day, api_key, truth))
        except* AppError as group:
            raise CommandError(str(leaf_of(group))) from None


async def _run(asked: Asked, day: Day, api_key: str, truth: Truth) -> None:
    made = day.people()
    end_s = max(each.itinerary.ends_s for each in made)
    until_s = end_s if asked.for_s is None else min(asked.from_s + asked.for_s, end_s)
    people = [
        each
        for each in made
        if each.kind != "staff" and asked.from_s <= each.itinerary.begins_s < until_s
    ]
    feeds = {each.name: Feed(asked.radios / f"{each.name}.sock") for each in day.site.receivers}
    async with App(asked.server, api_key) as app, asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(feed.run()) for feed in feeds.values()]
        try:
            print(
                f"waiting for the edges of {', '.join(feeds)}", file=sys.stderr
            )  # who started us reads
            await heard_by(feeds)
            identities = await _enrolled(app, day, people, truth)
            play = _Play(day=day, people=people, identities=identities, feeds=feeds, truth=truth)
            await play.run(asked.from_s, until_s)
        finally:
            for task in running:
                task.cancel()


async def _enrolled(
    app: App, day: Day, people: Sequence[Outing], truth: Truth
) -> dict[str, Identity]:
    """Enrol everybody who will come; return their tokens."""
    identities = {}
    rng = random.Random(day.seed)
    outing_of = {each.who: each for each in reversed(people)}
    drawn = plan.people(rng, len(outing_of))
    for person, (who, outing) in zip(drawn, sorted(outing_of.items()), strict=True):
        customer = plan.as_customer(
            person, who, platform=outing.handset.platform, offset_db=outing.handset.offset_db
        )
        truth.person(customer)
        identity = await app.identity(await app.enrol(customer))
        if identity is None:
            raise AppError(f"the server gives no tokens to {who}, who consents to be recognised")
        identities[who] = identity
    return identities


@dataclass(frozen=True, slots=True, kw_only=True)
class _Play:
    """A day as it is played."""

    day: Day
    people: Sequence[Outing]
    identities: Mapping[str, Identity]
    feeds: Mapping[str, Feed]
    truth: Truth

    async def run(self, from_s: float, until_s: float) -> None:
        day, people = self.day, self.people
        zero_s = time.time() - from_s
        timeline = day.heard(people)
        voices = Voices(people, self.identities, zero_s)
        happening = _Happening(day, people)
        while (at_s := time.time() - zero_s) < until_s:
            self._send(timeline.until(at_s), voices)
            for one, who in happening.until(at_s):
                self.truth.note(one.what, who, zero_s + one.at_s, one.zone)
            await asyncio.sleep(TICK_S)

    def _send(self, rows: Rows, voices: Voices) -> None:
        names = [each.name for each in self.day.site.receivers]
        columns = (each.tolist() for each in rows)
        for heard_s, outing, receiver, frame, rssi_dbm in zip(*columns, strict=True):
            said = voices.say(outing, frame, heard_s)
            if said is not None:
                self.feeds[names[receiver]].send(said, rssi_dbm)
