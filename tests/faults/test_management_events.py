"""A million packets of the management socket that no kernel would send: nothing is raised, nothing grows."""

from __future__ import annotations

import os
import tracemalloc
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.management import EVENT_BYTES, Passed, taking
from shopbell_edge.core.packet_filter import program
from tests.bench.air import RETAILER, foreign, own
from tests.edge.core.bpf import passes
from tests.edge.core.management_events import complete, found, monitor_found

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED: Final = int(os.environ.get("SHOPBELL_SEED", "20261122"))

SHORT: Final = 10_000
LONG: Final = 1_000_000
FLAT_BYTES: Final = 3 * 1024 * 1024
"""Two million and a half are what is remembered of 4 096 payloads of ours."""


def packets(rng: Random, count: int) -> Iterator[bytes]:
    """Yield packets: whole, cut off, of changed bytes, of made-up tokens, and noise."""
    for number in range(count):
        ad = own(rng.randrange(1 << 30)) if rng.random() < 0.5 else foreign(rng.randrange(1 << 30))
        event = (found, monitor_found)[number % 2](ad, rng.randrange(-128, 128))
        packet = bytearray(event if rng.random() < 0.95 else complete(0x15, 0))
        match rng.randrange(4):
            case 0:
                packet[rng.randrange(len(packet))] = rng.randrange(256)
            case 1:
                del packet[rng.randrange(len(packet)) :]
            case 2:
                packet = bytearray(packet[:20] + rng.randbytes(rng.randrange(60)))
            case _:
                pass
        yield bytes(packet)


def survive(count: int) -> None:
    rng = Random(SEED)
    take = taking(0, RETAILER)
    filter_ = program(0, RETAILER, sample=16)
    buffer = bytearray(EVENT_BYTES)
    ours = 0
    for packet in packets(rng, SHORT):  # what may be remembered is
        buffer[: len(packet)] = packet
        take(buffer, len(packet))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number, packet in enumerate(packets(rng, count)):
            buffer[: len(packet)] = packet
            taken = take(buffer, len(packet))
            assert isinstance(taken, Advertisement | Passed), f"seed {SEED}, packet {number}"
            if isinstance(taken, Advertisement):
                ours += 1
                if number % 16 == 0:
                    assert passes(filter_, packet), f"seed {SEED}, packet {number}: kept back"
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ours > count / 8
    assert after - before < FLAT_BYTES, f"seed {SEED}"


def test_ten_thousand_packets_are_survived() -> None:
    survive(SHORT)


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_million_packets_are_survived() -> None:
    survive(LONG)
