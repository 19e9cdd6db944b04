from __future__ import annotations

from dataclasses import replace

import pytest

from shopbell_edge.core.doctor.supervision import (
    Running,
    Unit,
    from_outside,
    supervision,
    uplink_from_outside,
)

UNIT = Unit(loaded=True, active=True, watchdog_s=30.0, user="shopbell-edge")


@pytest.mark.parametrize(
    ("unit", "running", "verdicts", "says"),
    [
        (UNIT, True, ["PASS", "PASS"], "bites after 30 s"),
        (UNIT, False, ["FAIL", "PASS"], "systemd runs it, and it has no spool"),
        (replace(UNIT, active=False), False, ["WARN", "PASS"], "its user is shopbell-edge"),
        (replace(UNIT, active=False, user="root"), False, ["PASS", "PASS"], "free to try"),
        (replace(UNIT, active=False, user=""), False, ["PASS", "PASS"], "free to try"),
        (replace(UNIT, watchdog_s=0.0), True, ["PASS", "WARN"], "none"),
        (replace(UNIT, watchdog_s=600.0), True, ["PASS", "WARN"], "after 600 s only"),
        (Unit(loaded=False), False, ["PASS", "WARN"], "nobody restarts"),
        (Unit(loaded=False), True, ["PASS", "WARN"], "nobody restarts"),
    ],
)
def test_who_watches(unit: Unit, running: bool, verdicts: list[str], says: str) -> None:  # noqa: FBT001  a reading
    found = list(supervision(unit, running=running, asked_as="root"))
    assert [each.check for each in found] == ["daemon", "watchdog"]
    assert [each.verdict for each in found] == verdicts
    assert says in f"{found[0].found}; {found[1].found}"


SAID = Running(scanners={"hci0": 1.0, "cam0": 0.0, "gun": 0.5}, uplink=True)


@pytest.mark.parametrize(
    ("scanner", "said", "verdict"),
    [
        ("hci0", SAID, "PASS"),
        ("cam0", SAID, "FAIL"),
        ("gun", SAID, "WARN"),
        ("other", SAID, "PASS"),
        ("hci0", replace(SAID, overflown={"hci0": 12.0}), "WARN"),
        ("hci0", replace(SAID, overflown={"hci1": 12.0}), "PASS"),
        ("cam0", replace(SAID, overflown={"cam0": 12.0}), "FAIL"),
        ("hci0", None, "PASS"),
    ],
)
def test_what_the_daemon_has_is_left_alone(
    scanner: str, said: Running | None, verdict: str
) -> None:
    found = from_outside("hearing", scanner, said)
    assert (found.check, found.verdict) == (f"hearing {scanner}", verdict)
    assert "the daemon has it" in found.found


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (None, "PASS"),
        (replace(SAID, uplink=None), "PASS"),
        (SAID, "PASS"),
        (replace(SAID, uplink=False), "FAIL"),
    ],
)
def test_its_connection_too(said: Running | None, verdict: str) -> None:
    assert uplink_from_outside(said).verdict == verdict
