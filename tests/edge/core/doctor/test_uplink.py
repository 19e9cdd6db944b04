from __future__ import annotations

from typing import get_args

import pytest

from shopbell_edge.core.doctor.uplink import (
    REMEDIES,
    Certificate,
    Problem,
    Tried,
    certificate,
    fallback,
    uplink,
)

DAY_MS = 86_400_000


def test_a_way_that_leads_to_the_server_passes_step_by_step() -> None:
    found = list(
        uplink(
            (
                Tried(step="broker-name", detail="mq.example"),
                Tried(step="broker-login"),
                Tried(step="server", took_ms=84),
            )
        )
    )
    assert [each.verdict for each in found] == ["PASS"] * 3
    assert found[0].found == "found: mq.example"
    assert found[1].found == "accepted"
    assert "after 84 ms: rights and registration are in order" in found[2].found


def test_a_server_that_takes_its_time_is_a_warning() -> None:
    (found,) = uplink((Tried(step="server", took_ms=3_001),))
    assert found.verdict == "WARN"


@pytest.mark.parametrize("problem", get_args(Problem))
def test_every_problem_has_its_remedy(problem: Problem) -> None:
    (found,) = uplink((Tried(step="broker-tls", problem=problem, detail="as it says"),))
    assert (found.verdict, found.found) == ("FAIL", f"{problem}: as it says")
    assert found.remedy == REMEDIES[problem]


def test_a_fallback_that_can_be_reached_is_told_by_its_last_step() -> None:
    found = fallback("b:1", (Tried(step="broker-name", detail="b"), Tried(step="broker-port")))
    assert (found.check, found.verdict, found.found) == ("broker-port b:1", "PASS", "open")


@pytest.mark.parametrize("detail", ["", "no route"])
def test_a_fallback_that_cannot_be_reached_is_a_warning_for_there_is_another(detail: str) -> None:
    found = fallback("b:1", (Tried(step="broker-port", problem="unreachable", detail=detail),))
    assert found.verdict == "WARN"
    assert found.found == ("unreachable: no route" if detail else "unreachable")
    assert found.remedy == f"broker.fallbacks: {REMEDIES['unreachable']}"


def test_a_problem_may_have_nothing_to_add() -> None:
    (found,) = uplink((Tried(step="broker-login", problem="lost"),))
    assert found.found == "lost"


@pytest.mark.parametrize(
    ("left_ms", "verdict", "says"),
    [
        (-1, "FAIL", "ended 0 days ago"),
        (-3 * DAY_MS, "FAIL", "ended 3 days ago"),
        (29 * DAY_MS, "WARN", "ends in 29 days"),
        (30 * DAY_MS, "PASS", "good for 30 days"),
    ],
)
def test_certificates(left_ms: int, verdict: str, says: str) -> None:
    now_ms = 1_800_000_000_000
    found = certificate(Certificate(whose="edge", until_ms=now_ms + left_ms), now_ms)
    assert (found.check, found.verdict, found.found) == ("certificate edge", verdict, says)
