"""`shopbell-sim phone`: one phone near one simulated radio.

Owns: fetching its tokens and sending its frames until told to stop.
Never: enrols; the file holds what an enrolment gave.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_program.commands import CommandError
from shopbell_sim.adapters.app import App, Enrolled
from shopbell_sim.adapters.app_error import AppError
from shopbell_sim.adapters.feed import Feed
from shopbell_sim.core.airspace import Airspace, Sender
from shopbell_sim.core.floor import DEMO_FLOOR, Scanner
from shopbell_sim.core.phone import PhoneModel, frames
from shopbell_sim.core.radio import SHOP
from shopbell_sim.core.site.shapes import Point

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_sim.core.phone import Identity, Platform

TICK_S: Final = 0.05

REFRESH_S: Final = 86_400.0
"""Tokens last seven days; a phone asks daily."""

_NAME: Final = "radio"


@dataclass(frozen=True, slots=True, kw_only=True)
class LonePhone:
    """What was asked for on the command line."""

    enrolment: Path
    server: str
    radio: Path
    platform: Platform
    distance_m: float
    interval_ms: float
    seconds: float | None


def read_enrolment(path: Path) -> Enrolled:
    """Return what an enrolment gave: the answer of `POST /v1/app/enrolments`, as it came."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Enrolled)
    except OSError as error:
        raise CommandError(
            f"{path}: {error.strerror}; name another file with --enrolment"
        ) from error
    except msgspec.DecodeError as error:
        raise CommandError(f"{path} is not an answer of POST /v1/app/enrolments: {error}") from None


def main(phone: LonePhone) -> None:
    """Send until Ctrl-C, or for so long."""
    enrolled = read_enrolment(phone.enrolment)
    try:
        asyncio.run(_run(phone, enrolled))
    except* AppError as group:
        raise CommandError(str(group.exceptions[0])) from None


async def _run(phone: LonePhone, enrolled: Enrolled) -> None:
    async with App(phone.server) as app:
        identity = await _tokens(app, enrolled)
        feed = Feed(phone.radio)
        feeding = asyncio.ensure_future(feed.run())
        try:
            print(
                f"sending as {phone.platform} at {phone.distance_m:g} m; Ctrl-C stops", flush=True
            )
            await _send(phone, enrolled, app, identity, feed)
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)


async def _send(
    phone: LonePhone, enrolled: Enrolled, app: App, identity: Identity, feed: Feed
) -> None:
    rng = random.Random()
    model = PhoneModel(
        platform=phone.platform, name="", offset_db=0.0, interval_ms=phone.interval_ms
    )
    scanner = Scanner(name=_NAME, edge=_NAME, zone="", at=Point(0, 0))
    air = Airspace(replace(DEMO_FLOOR, scanners=(scanner,), walls=()), SHOP, rng)
    began_s = refreshed_s = time.time()
    while phone.seconds is None or time.time() - began_s < phone.seconds:
        now_s = time.time()
        if now_s - refreshed_s > REFRESH_S:
            identity, refreshed_s = await _tokens(app, enrolled), now_s
        sender = Sender(
            key=_NAME,
            at=Point(phone.distance_m, 0),
            heading_rad=math.pi,  # towards the radio
            moving=False,
            offset_db=0.0,
            interval_ms=phone.interval_ms,
            adverts=frames(model, identity, now_s),
        )
        for heard in air.step(rng, [sender], now_s):
            feed.send(heard.payload, heard.rssi_dbm)
        await asyncio.sleep(TICK_S)


async def _tokens(app: App, enrolled: Enrolled) -> Identity:
    identity = await app.identity(enrolled)
    if identity is None:
        raise AppError(
            "this phone gets no tokens: the consent recognise_in_store is not given. "
            "Give it with PUT /v1/app/consents."
        )
    return identity
