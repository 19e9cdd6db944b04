"""What edges of a load say, as messages of the wire.

Owns: which frame whose phone sends, tokens in their windows, macs, passes; statuses.
Never: when it is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from shopbell_sim.adapters.show_pass import pass_of
from shopbell_sim.core.load_edge import SOFTWARE
from shopbell_sim.core.phone import MAC_MINUTE_S, mac32
from shopbell_wire.messages import Loss, Presence, Scan, ScannerStatus, Status

if TYPE_CHECKING:
    from shopbell_sim.core.load_crowd import Told
    from shopbell_sim.load.folder import Known
    from shopbell_wire.messages import Clock, Event, Frame

RADIO: Final = "hci0"
CAMERA: Final = "camera"

CONFIG: Final = f"sha256:{0:016x}"
"""Digest of settings that there are none of."""

FRAMES: Final[tuple[Frame, ...]] = ("ibeacon", "service-data", "service-data", "service-uuid")
"""By the person's number: half of all phones send service data, a quarter each of the others."""


def event(told: Told, known: Known) -> Event:
    """Return what the edge says, by the token that her phone has in that window."""
    if told.phase is None:
        text = pass_of(known.enrolled, told.last_ms / 1000)
        return Scan(scanner=CAMERA, at_ms=told.last_ms, kind="pass", format="QRCode", text=text)
    frame = FRAMES[known.person % len(FRAMES)]
    # Who came in before the first window that she has tokens of came in with that one.
    window = max(0, told.window - known.first_window)
    token = known.id32[window] if frame == "ibeacon" else known.id64[window]
    loss = Loss(
        median=round(told.loss_db + 2, 1),
        p10=round(told.loss_db, 1),
        last=round(told.loss_db + 1, 1),
    )
    minute = told.last_ms // (MAC_MINUTE_S * 1000)
    has_mac = frame == "service-uuid"
    return Presence(
        scanner=RADIO,
        frame=frame,
        token=token,
        phase=told.phase,
        first_ms=told.first_ms,
        last_ms=told.last_ms,
        n=told.n,
        loss_db=loss,
        mac=mac32(bytes.fromhex(known.enrolled.mac_key), token, minute) if has_mac else UNSET,
        mac_ms=told.last_ms if has_mac else UNSET,
        reason=told.reason,
    )


def status(name: str, stream: str, connection: int, now: Clock, *, online: bool) -> Status:
    """Return the retained status of an edge, and its last will."""
    return Status(
        edge=name,
        stream=stream,
        conn=connection,
        state="online" if online else "offline",
        version=SOFTWARE,
        config=CONFIG,
        clock=now,
        scanners=(
            ScannerStatus(scanner=RADIO, kind="ble", state="hearing"),
            ScannerStatus(scanner=CAMERA, kind="camera", state="hearing"),
        ),
    )
