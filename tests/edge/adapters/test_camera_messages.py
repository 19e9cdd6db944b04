"""The decoder may be broken by what it parses: whatever it then says is held to its shape."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.adapters.camera.decoder import DecoderLostError
from shopbell_edge.adapters.camera.files import Files, UnreadableImageError
from shopbell_edge.adapters.camera.messages import (
    MOST_BYTES,
    MOST_TEXT,
    GarbledError,
    Live,
    Seen,
    Stills,
    Tick,
    encode,
    said,
    task,
)
from tests.edge.adapters.camera_pictures import PASS, on_a_counter, qr
from tests.edge.adapters.test_camera import encoded

if TYPE_CHECKING:
    from pathlib import Path


@given(text=st.text(max_size=200), times=st.sampled_from([1, 40]))
def test_every_text_comes_over_whole_and_fits(text: str, times: int) -> None:
    seen = Seen(format="QR Code", text=(text * times)[:MOST_TEXT])
    raw = encode(seen)
    assert len(raw) <= MOST_BYTES
    assert said(raw) == seen


def test_the_longest_text_fits_however_it_is_written() -> None:
    assert len(encode(Seen(format="x" * 64, text="\x01" * MOST_TEXT))) <= MOST_BYTES


@given(raw=st.binary(max_size=200))
def test_nonsense_is_no_message(raw: bytes) -> None:
    with pytest.raises(GarbledError):
        said(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"seen","format":"QR Code"}',
        b'{"type":"seen","format":"QR Code","text":"' + b"x" * (MOST_TEXT + 1) + b'"}',
        b'{"type":"tick","frames":-1,"decoded":0}',
        b'{"type":"tick","frames":1e300,"decoded":0}',
        b'{"type":"camera","state":"opened"}',
        b'{"type":"live","device":0,"width":1,"height":1,"retail":[]}',
        b'{"type":"seen","format":"QR Code","text":"\xff"}',
        encode(Tick(frames=1, decoded=1))[:-1],
        b"[" * 5_000,
        b'{"type":"tick","frames":1,"decoded":1,"more":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
def test_what_is_not_of_the_right_shape_is_no_message(raw: bytes) -> None:
    with pytest.raises(GarbledError):
        said(raw)


@pytest.mark.parametrize(
    "given_task",
    [
        Live(device=3, width=640, height=480, retail=("EAN-13", "DataBar")),
        Live(device="film.avi", width=640, height=480, retail=()),
        Stills(retail=("UPC-A",)),
    ],
)
def test_a_task_comes_over_whole(given_task: Live | Stills) -> None:
    assert task(encode(given_task)) == given_task


async def test_files_that_were_damaged_at_random_harm_nobody(tmp_path: Path) -> None:
    dice = Random(20_260_807)
    small = np.asarray(cv2.resize(on_a_counter(qr()), (320, 180)), np.uint8)
    whole = [encoded(small, kind) for kind in (".png", ".jpg", ".webp", ".bmp")]
    file = tmp_path / "a.png"
    outcomes: set[str] = set()
    async with Files(()) as files:
        for _ in range(400):
            if files.pid is None:
                await files.start()
            file.write_bytes(damaged(dice.choice(whole), dice))
            try:
                await files.read(file)
            except UnreadableImageError:
                outcomes.add("unreadable")
            except DecoderLostError:
                outcomes.add("lost")
                await files.stop()
            else:
                outcomes.add("read")
        if files.pid is None:
            await files.start()
        file.write_bytes(encoded(qr()))
        assert [code.text for code in await files.read(file)] == [PASS]
    assert {"unreadable", "read"} <= outcomes


def damaged(whole: bytes, dice: Random) -> bytes:
    """Return a file with some bytes changed, and perhaps cut off."""
    raw = bytearray(whole)
    for _ in range(dice.randrange(1, 30)):
        # Most of what is fragile is at the beginning.
        raw[dice.randrange(min(len(raw), dice.choice([64, 1_024, len(raw)])))] = dice.randrange(256)
    return bytes(raw[: dice.randrange(len(raw)) if dice.random() < 0.2 else len(raw)])
