from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import cv2
import numpy as np
import pytest
import zxingcpp

from shopbell_edge.adapters.camera.decoding import RETAIL, formats, in_frame, in_still
from shopbell_edge.adapters.camera.device import SMALL, change
from shopbell_edge.core.codes import LoyaltyNumber, NumberRule, Symbology, read
from shopbell_edge.core.motion import GateRules
from tests.edge.adapters.camera_pictures import (
    PASS,
    blurred,
    foreshortened,
    noisy,
    on_a_counter,
    qr,
    tilted,
)
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL = formats(get_args(Symbology))
RULES = GateRules()


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


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
    assert [code.text for code in in_still(grey(seen), ALL)] == [PASS]


def test_a_picture_without_a_code_has_none() -> None:
    assert in_still(grey(on_a_counter(np.zeros((1, 1, 3), np.uint8))), ALL) == []


def test_a_code_in_a_huge_photograph_is_found() -> None:
    photograph = np.full((4_000, 6_000), 200, np.uint8)
    photograph[1_000:1_600, 2_000:2_600] = grey(qr(scale=1)).repeat(25, 0).repeat(25, 1)[:600, :600]
    code = grey(qr(scale=14))
    photograph[3_000 : 3_000 + code.shape[0], 4_000 : 4_000 + code.shape[1]] = code
    dim = np.asarray(photograph * 0.1, np.uint8)
    assert PASS in {code.text for code in in_still(dim, formats(()))}


BARS = [
    ("EAN-13", zxingcpp.BarcodeFormat.EAN13, "290000000001", "2900000000018", "29"),
    ("EAN-8", zxingcpp.BarcodeFormat.EAN8, "2900001", "29000012", "2"),
    ("UPC-A", zxingcpp.BarcodeFormat.UPCA, "41234567890", "412345678903", "4"),
    ("Code 128", zxingcpp.BarcodeFormat.Code128, "KL29ABC017", "KL29ABC017", "KL"),
    ("DataBar", zxingcpp.BarcodeFormat.DataBarOmni, "0102900000000018", "0102900000000018", "0102"),
    ("DataBar", zxingcpp.BarcodeFormat.DataBarStk, "0102900000000018", "0102900000000018", "0102"),
    ("DataBar", zxingcpp.BarcodeFormat.DataBarLtd, "0112900000000015", "0112900000000015", "0112"),
    (
        "DataBar",
        zxingcpp.BarcodeFormat.DataBarExp,
        "(8018)290000000000000012",
        "8018290000000000000012",
        "8018",
    ),
    (
        "DataBar",
        zxingcpp.BarcodeFormat.DataBarExpStk,
        "(8018)290000000000000012",
        "8018290000000000000012",
        "8018",
    ),
]
"""Symbology, the shape that is drawn, what is drawn, the number, and a prefix of it."""

SHAPES = [str(row[1]) for row in BARS]


def card(shape: zxingcpp.BarcodeFormat, text: str) -> NDArray[np.uint8]:
    """Return a loyalty card under a camera: on a counter, turned, a little blurred, noisy."""
    drawn = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, shape), scale=3)
    bars = cv2.copyMakeBorder(
        np.asarray(drawn, np.uint8), 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(255,)
    )
    colour = np.asarray(cv2.cvtColor(bars, cv2.COLOR_GRAY2BGR), np.uint8)
    scene = on_a_counter(np.zeros((1, 1, 3), np.uint8), shade=0.9)
    height, width = colour.shape[:2]
    scene[280 : 280 + height, 300 : 300 + width] = colour
    return grey(noisy(blurred(tilted(scene, 4), 0.7)))


@pytest.mark.parametrize(("symbology", "shape", "drawn", "number", "prefix"), BARS, ids=SHAPES)
def test_a_number_is_read_and_taken_in_each_symbology(
    symbology: Symbology, shape: zxingcpp.BarcodeFormat, drawn: str, number: str, prefix: str
) -> None:
    seen = card(shape, drawn)
    rule = NumberRule(symbology=symbology, prefix=prefix, length=len(number))
    for wanted in (formats((symbology,)), ALL):
        (code,) = in_frame(seen, wanted)
        taken = read(code.format, code.text, [rule], FakeClock().now())
        assert taken == LoyaltyNumber(symbology=symbology, number=number)


@pytest.mark.parametrize(("symbology", "shape", "drawn", "number", "prefix"), BARS, ids=SHAPES)
def test_no_barcode_is_looked_for_where_numbers_mean_nothing(
    symbology: Symbology, shape: zxingcpp.BarcodeFormat, drawn: str, number: str, prefix: str
) -> None:
    assert in_frame(card(shape, drawn), formats(())) == [], (symbology, number, prefix)


def test_every_symbology_that_can_be_configured_is_looked_for_and_drawn_here() -> None:
    assert set(RETAIL) == set(get_args(Symbology)) == {row[0] for row in BARS}


def small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(grey(image), SMALL, interpolation=cv2.INTER_AREA), np.uint8)


def grain(seed: int, sigma: float) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, sigma, (720, 1280, 3))


@pytest.mark.parametrize(("shade", "sigma"), [(1.0, 3.0), (0.5, 8.0), (0.15, 12.0)])
def test_motion_is_told_from_a_sensors_noise(shade: float, sigma: float) -> None:
    empty = on_a_counter(np.zeros((1, 1, 3), np.uint8))
    held = on_a_counter(qr(scale=4))
    frames = [
        np.asarray(np.clip(each * shade + grain(seed, sigma), 0, 255), np.uint8)
        for seed, each in enumerate((empty, empty, held))
    ]
    first, second, third = map(small, frames)
    noise, motion = change(first, second), change(second, third)
    assert noise is not None
    assert motion is not None
    assert noise.peak < RULES.least
    assert motion.peak >= max(RULES.least, RULES.times * motion.typical)


def test_of_a_first_picture_nobody_can_say_what_moved() -> None:
    assert change(None, small(on_a_counter(qr()))) is None
