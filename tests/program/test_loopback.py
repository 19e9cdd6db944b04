from __future__ import annotations

import pytest

from shopbell_program.loopback import is_loopback


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],  # noqa: S104  # refused is the point
)
def test_loopback_is_known(host: str, local: bool) -> None:  # noqa: FBT001  # a table
    assert is_loopback(host) is local
