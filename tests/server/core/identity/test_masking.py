from __future__ import annotations

import pytest

from shopbell_server.core.identity.masking import masked


@pytest.mark.parametrize(
    ("identifier", "shown"),
    [("c-1234567890", "••••7890"), ("1234567890", "••••7890"), ("123456789", "••••"), ("", "••••")],
)
def test_only_the_end_of_a_long_identifier_is_shown(identifier: str, shown: str) -> None:
    assert masked(identifier) == shown
