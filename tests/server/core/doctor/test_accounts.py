"""What the doctor says of work accounts."""

from __future__ import annotations

import pytest

from shopbell_server.core.doctor.accounts import OFF_MS, Seen, accounts, no_accounts


@pytest.mark.parametrize("ahead_ms", [None, 0, OFF_MS, -OFF_MS])
def test_a_provider_that_answers(ahead_ms: int | None) -> None:
    found = accounts(Seen(host="login.example", keys=2, ahead_ms=ahead_ms))
    assert (found.check, found.verdict) == ("accounts", "PASS")
    assert "login.example" in found.found


@pytest.mark.parametrize(
    ("ahead_ms", "said"), [(90_000, "90 s ahead of"), (-45_000, "45 s behind")]
)
def test_a_clock_that_differs(ahead_ms: int, said: str) -> None:
    found = accounts(Seen(host="login.example", keys=2, ahead_ms=ahead_ms))
    assert found.verdict == "WARN"
    assert said in found.found


@pytest.mark.parametrize(
    ("word", "away", "do"),
    [
        ("slow", True, "reachable"),
        ("issuer", False, "to the letter"),
        ("a new word", False, "is oidc.issuer right?"),
    ],
)
def test_a_provider_that_is_away_or_wrong(word: str, *, away: bool, do: str) -> None:
    found = no_accounts(word, away=away)
    assert found.verdict == "FAIL"
    assert f"({word})" in found.found
    assert do in (found.remedy or "")
