from __future__ import annotations

from dataclasses import replace

import pytest

from shopbell_edge.core.doctor.machine import Machine, kernel, machine

WELL = Machine(
    software="1.2.3",
    python=(3, 11, 2),
    bits=64,
    kernel="6.12.25+rpt-rpi-v8",
    hottest_c=51.2,
    throttled=0,
    available_bytes=900 << 20,
)


def verdicts(seen: Machine) -> dict[str, tuple[str, str]]:
    return {each.check: (each.verdict, each.found) for each in machine(seen)}


def test_a_good_machine_passes_everything() -> None:
    assert verdicts(WELL) == {
        "version": ("PASS", "Shopbell 1.2.3, Python 3.11.2, 64 bit"),
        "kernel": ("PASS", "6.12.25+rpt-rpi-v8: reports every advertisement"),
        "temperature": ("PASS", "51 °C"),
        "memory": ("PASS", "900 MiB are free for programs"),
    }


@pytest.mark.parametrize(
    ("release", "verdict", "says"),
    [
        ("6.11.0", "PASS", "every advertisement"),
        ("7.0", "PASS", "every advertisement"),
        ("6.1.105-v8", "PASS", "has the fix of the duplicate filter"),
        ("6.1.104", "FAIL", "duplicate filter"),
        ("6.1", "FAIL", "duplicate filter"),
        ("6.6.51+rpt-rpi-v8", "PASS", "by its date (not verified)"),
        ("6.6.31", "FAIL", "duplicate filter"),
        ("6.10.5", "PASS", "not verified"),
        ("6.8.0-45-generic", "FAIL", "duplicate filter"),
        ("5.17.0", "FAIL", "duplicate filter"),
        ("5.15.84-v8+", "PASS", "older than the fault of the duplicate filter (not verified)"),
        ("custom", "WARN", "no release"),
    ],
)
def test_kernels(release: str, verdict: str, says: str) -> None:
    found = kernel(release)
    assert found.verdict == verdict
    assert says in found.found
    assert (found.remedy == "") == (verdict == "PASS")


def test_the_remedy_names_the_kernel_of_ones_own_line() -> None:
    assert "6.6.46 or newer" in kernel("6.6.1").remedy
    assert "6.1.105, or 6.11 or newer" in kernel("6.5.1").remedy


@pytest.mark.parametrize(
    ("changed", "check", "verdict"),
    [
        (replace(WELL, python=(3, 10, 1)), "version", "FAIL"),
        (replace(WELL, bits=32), "version", "FAIL"),
        (replace(WELL, hottest_c=80.0), "temperature", "WARN"),
        (replace(WELL, hottest_c=None), "temperature", "PASS"),
        (replace(WELL, hottest_c=None, throttled=None), "temperature", "PASS"),
        (replace(WELL, throttled=0x50005), "temperature", "FAIL"),
        (replace(WELL, throttled=0x4), "temperature", "WARN"),
        (replace(WELL, throttled=0x50000), "temperature", "WARN"),
        (replace(WELL, available_bytes=None), "memory", "PASS"),
        (replace(WELL, available_bytes=100 << 20), "memory", "WARN"),
    ],
)
def test_what_is_not_well_with_it(changed: Machine, check: str, verdict: str) -> None:
    assert verdicts(changed)[check][0] == verdict
