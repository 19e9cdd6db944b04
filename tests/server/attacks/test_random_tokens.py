"""Rows 3 and 4: somebody sends tokens at random, or the macs of a token that he heard.

What is accepted is computed beforehand, and more is a fault. `make faults` tries a million of each frame.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Span
from shopbell_server.core.identity.people import Enrolment, Issued
from shopbell_server.core.ids import Day, DeviceNo, Millis, PersonId, ProfileId, TenantId, Window
from shopbell_server.core.recognition.acceptance import Acquaintance, accepted, meanings, meant_by
from shopbell_server.core.recognition.fixed_ids import marker
from shopbell_server.core.recognition.frame_trust import mac_is_fresh
from shopbell_server.core.recognition.passes import PassCode, Refused, card_ref, verify
from shopbell_server.core.recognition.tokens import key_ring, read
from shopbell_server.core.token_windows import candidate_windows, day_of, window_of
from shopbell_server.crypto import aes_block
from tests.server.attacks.chance import at_least, at_most

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_server.core.recognition.tokens import Asked

ENROLLED = 100_000
A_FEW, A_MILLION = 20_000, 1_000_000
BATCH = 10_000

WINDOW_MS = Millis(1_994_736 * 900_000)
"""When a window begins."""
MIDDLE_MS = Millis(WINDOW_MS + 450_000)
"""One window may be meant."""
EDGE_MS = Millis(WINDOW_MS + 60_000)
"""Two may be: this one and the one before."""

CARD, SECRET = card_ref(1), bytes(range(20))
RING = key_ring({Day(day_of(WINDOW_MS)): bytes(range(32))}, aes_block)


def crowd(number: int = ENROLLED) -> Mapping[DeviceNo, Acquaintance]:
    """Return people with device numbers at random, of whom every token of these days was issued."""
    chance = random.Random("crowd")
    window = window_of(WINDOW_MS)
    spans = (Span(from_ms=Millis(0), to_ms=Millis(2**50)),)
    people = {}
    for device_no in chance.sample(range(1, 2**32), number):
        person = PersonId(f"p{device_no}")
        people[DeviceNo(device_no)] = Acquaintance(
            enrolment=Enrolment(
                person=person,
                profile=ProfileId("p"),
                device_no=DeviceNo(device_no),
                created_ms=Millis(0),
                revoked_ms=None,
            ),
            spans=spans,
            issued=(Issued(person=person, first=Window(window - 700), last=Window(window + 700)),),
        )
    return people


@pytest.fixture(scope="module")
def people() -> Mapping[DeviceNo, Acquaintance]:
    return crowd()


def taken_for_somebody(
    people: Mapping[DeviceNo, Acquaintance], bits: int, tries: int, at_ms: Millis
) -> int:
    """Return how many of so many random tokens, heard at `at_ms`, are taken for somebody."""
    chance = random.Random(f"{bits} {at_ms}")
    windows = candidate_windows(at_ms)
    found = 0
    for asked in _batches(chance, bits, tries, windows):
        for candidates in read(RING, asked):
            # Most are nobody's by their arithmetic or have no such device: `meanings` is asked of the rest.
            if any(each.device_no in people for each in candidates):
                found += accepted(meanings(candidates, people, at_ms), at_ms) is not None
    return found


def _batches(
    chance: random.Random, bits: int, tries: int, windows: Sequence[int]
) -> Iterator[list[Asked]]:
    digits = bits // 4
    for begun in range(0, tries, BATCH):
        size = min(BATCH, tries - begun)
        yield [(f"{chance.getrandbits(bits):0{digits}x}", windows) for _ in range(size)]


def judged(what: str, tries: int, expected: float, seen: int) -> None:
    """Hold what was seen to what was computed, and print both."""
    least, most = at_least(expected), at_most(expected)
    bounds = f"{expected:.3g} expected, {least} to {most} allowed"
    print(f"{what}: {tries} tried, {bounds}, {seen} accepted")  # noqa: T201  # pytest -s shows it
    assert least <= seen <= most


HOW_MANY = [
    A_FEW,
    pytest.param(A_MILLION, marks=pytest.mark.faults),
]


@pytest.mark.parametrize("tries", HOW_MANY)
@pytest.mark.parametrize(("at_ms", "windows"), [(MIDDLE_MS, 1), (EDGE_MS, 2)])
def test_random_id32s_are_somebodys_as_often_as_there_are_phones_and_no_more(
    people: Mapping[DeviceNo, Acquaintance], tries: int, at_ms: Millis, windows: int
) -> None:
    """`ibeacon`: every value is some number; that it is a phone's has N/2^32 for each window tried."""
    expected = tries * windows * ENROLLED / 2**32
    judged(
        f"ibeacon, {windows} windows", tries, expected, taken_for_somebody(people, 32, tries, at_ms)
    )


@pytest.mark.parametrize("tries", HOW_MANY)
@pytest.mark.parametrize(("at_ms", "windows"), [(MIDDLE_MS, 1), (EDGE_MS, 2)])
def test_random_id64s_are_nobodys(
    people: Mapping[DeviceNo, Acquaintance], tries: int, at_ms: Millis, windows: int
) -> None:
    """`service-data` and the token of `service-uuid`: 32 bits more must be zero."""
    expected = tries * windows * ENROLLED / 2**64
    seen = taken_for_somebody(people, 64, tries, at_ms)
    judged(f"service-data, {windows} windows", tries, expected, seen)
    assert seen == 0


@pytest.mark.parametrize("tries", HOW_MANY)
def test_random_macs_make_nothing_fresh(tries: int) -> None:
    """`service-uuid` with a token that was heard: the mac has 32 bits, and counts for three minutes."""
    chance = random.Random("mac")
    fresh = sum(
        mac_is_fresh(bytes(16), "384602346e2d4daa", f"{chance.getrandbits(32):08x}", MIDDLE_MS)
        for _ in range(tries)
    )
    judged("service-uuid, mac", tries, tries * 3 / 2**32, fresh)


@pytest.mark.parametrize("tries", HOW_MANY)
def test_random_fixed_ids_are_nobodys(people: Mapping[DeviceNo, Acquaintance], tries: int) -> None:
    """`static`: of 20 bytes only those that somebody registered mean anybody."""
    mark_of = marker(bytes(32), TenantId("acme"))
    registered = {mark_of(f"{number:040x}") for number in range(1_000)}
    chance = random.Random("static")
    seen = sum(mark_of(f"{chance.getrandbits(160):040x}") in registered for _ in range(tries))
    judged("static", tries, tries * 1_000 / 2**160, seen)
    assert (
        meant_by(None, {each.enrolment.person: each for each in people.values()}, MIDDLE_MS) == ()
    )


@pytest.mark.parametrize("tries", HOW_MANY)
def test_random_pass_codes_are_wrong(tries: int) -> None:
    """The reference of her card is on every pass; its code has eight digits, for the step that it names."""
    chance = random.Random("pass")
    unix = MIDDLE_MS // 1000
    right = sum(
        not isinstance(
            verify(
                PassCode(card=CARD, unix=unix, totp=f"{chance.randrange(10**8):08d}"),
                SECRET,
                MIDDLE_MS,
            ),
            Refused,
        )
        for _ in range(tries)
    )
    judged("pass", tries, tries / 10**8, right)


def test_the_bounds_are_those_of_chance() -> None:
    assert [(at_least(mean), at_most(mean)) for mean in (0.0, 7e-4, 0.01, 1.16, 23.3, 46.6)] == [
        *((0, 0), (0, 2), (0, 3)),
        *((0, 12), (1, 58), (12, 93)),
    ]
