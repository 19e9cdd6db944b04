"""The doctor asks the provider that staff sign in at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from shopbell_server.config.reading import read_settings
from shopbell_server.doctor.accounts import work_accounts
from tests.rigs.lying_provider import LyingProvider
from tests.rigs.ports import free_port
from tests.server.config.test_reading import LEAST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.config.settings import Settings

OIDC = """
[http]
origin = "http://127.0.0.1:8400"
[oidc]
issuer = "{issuer}"
client_id = "shopbell"
allow_loopback = true
[oidc.roles]
floor = "advisor"
"""


@pytest.fixture
def lying() -> Iterator[LyingProvider]:
    with LyingProvider(lambda: int(time.time())) as provider:
        yield provider


def settings(folder: Path, issuer: str | None) -> Settings:
    path = folder / "server.toml"
    path.write_text(LEAST if issuer is None else LEAST + OIDC.format(issuer=issuer))
    return read_settings(path)


def test_a_provider_that_is_right(tmp_path: Path, lying: LyingProvider) -> None:
    (found,) = work_accounts(settings(tmp_path, lying.issuer))
    assert (found.check, found.verdict) == ("accounts", "PASS")


def test_a_provider_that_calls_itself_otherwise(tmp_path: Path, lying: LyingProvider) -> None:
    (found,) = work_accounts(settings(tmp_path, f"{lying.issuer}/"))
    assert found.verdict == "FAIL"
    assert found.remedy is not None
    assert "to the letter" in found.remedy


def test_a_provider_that_is_not_there(tmp_path: Path) -> None:
    (found,) = work_accounts(settings(tmp_path, f"http://127.0.0.1:{free_port()}"))
    assert (found.verdict, "unreachable" in found.found) == ("FAIL", True)


def test_nothing_is_said_where_there_is_none(tmp_path: Path) -> None:
    assert list(work_accounts(settings(tmp_path, None))) == []
