"""How well a radio hears, after it was listened to for a while.

Owns: what was counted, what it means, and the remedy for each reason of not hearing.
Never: counts; who listens does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.doctor.verdict import failed, passed, warned
from shopbell_edge.core.reception import LIKELY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_edge.core.reception import Fault, Reception
    from shopbell_wire.messages import Finding, Hearing

WAITS: Final = "see `adapter` above; it is waited for"

REMEDIES: Final[Mapping[str, str]] = {
    "no_bus": "`systemctl start dbus`",
    "bus_lost": "`systemctl status dbus bluetooth`",
    "no_bluetoothd": "`systemctl enable --now bluetooth`",
    "dbus_owner_lost": "`journalctl -u bluetooth`: bluetoothd died",
    "no_adapter": WAITS,
    "adapter_gone": WAITS,
    "adapter_off": WAITS,
    "start_failed": "`systemctl restart bluetooth`, then `dmesg | grep -i bluetooth`; is another program "
    "connecting, which a Pi's own radio cannot do while it scans?",
    "silent": "`bluetoothctl power off`, then `on`; the adapter on a cable, away from USB 3",
    "management_absent": "`modprobe bluetooth`; RestrictAddressFamilies=AF_BLUETOOTH in the unit",
    "management_denied": "AmbientCapabilities=CAP_NET_ADMIN in the unit",
    "management_unanswered": 'set hear = "bleak" for this radio',
    "management_lost": 'set hear = "bleak" for this radio',
}

OTHERWISE: Final = "`journalctl -u shopbell-edge`, `bluetoothctl show`"

FAULTS: Final[Mapping[Fault, tuple[str, str]]] = {
    "heartbeat_unheard": (
        "the beacon is not heard at all",
        "is it on, within 10 m, and has it the uuid, major and minor of [heartbeat]? Hold it at the adapter",
    ),
    "duplicate_filter": (
        "the beacon is reported once per scan and no more: a duplicate filter is on",
        "kernel 6.1.105 or newer; `bluetoothctl devices Paired`: `remove` what connects by itself",
    ),
    "dead_band": (
        "the beacon is reported only when it changes by 8 dB: BlueZ does that to scans without filters",
        "give the daemon the management socket (see `capabilities`), or BlueZ 5.66 to 5.87",
    ),
    "no_flags": (
        "advertisements without Flags are withheld: AltBeacons, and phones that cannot be connected",
        "end whoever else scans, with patterns; give the daemon the management socket (see `capabilities`)",
    ),
    "low_duty": (
        "the beacon is heard far less than radios.duty says",
        "move it nearer; Wi-Fi on 5 GHz or a cable; end what connects; else set radios.duty lower",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a radio heard in `listened_s`; `reception` is None without a beacon."""

    scanner: str
    listened_s: float
    measured_s: float
    """Of that, how long it heard in the way in which it hears now: what `reception` is of."""
    adverts: int
    """All that were received, strangers' too; through the management socket an estimate."""
    ours: int
    state: Hearing | None
    reason: str
    way: str | None
    """`management` or `bleak`; None of a radio that has no choice."""
    reception: Reception | None


def hearing(heard: Heard) -> Finding:
    """Return whether it hears, how much, and which way."""
    if heard.state != "hearing":
        reason = heard.reason or "it has not begun"
        remedy = REMEDIES.get(heard.reason, OTHERWISE)
        return failed("hearing", f"does not hear: {reason}", remedy, heard.scanner)
    rate = heard.adverts / heard.listened_s
    found = f"{rate:.1f} advertisements/s, {heard.ours} of this retailer{_by(heard)}"
    if heard.adverts == 0:
        return warned(
            "hearing",
            f"nothing in {heard.listened_s:.0f} s{_by(heard)}",
            "hold a phone with Bluetooth on beside it and try again; then as for `silent`: "
            + REMEDIES["silent"],
            heard.scanner,
        )
    return passed("hearing", found, heard.scanner)


def heartbeat(heard: Heard, interval_ms: float, *, flags_unproven: bool = False) -> Finding:
    """Return how well it hears the store's beacon.

    `flags_unproven`: customers have what sends without Flags, and the beacon does not.
    """
    of, reception = heard.scanner, heard.reception
    if reception is None:
        return warned(
            "heartbeat",
            "no [heartbeat]: a radio that hears badly looks like a quiet shop",
            "hang up a fixed iBeacon and name it in [heartbeat]",
            of,
        )
    share = f"{reception.share:.0%} of the beacon heard, {reception.expected:.0%} expected"
    if reception.fault is not None:
        what, remedy = FAULTS[reception.fault]
        return failed("heartbeat", f"{reception.fault}: {what} ({share})", remedy, of)
    needed_s = ceil(LIKELY / reception.expected * interval_ms / 1000)
    if heard.measured_s < needed_s:
        return warned(
            "heartbeat",
            f"{share}; {heard.measured_s:.0f} s are too short to say",
            f"`shopbell-edge doctor --listen {needed_s + 30}`",
            of,
        )
    if flags_unproven:
        return warned(
            "heartbeat",
            f"{share}; AltBeacons send no Flags, and nothing shows that such advertisements come through",
            "have the beacon send without Flags too: minor_without_flags in [heartbeat]",
            of,
        )
    return passed("heartbeat", share, of)


def _by(heard: Heard) -> str:
    if heard.way == "management":
        return ", through the management socket"
    if heard.way == "bleak":
        why = f" ({heard.reason})" if heard.reason.startswith("management_") else ""
        return f", through bleak{why}"
    return ""
