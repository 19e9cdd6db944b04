"""The camera's readers, as the daemon uses them: with their decoder in its own process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np
import pytest

from shopbell_edge.adapters.camera.decoder import Patience
from shopbell_edge.adapters.camera.folder import Folder
from shopbell_edge.adapters.camera.live import LiveCamera
from shopbell_edge.adapters.camera.messages import Live
from shopbell_edge.core.units import ScannerName
from tests.edge.adapters.camera_pictures import PASS, bomb_bmp, film, on_a_counter, qr
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from shopbell_edge.ports import CodeReader, Health

CAM = ScannerName("cam0")
HASTY = Patience(live_s=1.0, still_s=1.0)


def at_once(low: float, high: float) -> float:
    del high
    return low


class Counting(Counter[str]):
    """What a reader counts."""

    def __call__(self, what: str, many: int) -> None:
        self[what] += many


def folder_of(
    path: Path,
    *,
    consume: bool = False,
    count: Callable[[str, int], None] | None = None,
    patience: Patience | None = None,
) -> Folder:
    return Folder(
        CAM,
        path,
        consume=consume,
        retail=("EAN-13",),
        count=Counting() if count is None else count,
        uniform=at_once,
        patience=patience,
    )


def camera_of(
    device: int | str, count: Callable[[str, int], None], patience: Patience | None = None
) -> LiveCamera:
    task = Live(device=device, width=640, height=480, retail=())
    return LiveCamera(CAM, task, count, at_once, patience)


async def read_until(
    reader: CodeReader, wanted: int, health: Callable[[Health], None] = lambda _: None
) -> list[str]:
    texts: list[str] = []
    async with asyncio.timeout(30):
        stream = reader.codes(health)
        async for code in stream:
            texts.append(told(code))
            if len(texts) == wanted:
                break
        await stream.aclose()  # type: ignore[attr-defined]  # a generator, promised as an iterator
    return texts


def told(code: object) -> str:
    return getattr(code, "text", "")


class Reading:
    """A reader at work beside a test."""

    def __init__(self, reader: CodeReader) -> None:
        self.texts: list[str] = []
        self.healths: list[Health] = []
        self._reader = reader

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    @property
    def said(self) -> list[str]:
        return [health.reason for health in self.healths]

    async def _run(self) -> None:
        async for code in self._reader.codes(self.healths.append):
            self.texts.append(told(code))


def put(image: object, file: Path) -> None:
    """Put an image into a folder, whole as soon as it is there."""
    part = file.with_name(f".{file.name}")
    part.write_bytes(image if isinstance(image, bytes) else encoded(image))
    part.rename(file)


def encoded(image: object, kind: str = ".png", how: Sequence[int] = ()) -> bytes:
    written, data = cv2.imencode(kind, np.asarray(image, np.uint8), how)
    assert written
    return data.tobytes()


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_a_folder_gives_every_image_once(tmp_path: Path) -> None:
    put(qr("one"), tmp_path / "a.png")
    put(qr("two"), tmp_path / "b.png")
    (tmp_path / "notes.txt").write_text("not looked at")
    healths: list[Health] = []
    texts = await read_until(folder_of(tmp_path), 2, healths.append)
    assert set(texts) == {"one", "two"}
    assert [(health.state, health.reason) for health in healths] == [("hearing", "folder_opened")]
    assert len(names(tmp_path)) == 3


async def test_a_consumed_image_is_gone_once_its_codes_are_taken(tmp_path: Path) -> None:
    put(qr(), tmp_path / "good.png")
    seen: list[list[str]] = []
    async with asyncio.timeout(30):
        stream = folder_of(tmp_path, consume=True).codes(lambda _: None)
        async for _ in stream:
            # Whoever takes the code keeps it first: if all ends here, the image is looked at again.
            seen.append(names(tmp_path))
            break
        await stream.aclose()  # type: ignore[attr-defined]  # as above
    assert seen == [["good.png"]]
    async with Reading(folder_of(tmp_path, consume=True)) as reading:
        await until("consumed", lambda: not names(tmp_path))
    assert reading.texts == [PASS]


async def test_what_is_no_image_is_counted_and_set_aside_and_the_next_is_read(
    tmp_path: Path,
) -> None:
    photograph = cv2.imencode(".jpg", on_a_counter(qr()))[1].tobytes()
    black = np.zeros((8_000, 8_000), np.uint8)
    bad = {
        "bomb.bmp": bomb_bmp(),
        "bomb.png": encoded(black),
        "empty.png": b"",
        "half.jpg": photograph[: len(photograph) // 2],
        "head.png": b"\x89PNG\r\n\x1a\n123",
        "huge.bmp": b"BM" + bytes(20_000_001),
        "odd.png": encoded(qr(), ".tiff"),
        "text.webp": b"no image",
    }
    assert len(bad["bomb.png"]) < 200_000
    for name, content in bad.items():
        put(content, tmp_path / name)
    put(qr(), tmp_path / "good.png")
    count = Counting()
    async with Reading(folder_of(tmp_path, consume=True, count=count)) as reading:
        await until("all looked at", lambda: count["images"] + count["unreadable"] == len(bad) + 1)
        await until("good consumed", lambda: not (tmp_path / "good.png").exists())
        put(qr("after"), tmp_path / "after.png")
        await until("the next", lambda: "after" in reading.texts)
    assert reading.texts == [PASS, "after"]
    # Of a photograph that breaks off some readers give the upper half: no code, but an image.
    gone = {name for name in bad if not (tmp_path / name).with_suffix(".unreadable").exists()}
    assert gone <= {"half.jpg"}
    assert reading.said == ["folder_opened"]
    assert not {what for what in count if what.startswith("decoder")}


async def test_links_to_nothing_and_pipes_do_not_make_a_folder_blind(tmp_path: Path) -> None:
    (tmp_path / "nothing.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself.png").symlink_to(tmp_path / "itself.png")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    put(qr(), tmp_path / "good.png")
    assert await read_until(folder_of(tmp_path), 1) == [PASS]


async def test_an_image_that_somebody_else_takes_away_is_nobodys_error(tmp_path: Path) -> None:
    put(qr("one"), tmp_path / "one.png")
    async with asyncio.timeout(30):
        stream = folder_of(tmp_path, consume=True).codes(lambda _: None)
        taken = [told(await anext(stream))]
        (tmp_path / "one.png").unlink()
        put(qr("two"), tmp_path / "two.png")
        taken.append(told(await anext(stream)))
        await stream.aclose()  # type: ignore[attr-defined]  # as above
    assert taken == ["one", "two"]


async def test_a_folder_that_is_not_there_is_blindness_and_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    healths: list[Health] = []

    def feel(health: Health) -> None:
        healths.append(health)
        if health.state == "blind":
            folder.mkdir()
            put(qr(), folder / "a.png")

    assert await read_until(folder_of(folder), 1, feel) == [PASS]
    assert [health.state for health in healths] == ["blind", "hearing"]


async def test_a_file_where_a_folder_should_be_is_blindness(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.write_text("a file")
    healths: list[Health] = []

    def feel(health: Health) -> None:
        healths.append(health)
        if health.state == "blind":
            place.unlink()
            place.mkdir()
            put(qr(), place / "a.png")

    assert await read_until(folder_of(place), 1, feel) == [PASS]
    assert healths[0].reason == "no_folder"


async def test_a_camera_that_is_not_there_is_blindness_said_once() -> None:
    async with Reading(camera_of(63, Counting())) as reading:
        await until("said", lambda: reading.said == ["no_camera"])
    assert reading.healths[0].state == "blind"


async def test_what_has_a_cameras_name_and_is_none_is_blindness(tmp_path: Path) -> None:
    (tmp_path / "none.avi").write_text("no film")
    async with Reading(camera_of(str(tmp_path / "none.avi"), Counting())) as reading:
        await until("said", lambda: reading.said == ["no_camera"])


async def test_a_film_is_a_camera_too_and_its_end_is_a_loss(tmp_path: Path) -> None:
    path = film(tmp_path / "film.avi", on_a_counter(qr()), 10)
    async with Reading(camera_of(str(path), Counting())) as reading:
        await until("opened again", lambda: len(reading.said) >= 3)
        await until("read again", lambda: len(reading.texts) >= 2)
    assert set(reading.texts) == {PASS}
    assert reading.said[:3] == ["camera_opened", "camera_lost", "camera_opened"]


async def test_frames_are_counted_and_not_all_are_decoded(tmp_path: Path) -> None:
    """A film runs as fast as it is read: few of its frames are due."""
    path = film(tmp_path / "film.avi", np.full((240, 320, 3), 90, np.uint8), 600)
    count = Counting()
    async with Reading(camera_of(str(path), count)):
        await until("ticked", lambda: count["frames"] > 0)
    assert 0 < count["decoded"] <= count["frames"] < 100


async def test_a_decoder_that_is_killed_is_replaced_and_scans_go_on(tmp_path: Path) -> None:
    count = Counting()
    folder = folder_of(tmp_path, consume=True, count=count)
    async with Reading(folder) as reading:
        for number in range(3):
            put(qr(f"before {number}"), tmp_path / "a.png")
            await until("read", lambda: not names(tmp_path))
            assert folder.pid is not None
            os.kill(folder.pid, signal.SIGKILL)
            put(qr(f"after {number}"), tmp_path / "b.png")
            await until("read by the next", lambda: not names(tmp_path))
    assert reading.texts == [f"{when} {n}" for n in range(3) for when in ("before", "after")]
    assert count["decoder_died"] == 3
    assert count["unreadable"] == 0
    assert reading.said[:3] == ["folder_opened", "decoder_died", "folder_opened"]


async def test_a_decoder_that_is_stopped_is_replaced_and_scans_go_on(tmp_path: Path) -> None:
    count = Counting()
    folder = folder_of(tmp_path, consume=True, count=count, patience=HASTY)
    async with Reading(folder) as reading:
        await until("started", lambda: folder.pid is not None)
        assert folder.pid is not None
        stopped = folder.pid
        os.kill(stopped, signal.SIGSTOP)
        put(qr(), tmp_path / "a.png")
        await until("read by the next", lambda: reading.texts == [PASS])
    assert count["decoder_hung"] == 1
    hung = next(health for health in reading.healths if health.reason == "decoder_hung")
    assert (hung.state, hung.for_ms) == ("blind", 1_000)
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)


async def test_an_image_that_outlasts_every_decoder_is_set_aside(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (6_000, 8_000), np.uint8)
    put(encoded(noise, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 20]), tmp_path / "a.jpg")
    put(qr("next"), tmp_path / "b.png")
    count = Counting()
    folder = folder_of(tmp_path, consume=True, count=count, patience=Patience(still_s=0.5))
    async with Reading(folder) as reading:
        await until("the next", lambda: names(tmp_path) == ["a.unreadable"])
    assert reading.texts == ["next"]
    assert (count["decoder_hung"], count["unreadable"], count["images"]) == (2, 1, 1)


async def test_a_live_decoder_that_is_killed_or_stopped_is_replaced(tmp_path: Path) -> None:
    path = film(tmp_path / "film.avi", np.asarray(cv2.resize(qr(), (320, 320)), np.uint8), 600)
    for end, reason in ((signal.SIGKILL, "decoder_died"), (signal.SIGSTOP, "decoder_hung")):
        count = Counting()
        camera = camera_of(str(path), count, HASTY)
        async with Reading(camera) as reading:
            await until("read", lambda: bool(reading.texts))  # it ends in the loop
            assert camera.pid is not None
            os.kill(camera.pid, end)
            await until("noticed", lambda: reason in reading.said)  # noqa: B023  # the same
            before = len(reading.texts)
            await until("again", lambda: len(reading.texts) > before)  # noqa: B023  # the same
        assert count[reason] == 1
        assert reading.said == ["camera_opened", reason, "camera_opened"]


def test_the_command_prints_a_line_for_every_image(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    put(qr(), good)
    bad.write_text("no image")
    done = read_images(str(good), str(bad))
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"path": str(good), "codes": [{"format": "QR Code", "text": PASS}]}
    assert second == {"path": str(bad), "error": "not an image"}
    assert (done.returncode, done.stderr) == (1, "")


def test_a_file_whose_name_is_no_text_is_read_too(tmp_path: Path) -> None:
    put(qr(), tmp_path / "good.png")
    odd = os.fsencode(tmp_path) + b"/\xff.png"
    os.rename(tmp_path / "good.png", odd)  # noqa: PTH104  # no Path for bytes
    done = read_images(odd)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["codes"][0]["text"] == PASS


def read_images(*images: str | bytes) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shopbell_edge.qr", "read", *images],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
