from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import segno

from shopbell_edge.adapters.camera.decoding import in_frame, in_still
from shopbell_edge.adapters.camera.device import Device
from shopbell_edge.adapters.camera.folder import Folder
from shopbell_edge.adapters.camera.reader import ImageReader
from shopbell_edge.adapters.camera.stills import UnreadableImageError, load
from shopbell_edge.core.units import ScannerName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from shopbell_edge.ports import Code, Health

PASS = "SB1.K7Q2M9X4TR3WA.1795262820.48775424"


def qr(text: str = PASS, scale: int = 6) -> NDArray[np.uint8]:
    packed = io.BytesIO()
    segno.make(text, error="m", micro=False).save(packed, kind="png", scale=scale, border=4)
    image = cv2.imdecode(np.frombuffer(packed.getvalue(), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def on_a_counter(code: NDArray[np.uint8], shade: float = 1.0) -> NDArray[np.uint8]:
    """Return a pass in a 1280 x 720 frame with a textured ground."""
    ground = np.random.default_rng(7).integers(60, 160, (720, 1280, 3), np.uint8)
    ground = np.asarray(cv2.GaussianBlur(ground, (0, 0), 3), np.uint8)
    height, width = code.shape[:2]
    ground[280 : 280 + height, 560 : 560 + width] = code
    return np.asarray(ground * shade, np.uint8)


def tilted(image: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    turn = cv2.getRotationMatrix2D((640, 380), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (1280, 720)), np.uint8)


def foreshortened(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what is seen of a phone that leans away: its far edge is a third shorter."""
    corners = np.array([[0, 0], [1280, 0], [1280, 720], [0, 720]], np.float32)
    seen = np.array([[210, 40], [1070, 40], [1280, 720], [0, 720]], np.float32)
    view = cv2.getPerspectiveTransform(corners, seen)
    return np.asarray(cv2.warpPerspective(image, view, (1280, 720)), np.uint8)


def blurred(image: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def noisy(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(11).normal(0, 12, image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


@pytest.mark.parametrize(
    "seen",
    [
        on_a_counter(qr()),
        tilted(on_a_counter(qr()), 17),
        foreshortened(on_a_counter(qr())),
        blurred(on_a_counter(qr()), 1.8),
        noisy(on_a_counter(qr(), shade=0.25)),
        noisy(blurred(foreshortened(tilted(on_a_counter(qr(), shade=0.4), 11)), 1.2)),
        np.asarray(255 - on_a_counter(qr()), np.uint8),
    ],
    ids=["flat", "turned", "leaning", "blurred", "dark", "everything", "inverted"],
)
def test_a_pass_is_read_as_people_hold_it(seen: NDArray[np.uint8]) -> None:
    assert [code.text for code in in_still(seen)] == [PASS]


def test_the_live_loop_looks_for_passes_alone_unless_told() -> None:
    import zxingcpp  # noqa: PLC0415  # only to draw

    barcode = zxingcpp.create_barcode("2900000000017"[:12], zxingcpp.BarcodeFormat.EAN13)
    image = np.asarray(zxingcpp.write_barcode_to_image(barcode, scale=3), np.uint8)
    framed = cv2.copyMakeBorder(image, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    assert in_frame(framed, retail=False) == []
    (code,) = in_frame(framed, retail=True)
    assert code.text.startswith("290000000001")


def test_a_picture_without_a_code_has_none() -> None:
    assert in_still(on_a_counter(np.zeros((1, 1, 3), np.uint8))) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "at least 1"),
        (b"not an image", "not an image"),
        (b"\x89PNG\r\n\x1a\n123", "not an image"),
    ],
)
def test_a_file_that_is_no_image_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(content)
    with pytest.raises(UnreadableImageError, match=says):
        load(file)


def test_an_image_that_claims_a_billion_pixels_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bomb.bmp"
    header = (
        b"BM" + (54).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
        + (40).to_bytes(4, "little") + (40_000).to_bytes(4, "little") * 2
        + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    )  # fmt: skip
    file.write_bytes(header)
    with pytest.raises(UnreadableImageError):
        load(file)


BOMB = """
import sys
from pathlib import Path
from shopbell_edge.core.units import ScannerName
from shopbell_edge.daemon import reader_of
from shopbell_edge.config.tables import Camera
from shopbell_edge.adapters.camera.stills import UnreadableImageError, load

reader_of(Camera(scanner="cam0", device=0), retail=False)
try:
    print(load(Path(sys.argv[1])).shape)
except UnreadableImageError as error:
    print(error.reason)
"""


def test_the_daemon_unpacks_no_image_past_the_limit(tmp_path: Path) -> None:
    """In a process of its own: OpenCV reads its limit once, and here it may have done so."""
    file = tmp_path / "bomb.png"
    cv2.imwrite(str(file), np.zeros((8_000, 8_000), np.uint8))
    assert file.stat().st_size < 200_000
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.stdout, done.stderr) == ("more than 60000000 pixels, or broken\n", "")


async def test_links_to_nothing_and_pipes_do_not_make_a_folder_blind(tmp_path: Path) -> None:
    (tmp_path / "nothing.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself.png").symlink_to(tmp_path / "itself.png")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    cv2.imwrite(str(tmp_path / "good.png"), qr())
    reader = ImageReader(ScannerName("cam0"), Folder(tmp_path, consume=False))
    (code,) = await read_until(reader, 1, lambda _: None)
    assert code.text == PASS


async def test_an_image_that_somebody_else_takes_away_is_nobodys_error(tmp_path: Path) -> None:
    path = tmp_path / "good.png"
    cv2.imwrite(str(path), qr("one"))
    reader = ImageReader(ScannerName("cam0"), Folder(tmp_path, consume=True))
    stop = threading.Event()

    def found(_: Code) -> None:
        path.unlink()
        stop.set()

    Folder(tmp_path, consume=True).look(stop, found, lambda _: None)
    cv2.imwrite(str(path), qr("two"))
    (code,) = await read_until(reader, 1, lambda _: None)
    assert code.text == "two"


async def test_a_file_where_a_folder_should_be_is_blindness(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.write_text("a file")
    healths: list[Health] = []

    def feel(health: Health) -> None:
        healths.append(health)
        if health.state == "blind":
            place.unlink()
            place.mkdir()
            cv2.imwrite(str(place / "a.png"), qr())

    codes = await read_until(
        ImageReader(ScannerName("cam0"), Folder(place, consume=False)), 1, feel
    )
    assert ([code.text for code in codes], healths[0].reason) == ([PASS], "no_folder")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def read_until(
    reader: ImageReader, wanted: int, health: Callable[[Health], None]
) -> list[Code]:
    codes: list[Code] = []
    async with asyncio.timeout(20):
        stream = reader.codes(health)
        async for code in stream:
            codes.append(code)
            if len(codes) == wanted:
                break
        await stream.aclose()  # type: ignore[attr-defined]  # a generator, promised as an iterator
    return codes


async def test_a_folder_gives_every_image_once(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), qr("one"))
    cv2.imwrite(str(tmp_path / "b.png"), qr("two"))
    (tmp_path / "notes.txt").write_text("not looked at")
    healths: list[Health] = []
    reader = ImageReader(ScannerName("cam0"), Folder(tmp_path, consume=False))
    codes = await read_until(reader, 2, healths.append)
    assert {code.text for code in codes} == {"one", "two"}
    assert [health.state for health in healths] == ["hearing"]
    assert len(names(tmp_path)) == 3


async def test_a_consumed_image_is_gone_and_a_broken_one_set_aside(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nonsense")
    cv2.imwrite(str(tmp_path / "good.png"), qr())
    reader = ImageReader(ScannerName("cam0"), Folder(tmp_path, consume=True))
    (code,) = await read_until(reader, 1, lambda _: None)
    assert code.text == PASS
    assert names(tmp_path) == ["broken.unreadable"]


async def test_a_folder_that_is_not_there_is_blindness_and_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    healths: list[Health] = []
    reader = ImageReader(ScannerName("cam0"), Folder(folder, consume=False))

    def feel(health: Health) -> None:
        healths.append(health)
        if health.state == "blind":
            folder.mkdir()
            cv2.imwrite(str(folder / "a.png"), qr())

    codes = await read_until(reader, 1, feel)
    assert [code.text for code in codes] == [PASS]
    assert [health.state for health in healths] == ["blind", "hearing"]


async def test_a_camera_that_is_not_there_is_blindness() -> None:
    healths: list[Health] = []
    reader = ImageReader(ScannerName("cam0"), Device(63, 640, 480, retail=False))

    felt = asyncio.Event()

    def feel(health: Health) -> None:
        healths.append(health)
        felt.set()

    waiting = asyncio.ensure_future(read_until(reader, 1, feel))
    async with asyncio.timeout(20):
        await felt.wait()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert [(health.state, health.reason) for health in healths] == [("blind", "no_camera")]


async def test_a_film_is_a_camera_too(tmp_path: Path) -> None:
    """OpenCV opens files as it opens devices: the live loop, on real frames."""
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 15, (1280, 720))
    for _ in range(10):
        writer.write(on_a_counter(qr()))
    writer.release()
    reader = ImageReader(ScannerName("cam0"), Device(str(film), 1280, 720, retail=True))
    codes = await read_until(reader, 5, lambda _: None)
    assert {code.text for code in codes} == {PASS}


def test_the_command_prints_a_line_for_every_image(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    cv2.imwrite(str(good), qr())
    bad.write_text("no image")
    done = subprocess.run(
        [sys.executable, "-m", "shopbell_edge.qr", "read", str(good), str(bad)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"path": str(good), "codes": [{"format": "QR Code", "text": PASS}]}
    assert second == {"path": str(bad), "error": "not an image"}
    assert (done.returncode, done.stderr) == (1, "")


def test_a_file_whose_name_is_no_text_is_read_too(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "good.png"), qr())
    odd = os.fsencode(tmp_path) + b"/\xff.png"
    os.rename(tmp_path / "good.png", odd)  # noqa: PTH104  # no Path for bytes
    done = subprocess.run(
        [sys.executable, "-m", "shopbell_edge.qr", "read", odd],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["codes"][0]["text"] == PASS
