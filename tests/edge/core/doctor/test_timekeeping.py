from __future__ import annotations

from dataclasses import replace

import pytest

from shopbell_edge.core.doctor.timekeeping import Timekeeping, timekeeping

WELL = Timekeeping(
    source="ntp", state="synced", err_ms=12, keepers=("chrony",), server_off_ms=0, pi=True
)


@pytest.mark.parametrize(
    ("seen", "verdicts", "says"),
    [
        (WELL, ["PASS", "PASS"], "right within 12 ms"),
        (replace(WELL, server_off_ms=None), ["PASS", "PASS"], "right"),
        (replace(WELL, server_off_ms=-2_001), ["FAIL", "PASS"], "2.0 s behind"),
        (replace(WELL, server_off_ms=90_000), ["FAIL", "PASS"], "90.0 s ahead"),
        (replace(WELL, state="holdover"), ["WARN", "PASS"], "12 ms off"),
        (replace(WELL, state="unsynced"), ["WARN", "PASS"], "the server's answers do"),
        (
            replace(WELL, state="unsynced", server_off_ms=None, daemon="synced"),
            ["WARN", "PASS"],
            "the server's answers do",
        ),
        (
            replace(WELL, state="unsynced", server_off_ms=None),
            ["FAIL", "PASS"],
            "nobody has set it",
        ),
        (replace(WELL, keepers=()), ["PASS", "FAIL"], "no program keeps the time"),
        (replace(WELL, keepers=("chrony", "ntpd")), ["PASS", "WARN"], "chrony and ntpd"),
        (replace(WELL, source="system"), ["PASS", "WARN"], "trusted blindly"),
        (replace(WELL, source="system", pi=False), ["PASS", "PASS"], "as of a virtual machine"),
    ],
)
def test_clocks(seen: Timekeeping, verdicts: list[str], says: str) -> None:
    found = list(timekeeping(seen))
    assert [each.check for each in found] == ["clock", "time-source"]
    assert [each.verdict for each in found] == verdicts
    assert says in f"{found[0].found}; {found[1].found}"
