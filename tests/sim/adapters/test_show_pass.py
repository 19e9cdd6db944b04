from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.passes import Accepted, parse, verify
from shopbell_sim.adapters.app import Enrolled
from shopbell_sim.adapters.show_pass import (
    CameraFolder,
    for_terminal,
    left_s,
    modules,
    pass_of,
)
from shopbell_sim.core.photograph import HEIGHT, WIDTH, photograph

if TYPE_CHECKING:
    from pathlib import Path

QR = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.QRCode,))
NOW_S = 1_795_262_837
ENROLLED = Enrolled(
    enrolment_id="one",
    device_token="secret-token",
    mac_key="00" * 16,
    card_ref="K7Q2M9X4TR3WA",
    card_secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    retailer_uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61",
    prefix="5bb0e111",
)


def _read(png: bytes) -> list[str]:
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    assert image.shape == (HEIGHT, WIDTH)
    return [
        found.text
        for found in zxingcpp.read_barcodes(
            image, formats=zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.QRCode,))
        )
    ]


def test_a_pass_is_right_for_its_time() -> None:
    code = parse(pass_of(ENROLLED, NOW_S))
    assert code is not None
    assert isinstance(verify(code, ENROLLED.pass_secret, Millis(NOW_S * 1000)), Accepted)
    assert 1 <= left_s(NOW_S) <= 30


@settings(max_examples=40, deadline=None)
@given(
    left=st.integers(-100, WIDTH + 100),
    top=st.integers(-100, HEIGHT + 100),
    second=st.integers(0, 10**8),
)
def test_a_photographed_pass_is_read_wherever_it_is_held(left: int, top: int, second: int) -> None:
    text = pass_of(ENROLLED, NOW_S + second)
    assert _read(photograph(modules(text), left, top)) == [text]


def test_a_picture_appears_whole_and_each_has_a_name_of_its_own(tmp_path: Path) -> None:
    camera = CameraFolder(tmp_path)
    for second in range(3):
        camera.show(pass_of(ENROLLED, NOW_S + second), Random(second))
    pictures = sorted(tmp_path.iterdir())
    assert [each.suffix for each in pictures] == [".png"] * 3
    read = [_read(each.read_bytes())[0] for each in pictures]
    assert read == [pass_of(ENROLLED, NOW_S + second) for second in range(3)]


def test_a_terminal_shows_a_code_of_blocks() -> None:
    drawn = for_terminal(pass_of(ENROLLED, NOW_S))
    assert len(drawn.splitlines()) > 12


def test_an_enrolment_does_not_say_its_secrets() -> None:
    for secret in (ENROLLED.device_token, ENROLLED.card_secret, ENROLLED.mac_key):
        assert secret not in repr(ENROLLED)


def test_a_code_is_small_enough_to_be_read_at_150_pixels() -> None:
    assert len(modules(pass_of(ENROLLED, NOW_S))) == pytest.approx(29, abs=4)
