"""What the doctor of the server makes of what it sees."""

from __future__ import annotations

import pytest

from shopbell_server.core.doctor import flow, machine, trust
from shopbell_server.core.ids import Millis
from shopbell_server.core.token_windows import day_of

NOON = Millis(1_795_262_400_000)
MINUTE = 60_000
TODAY = day_of(NOON)


@pytest.mark.parametrize(
    ("kept", "off_ms", "verdict", "word"),
    [
        (True, None, "PASS", "time server"),
        (True, machine.OFF_MS, "PASS", "time server"),
        (None, -machine.OFF_MS, "PASS", "does not say"),
        (False, 0, "WARN", "no program"),
        (True, machine.OFF_MS + 1, "FAIL", "2.0 s ahead"),
        (False, -90_000, "FAIL", "90.0 s behind"),
    ],
)
def test_the_clock(*, kept: bool | None, off_ms: int | None, verdict: str, word: str) -> None:
    found = machine.clock(kept=kept, database_off_ms=off_ms)
    assert (found.check, found.verdict) == ("clock", verdict)
    assert word in found.found


@pytest.mark.parametrize(
    ("free", "total", "verdict"),
    [
        (machine.LEAST_BYTES - 1, machine.LEAST_BYTES, "FAIL"),
        (machine.LEAST_BYTES, 11 * machine.LEAST_BYTES, "WARN"),
        (machine.LEAST_BYTES, 10 * machine.LEAST_BYTES, "PASS"),
    ],
)
def test_the_disk(free: int, total: int, verdict: str) -> None:
    seen = machine.Room(what="database", path="/var/lib/x", free_bytes=free, total_bytes=total)
    found = machine.room(seen)
    assert (found.check, found.verdict) == ("disk database", verdict)
    assert "/var/lib/x" in found.found


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(0, "FAIL"), (1, "WARN"), (5, "WARN"), (6, "PASS"), (8, "PASS")]
)
def test_day_keys(ahead: int, verdict: str) -> None:
    days = {*range(TODAY - 7, TODAY), *range(TODAY, TODAY + ahead)}
    assert trust.day_keys(days, NOON).verdict == verdict


def test_a_day_that_is_missing_in_between_counts() -> None:
    assert trust.day_keys({TODAY, TODAY + 2, TODAY + 3}, NOON).found.startswith("for 1 days")


def test_stores_that_the_rules_of_visits_name() -> None:
    assert flow.visits(["a", "b"], ["a", "b", "c"]).verdict == "PASS"
    found = flow.visits(["b", "x"], ["a", "b"])
    assert (found.check, found.verdict) == ("visits", "WARN")
    assert found.found.endswith("there are not: x")


def test_erasures() -> None:
    assert trust.erasures(0).verdict == "PASS"
    assert trust.erasures(2).found.startswith("2 are not done")


def chain(*, unsigned_ms: int | None, whole: bool = True) -> trust.Chain:
    since = None if unsigned_ms is None else Millis(NOON - unsigned_ms)
    return trust.Chain(records=7, oldest_unsigned_ms=since, whole=whole)


def test_a_record_that_was_tampered_with_is_all_there_is_to_say() -> None:
    (found,) = trust.chain(chain(unsigned_ms=None, whole=False), NOON, runs=True)
    assert (found.check, found.verdict) == ("audit", "FAIL")
    assert "audit verify" in found.remedy


@pytest.mark.parametrize(
    ("unsigned_ms", "runs", "verdict", "remedy"),
    [
        (None, True, "PASS", ""),
        (trust.BEHIND_MS, True, "PASS", ""),
        (trust.BEHIND_MS + 1, True, "WARN", "audit_checkpoint_failed"),
        (trust.BEHIND_MS + 1, False, "WARN", "start it"),
    ],
)
def test_checkpoints(unsigned_ms: int | None, verdict: str, remedy: str, *, runs: bool) -> None:
    audit, found = trust.chain(chain(unsigned_ms=unsigned_ms), NOON, runs=runs)
    assert audit.verdict == "PASS"
    assert (found.check, found.verdict) == ("checkpoints", verdict)
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("ago_ms", "verdict"), [(None, "PASS"), (trust.BEHIND_MS, "PASS"), (16 * MINUTE, "WARN")]
)
def test_a_receiver(ago_ms: int | None, verdict: str) -> None:
    oldest = None if ago_ms is None else Millis(NOON - ago_ms)
    assert trust.receiver(3, oldest, NOON).verdict == verdict


def test_the_auditors_report() -> None:
    assert trust.report("2026-W47", missing=False).verdict == "PASS"
    assert trust.report("2026-W47", missing=True).verdict == "WARN"


@pytest.mark.parametrize(
    ("ago_ms", "verdict"),
    [
        (None, "PASS"),
        (flow.LATE_MS, "PASS"),
        (flow.LATE_MS + 1, "WARN"),
        (flow.LOST_MS, "WARN"),
        (flow.LOST_MS + 1, "FAIL"),
    ],
)
def test_a_sink(ago_ms: int | None, verdict: str) -> None:
    oldest = None if ago_ms is None else Millis(NOON - ago_ms)
    found = flow.sink("cdp", 3, oldest, NOON)
    assert (found.check, found.verdict) == ("sink cdp", verdict)


def test_edges() -> None:
    assert flow.edges([], {}).verdict == "WARN"
    assert flow.edges(["a"], {"a": True, "gone": False}).verdict == "PASS"
    away = flow.edges(["b", "a", "c"], {"a": True, "b": False})
    assert (away.verdict, away.found) == ("WARN", "2 of 3 are away: b, c")
    assert flow.edges([f"e{each}" for each in range(9)], {}).found.endswith("e4 …")


def test_a_server() -> None:
    url = "http://127.0.0.1:8400"
    assert flow.server({}, url).verdict == "PASS"
    assert flow.server(None, url).verdict == "WARN"
    broken = flow.server({"database": "does not answer", "broker": "not connected"}, url)
    assert broken.verdict == "FAIL"
    assert broken.found.endswith("broker: not connected; database: does not answer")
