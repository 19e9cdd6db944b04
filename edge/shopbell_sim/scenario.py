"""`shopbell-sim run`: a scenario against edges that run already, and its truth.

Owns: what a scenario says, and whether it makes sense.
Never: starts a program; that is `demo`'s.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct

from shopbell_program.commands import CommandError
from shopbell_program.settings import Fault, load
from shopbell_program.whereabouts import leaf_of
from shopbell_sim.adapters.app import App
from shopbell_sim.adapters.app_error import AppError
from shopbell_sim.adapters.feed import Feed
from shopbell_sim.adapters.show_pass import CameraFolder
from shopbell_sim.adapters.truth import Truth
from shopbell_sim.core import plan
from shopbell_sim.core.floor import DEMO_FLOOR, Scanner
from shopbell_sim.core.site.shapes import Point
from shopbell_sim.customer import Customer
from shopbell_sim.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shopbell_sim.core.floor import Floor

EDGE_S: Final = 30.0
"""For every edge to listen on its socket: longer than one takes to start."""


class ScenarioScanner(Struct, frozen=True, kw_only=True):
    """A scanner of an edge that runs, and where it hangs in the shop."""

    name: str
    radio: str
    """The socket of the edge's simulated radio (`[[radios]] kind = "socket"`)."""
    x: Annotated[float, Meta(ge=0, le=24)]
    y: Annotated[float, Meta(ge=0, le=14)]
    duty: Annotated[float, Meta(gt=0, le=1)] = 1.0
    offset_db: Annotated[float, Meta(ge=-40, le=40)] = 0.0


class Scenario(Struct, frozen=True, kw_only=True):
    """Who comes, for how long, heard by whom. The shop is 24 by 14 m, its door at (4, 14)."""

    server: str
    api_key_file: str
    duration_s: Annotated[float, Meta(gt=0, le=86_400)]
    scanners: tuple[ScenarioScanner, ...]
    shoppers: Annotated[int, Meta(ge=1, le=1000)] = 12
    seed: int = 1
    look_s: Annotated[float, Meta(gt=0, le=3600)] = plan.LOOK_S
    """Median of a look at a shelf; 240 in a real shop."""
    store: str | None = None
    """As the server calls it: whose till sends receipts. Without it nothing is told of purchases."""
    camera_folder: str | None = None
    """What an edge's camera sees; without it nobody shows a pass."""
    phone_sd_db: Annotated[float, Meta(ge=0, le=20)] = 7.4
    """Between phones: 7.4 as they are, 3 where the app is calibrated."""


def read_scenario(path: Path) -> Scenario:
    """Return the scenario in `path`, or raise SettingsError with all that is wrong."""
    return load(path, Scenario, lambda scenario: list(_faults(scenario)))


def run(path: Path, truth: Path) -> None:
    """Run the scenario in `path`; write what truly happens to `truth`."""
    scenario = read_scenario(path)
    api_key = Path(scenario.api_key_file).read_text().strip()
    try:
        written = Truth(truth)
    except OSError as error:
        raise CommandError(f"{truth}: {error.strerror}; name another file with --truth") from error
    with written:
        try:
            asyncio.run(_run(scenario, api_key, written))
        except* AppError as group:
            raise CommandError(str(leaf_of(group))) from None


async def _run(scenario: Scenario, api_key: str, truth: Truth) -> None:
    rng = random.Random(scenario.seed)
    feeds = {each.name: Feed(Path(each.radio)) for each in scenario.scanners}
    camera = None if scenario.camera_folder is None else CameraFolder(Path(scenario.camera_folder))
    async with App(scenario.server, api_key) as app, asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(feed.run()) for feed in feeds.values()]
        try:
            await heard_by(feeds)
            shop = Shop(
                floor=_floor(scenario),
                rng=rng,
                app=app,
                store=scenario.store,
                feeds=feeds,
                camera=camera,
                truth=truth,
                duty={each.name: each.duty for each in scenario.scanners},
                look_s=scenario.look_s,
            )
            for person in plan.people(rng, scenario.shoppers, spread_db=scenario.phone_sd_db):
                enrolled = await app.enrol(person)
                shop.add(
                    Customer(
                        person=person, enrolled=enrolled, identity=await app.identity(enrolled)
                    )
                )
            await shop.run(scenario.duration_s)
        finally:
            for task in running:
                task.cancel()


async def heard_by(feeds: Mapping[str, Feed]) -> None:
    """Wait for every edge to listen. Raises AppError for one that does not in EDGE_S."""
    for name, feed in feeds.items():
        try:
            async with asyncio.timeout(EDGE_S):
                await feed.connected()
        except TimeoutError:
            raise AppError(
                f"scanner {name}: no edge listens on its radio after {EDGE_S:.0f} s. "
                "Start shopbell-edge with that socket first."
            ) from None


def _floor(scenario: Scenario) -> Floor:
    scanners = (
        Scanner(
            name=each.name,
            edge=each.name,
            zone=DEMO_FLOOR.zone_at(Point(each.x, each.y)) or "",
            at=Point(each.x, each.y),
            offset_db=each.offset_db,
        )
        for each in scenario.scanners
    )
    return replace(DEMO_FLOOR, scanners=tuple(scanners))


def _faults(scenario: Scenario) -> Iterator[Fault]:
    if not scenario.scanners:
        yield Fault(key="scanners", problem="missing; without a scanner nobody is heard")
    names = [each.name for each in scenario.scanners]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(key="scanners", problem=f'"{name}" stands twice')
    if not Path(scenario.api_key_file).is_file():
        yield Fault(key="api_key_file", problem=f'there is no file "{scenario.api_key_file}"')
    if scenario.camera_folder is not None and not Path(scenario.camera_folder).is_dir():
        yield Fault(key="camera_folder", problem=f'there is no folder "{scenario.camera_folder}"')
    if not scenario.server.startswith(("http://", "https://")):
        yield Fault(key="server", problem="must begin with http:// or https://")
