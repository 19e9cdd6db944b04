from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.doctor.verdict import failed, has_failed, passed, warned
from shopbell_program.findings import NARROWEST, WIDEST, lines, summary
from shopbell_wire.messages import MAX_TEXT, Finding


def test_it_reads_well_in_eighty_columns() -> None:
    found = failed(
        "adapter",
        "BlueZ knows no adapter of that name",
        "compare with `bluetoothctl list` and radios.adapter; `dmesg | grep -i bluetooth`",
        "hci0",
    )
    assert list(lines(found, 80, colour=False)) == [
        "FAIL  adapter hci0        BlueZ knows no adapter of that name",
        "                          > compare with `bluetoothctl list` and radios.adapter;",
        "                            `dmesg | grep -i bluetooth`",
    ]


def test_a_long_name_has_a_line_of_its_own() -> None:
    found = passed("usb-scanner", "there", "the-gun-at-the-door")
    assert list(lines(found, 80, colour=False)) == [
        "PASS  usb-scanner the-gun-at-the-door",
        "                          there",
    ]


def test_the_verdict_alone_is_in_colour() -> None:
    (line,) = lines(passed("bluez", "5.82"), 80, colour=True)
    assert line == "\x1b[32mPASS\x1b[0m  bluez               5.82"


def test_what_a_broker_says_commands_no_terminal() -> None:
    (line,) = lines(passed("bluez", "\x1b[2J"), 80, colour=False)
    assert line.endswith(r"'\x1b[2J'")


def test_a_finding_that_found_nothing_to_say_still_has_its_line() -> None:
    assert list(lines(Finding(check="disk", verdict="PASS", found=""), 80, colour=False)) == [
        "PASS  disk"
    ]


@given(
    found=st.text(max_size=MAX_TEXT), remedy=st.text(max_size=MAX_TEXT), width=st.integers(0, 300)
)
def test_no_line_is_longer_than_the_terminal(found: str, remedy: str, width: int) -> None:
    for line in lines(warned("disk", found, remedy), width, colour=False):
        assert len(line) <= max(NARROWEST, min(width, WIDEST))
        assert line.isprintable()


def test_what_is_too_long_for_the_wire_is_cut() -> None:
    found = failed("disk", "x" * 2_000, "y" * 2_000, "z" * 2_000)
    assert {len(each) for each in (found.check, found.found, found.remedy)} == {MAX_TEXT}


def test_the_last_line_counts() -> None:
    found = [
        passed("disk", ""),
        failed("spool", "", ""),
        warned("bluez", "", ""),
        passed("clock", ""),
    ]
    assert summary(found) == "1 failed, 1 to look at, 2 in order"
    assert has_failed(found)
    assert not has_failed(found[2:])
