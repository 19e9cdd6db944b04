"""Whether BlueZ, the kernel's rights and an adapter are as hearing needs them.

Owns: which BlueZ was measured, what each missing part means, and what to type.
Never: listens (`hearing`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_edge.core.hearing_path import Hear
    from shopbell_wire.messages import Finding

MEASURED: Final = (5, 66)
"""The oldest on which it was measured that our scans report every advertisement; 5.82 is the other."""

CHANGED_AFTER: Final = (5, 87)
"""The next BlueZ keeps every advertisement only for scans with an RSSI filter. Ours have one."""

NET_ADMIN: Final = 1 << 12
"""Of linux/capability.h: all that the kernel asks for before it tells a socket of advertisements."""

NO_RESET: Final = "0bda:8771"
"""RTL8761B, in most cheap adapters: it has no reset that software can pull."""

Bus = Literal["no_bus", "no_bluetoothd", "there"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bluez:
    """What this machine says of Bluetooth; None is what it does not say."""

    bus: Bus
    version: str | None
    main_conf: str | None
    """The text of /etc/bluetooth/main.conf."""
    experimental: bool | None
    capabilities: int
    """The mask of whoever runs the daemon."""
    whose: str
    """Whose capabilities these are, for people."""
    management: bool
    """Whether this machine has management sockets at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """What BlueZ and the kernel say of one adapter."""

    name: str
    present: bool
    powered: bool
    blocked: Literal["soft", "hard"] | None
    usb: str | None
    """Vendor and product, `0bda:8771`; None if it is none of USB's."""


def bluez(seen: Bluez, hears: tuple[Hear, ...]) -> Iterator[Finding]:
    """Yield what is to be said of BlueZ, where radios hear in the ways `hears`."""
    yield _service(seen)
    yield mode(seen.main_conf)
    yield _experimental(seen.experimental)
    yield _capabilities(seen, hears)


def mode(main_conf: str | None) -> Finding:
    """Return what `ControllerMode` means for the filters of our scans."""
    if main_conf is None:
        return passed("bluez-mode", "/etc/bluetooth/main.conf is not there or not ours to read")
    found = re.findall(r"(?m)^[ \t]*ControllerMode[ \t]*=[ \t]*(\w+)", main_conf, re.ASCII)
    value = found[-1].lower() if found else "dual"
    if value == "bredr":
        return failed(
            "bluez-mode",
            "ControllerMode = bredr: nothing of Bluetooth LE is heard",
            "in /etc/bluetooth/main.conf set ControllerMode = dual, then "
            "`systemctl restart bluetooth`",
        )
    if value == "le":
        return passed(
            "bluez-mode",
            "ControllerMode = le; a scan with no filter but its transport would be told changes of 8 dB "
            "only, ours asks for RSSI >= -127 and for duplicates, and is told everything",
        )
    return passed("bluez-mode", f"ControllerMode = {value}")


def adapter(seen: Adapter, bus: Bus) -> Finding:
    """Return whether one adapter can scan."""
    of = seen.name
    if bus != "there":
        return failed("adapter", "BlueZ is away, see above", "first cure that", of)
    if seen.blocked is not None:
        return failed(
            "adapter",
            f"rfkill blocks it ({seen.blocked})",
            "`rfkill unblock bluetooth`" if seen.blocked == "soft" else "switch it on at the case",
            of,
        )
    if not seen.present:
        return failed(
            "adapter",
            "BlueZ knows no adapter of that name",
            "compare with `bluetoothctl list` and radios.adapter; `dmesg | grep -i bluetooth`; of a Pi's own "
            "see that config.txt has no disable-bt",
            of,
        )
    if not seen.powered:
        return failed(
            "adapter",
            "switched off",
            "`bluetoothctl power on`; for every boot: [Policy] AutoEnable=true in "
            "/etc/bluetooth/main.conf",
            of,
        )
    if seen.usb == NO_RESET:
        return warned(
            "adapter",
            "there and on; its chip, RTL8761B, cannot be reset by software once it hangs",
            "keep another kind at hand; one that hangs has to be pulled out",
            of,
        )
    return passed("adapter", "there and on", of)


def _service(seen: Bluez) -> Finding:
    if seen.bus == "no_bus":
        return failed(
            "bluez",
            "there is no system bus",
            "`systemctl start dbus`, or install it: `apt install dbus`",
        )
    if seen.bus == "no_bluetoothd":
        return failed(
            "bluez",
            "bluetoothd does not run",
            "`systemctl enable --now bluetooth`, or install it: `apt install bluez`",
        )
    if seen.version is None:
        return warned(
            "bluez",
            "runs; its version is not to be found out",
            "`bluetoothctl --version`: 5.66 or newer",
        )
    parsed = re.fullmatch(r"(\d+)\.(\d+)", seen.version, re.ASCII)
    if parsed is None or (int(parsed[1]), int(parsed[2])) < MEASURED:
        return warned(
            "bluez",
            f"{seen.version}: nobody has measured that it reports every advertisement",
            "5.66 or newer: Debian 12 has it; a [heartbeat] beacon shows how this one does",
        )
    if (int(parsed[1]), int(parsed[2])) > CHANGED_AFTER:
        return passed(
            "bluez",
            f"{seen.version}: newer than measured; reports everything to scans with an RSSI filter, as ours",
        )
    return passed("bluez", f"{seen.version}: reports every advertisement to our scans")


def _experimental(on: bool | None) -> Finding:  # noqa: FBT001  a reading, not a switch
    said = {True: "on", False: "off", None: "unknown"}[on]
    return passed(
        "bluez-experimental", f"{said}; only passive scans would need it, ours are active"
    )


def _capabilities(seen: Bluez, hears: tuple[Hear, ...]) -> Finding:
    if all(hear == "bleak" for hear in hears):
        return passed("capabilities", "none is needed: every radio hears through bleak")
    if not seen.capabilities & NET_ADMIN:
        found = f"{seen.whose} lacks CAP_NET_ADMIN"
        remedy = (
            "AmbientCapabilities=CAP_NET_ADMIN and RestrictAddressFamilies=… AF_BLUETOOTH in the unit: "
            "the shipped one has both"
        )
    elif not seen.management:
        found = "this machine has no management sockets"
        remedy = (
            "`modprobe bluetooth`; in a container share the host's network; in the unit "
            "RestrictAddressFamilies=AF_BLUETOOTH"
        )
    else:
        return passed("capabilities", f"{seen.whose} may read the kernel's management socket")
    if "management" in hears:
        return failed(
            "capabilities", f"{found}, and hear is management", f'{remedy}; or hear = "auto"'
        )
    return passed(
        "capabilities", f"{found}; radios hear through bleak, which costs ten times the CPU"
    )
