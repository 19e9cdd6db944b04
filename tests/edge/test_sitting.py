"""A while before a radio of a fake BlueZ, a film for a camera, a pseudo-terminal for a scanner."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shopbell_edge.adapters.camera.messages import Live
from shopbell_edge.adapters.camera.trying import tried_camera
from shopbell_edge.adapters.usb_scanner.serial_port import SerialPort
from shopbell_edge.adapters.usb_scanner.trying import tried_scanner
from shopbell_edge.doctor.listening import Sitting
from tests.edge.adapters.camera_pictures import film
from tests.edge.beaconed import BEACON, beaconed
from tests.fakes.clock import FakeClock
from tests.rigs.fake_bluez.client import FakeBluez, Report
from tests.rigs.pty_scanner import PtyScanner

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.config.tables import Settings
    from shopbell_edge.core.doctor.hearing import Heard

OURS = bytes.fromhex("0201061aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
STRANGER = bytes.fromhex("02010605ff59000102")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return beaconed(tmp_path)


async def sat(settings: Settings, fake: FakeBluez, reports: list[Report]) -> Heard:
    sitting = Sitting(settings, settings.radios[0], FakeClock().boottime)
    hearing = asyncio.create_task(sitting.hear(2.0))
    await fake.scanning()
    await fake.inject_many(reports)
    return await hearing


async def test_what_is_heard_is_told_apart(settings: Settings, bluez: FakeBluez) -> None:
    reports = [
        Report(ad=ad, address=f"C0:FF:EE:00:00:0{number}", rssi_dbm=-60)
        for number, ad in enumerate((BEACON, OURS, STRANGER))
        for _ in range(5)
    ]
    heard = await sat(settings, bluez, reports)
    assert (heard.state, heard.way, heard.adverts, heard.ours) == ("hearing", "bleak", 15, 5)
    assert heard.reception is not None
    assert heard.reception.sightings == 5


async def test_a_dead_band_is_known_by_the_beacon(settings: Settings, bluez: FakeBluez) -> None:
    reports = [
        Report(ad=BEACON, address="C0:FF:EE:00:00:01", rssi_dbm=rssi) for rssi in [-60, -70] * 6
    ]
    heard = await sat(settings, bluez, reports)
    assert heard.reception is not None
    assert heard.reception.fault == "dead_band"


async def test_a_doctor_cures_nothing(settings: Settings, bluez: FakeBluez) -> None:
    await bluez.refuse_starts(10)
    heard = await Sitting(settings, settings.radios[0], FakeClock().boottime).hear(10.0)
    assert (heard.state, heard.reason) == ("blind", "start_failed")
    assert await bluez.counts() == {"restarts": 0, "power_cycles": 0}


async def test_a_camera_is_tried(tmp_path: Path) -> None:
    path = film(tmp_path / "film.avi", np.full((240, 320, 3), 90, np.uint8), 5)
    task = Live(device=str(path), width=320, height=240, retail=())
    assert (await tried_camera("cam0", task)).problem == "camera_lost", "a film ends"
    (tmp_path / "none.avi").write_text("no film")
    none = Live(device=str(tmp_path / "none.avi"), width=320, height=240, retail=())
    assert (await tried_camera("cam0", none)).problem == "in_use"
    gone = Live(device=str(tmp_path / "gone"), width=320, height=240, retail=())
    assert (await tried_camera("cam0", gone)).problem == "no_camera"


def test_a_handheld_scanner_is_tried_and_given_back(tmp_path: Path) -> None:
    with PtyScanner(tmp_path / "gun") as gun:
        path = str(tmp_path / "gun")
        assert tried_scanner("gun", lambda: SerialPort(path, 9600)).problem == "unplugged"
        gun.plug()
        for _ in range(2):
            assert tried_scanner("gun", lambda: SerialPort(path, 9600)).problem == ""
    (tmp_path / "file").write_text("")
    other = str(tmp_path / "file")
    assert tried_scanner("gun", lambda: SerialPort(other, 9600)).problem == "wrong_device"
