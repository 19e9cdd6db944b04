"""Fixtures: a real broker each, for one test. A plugin of tests/conftest.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rigs.brokers import MosquittoBroker, NatsBroker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[NatsBroker]:
    with NatsBroker(tmp_path / "nats") as broker:
        yield broker


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[MosquittoBroker]:
    with MosquittoBroker(tmp_path / "mosquitto") as broker:
        yield broker
