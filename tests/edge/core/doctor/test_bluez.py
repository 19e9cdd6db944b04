from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.core.doctor.bluez import (
    NET_ADMIN,
    NO_RESET,
    Adapter,
    Bluez,
    adapter,
    bluez,
    mode,
)

if TYPE_CHECKING:
    from shopbell_edge.core.hearing_path import Hear
    from shopbell_wire.messages import Finding

WELL = Bluez(
    bus="there",
    version="5.82",
    main_conf="[General]\n",
    experimental=False,
    capabilities=NET_ADMIN,
    whose="the daemon's unit",
    management=True,
)
HCI0 = Adapter(name="hci0", present=True, powered=True, blocked=None, usb=None)


def findings(seen: Bluez, *hears: Hear) -> dict[str, Finding]:
    return {each.check: each for each in bluez(seen, hears or ("auto",))}


def test_a_good_one_passes_everything() -> None:
    found = findings(WELL)
    assert {each.verdict for each in found.values()} == {"PASS"}
    assert found["bluez"].found == "5.82: reports every advertisement to our scans"
    assert found["capabilities"].found.startswith("the daemon's unit may read")


@pytest.mark.parametrize(
    ("changed", "verdict", "says"),
    [
        (replace(WELL, bus="no_bus"), "FAIL", "no system bus"),
        (replace(WELL, bus="no_bluetoothd"), "FAIL", "bluetoothd does not run"),
        (replace(WELL, version=None), "WARN", "its version is not to be found out"),
        (replace(WELL, version="5.55"), "WARN", "5.55: nobody has measured"),
        (replace(WELL, version="newest"), "WARN", "newest: nobody has measured"),
        (replace(WELL, version="5.66"), "PASS", "every advertisement"),
        (replace(WELL, version="5.88"), "PASS", "newer than measured"),
    ],
)
def test_the_service(changed: Bluez, verdict: str, says: str) -> None:
    found = findings(changed)["bluez"]
    assert found.verdict == verdict
    assert says in found.found


@pytest.mark.parametrize(
    ("conf", "verdict", "says"),
    [
        (None, "PASS", "not there or not ours to read"),
        ("[General]\n#ControllerMode = le\n", "PASS", "ControllerMode = dual"),
        ("[General]\n ControllerMode=le\n", "PASS", "RSSI >= -127 and for duplicates"),
        ("ControllerMode = bredr\n", "FAIL", "nothing of Bluetooth LE"),
        ("ControllerMode = bredr\nControllerMode = dual\n", "PASS", "dual"),
    ],
)
def test_the_controllers_mode_against_the_filters_of_our_scans(
    conf: str | None, verdict: str, says: str
) -> None:
    found = mode(conf)
    assert found.verdict == verdict
    assert says in found.found


@pytest.mark.parametrize(("on", "says"), [(True, "on"), (False, "off"), (None, "unknown")])
def test_experimental_matters_to_passive_scans_only(on: bool | None, says: str) -> None:  # noqa: FBT001  a reading
    found = findings(replace(WELL, experimental=on))["bluez-experimental"]
    assert (found.verdict, found.found.split(";")[0]) == ("PASS", says)


DENIED = replace(WELL, capabilities=0)


@pytest.mark.parametrize(
    ("seen", "hears", "verdict", "says"),
    [
        (DENIED, ("auto",), "PASS", "lacks CAP_NET_ADMIN; radios hear through bleak"),
        (DENIED, ("bleak", "bleak"), "PASS", "none is needed"),
        (DENIED, ("auto", "management"), "FAIL", "lacks CAP_NET_ADMIN, and hear is management"),
        (replace(WELL, management=False), ("auto",), "PASS", "no management sockets"),
        (replace(WELL, management=False), ("management",), "FAIL", "no management sockets"),
    ],
)
def test_capabilities(seen: Bluez, hears: tuple[Hear, ...], verdict: str, says: str) -> None:
    found = findings(seen, *hears)["capabilities"]
    assert found.verdict == verdict
    assert says in found.found


@pytest.mark.parametrize(
    ("seen", "verdict", "remedy"),
    [
        (HCI0, "PASS", ""),
        (replace(HCI0, usb="0a12:0001"), "PASS", ""),
        (replace(HCI0, usb=NO_RESET), "WARN", "pulled out"),
        (replace(HCI0, powered=False), "FAIL", "bluetoothctl power on"),
        (replace(HCI0, present=False), "FAIL", "bluetoothctl list"),
        (replace(HCI0, blocked="soft", powered=False), "FAIL", "rfkill unblock bluetooth"),
        (replace(HCI0, blocked="hard"), "FAIL", "at the case"),
    ],
)
def test_adapters(seen: Adapter, verdict: str, remedy: str) -> None:
    found = adapter(seen, "there")
    assert (found.check, found.verdict) == ("adapter hci0", verdict)
    assert remedy in found.remedy


def test_an_adapter_says_nothing_new_while_bluez_is_away() -> None:
    assert adapter(HCI0, "no_bus").found == "BlueZ is away, see above"
