"""A simulated day is played in real time to edges and a server that know nothing of it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.shop import open_shop
from tests.e2e.walk import STARTED
from tests.rigs.commands import run_command
from tests.sim.test_days import SITE

if TYPE_CHECKING:
    from pathlib import Path

DAY = """
name = "A rush"
site = "kiosk.toml"
opens = 2026-11-21T09:00:00+01:00

[trade]
hours = 0.6
customers = 240
passers = 2
staff = 1
stops = [2, 2]
look_s = 60
brief = 0
iphones = 0
"""

RADIO = """
[[radios]]
kind = "socket"
scanner = "air"
path = "{path}"
"""


@pytest.mark.long
async def test_who_comes_is_heard_by_edges_and_told_of(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text(SITE)
    (tmp_path / "day.toml").write_text(DAY)
    async with open_shop(tmp_path, f"sqlite:///{tmp_path}/shop.db") as shop:
        await shop.start_edge("door", presence=RADIO.format(path=tmp_path / "door.sock"))
        done = await asyncio.to_thread(
            run_command,
            *("shopbell_sim", "run", tmp_path / "day.toml", "--truth", tmp_path / "truth"),
            *("--server", shop.url, "--api-key-file", tmp_path / "app.key"),
            *("--radios", tmp_path, "--minutes", 1.4),
        )
        assert (done.returncode, done.stderr) == (0, "waiting for the edges of door\n")
        truth = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
        assert {"person", "entered", "zone"} <= {each["what"] for each in truth}
        await shop.hears(STARTED)
