"""What the retained status says of this edge: its settings, its clock, and how each scanner does.

Owns: where each of its fields comes from.
Never: publishes it (`beat` and the uplink do).
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import UNSET

from shopbell_edge.config.tables import EvdevScanner
from shopbell_wire.messages import ScannerStatus, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.config.tables import Settings
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.ports import EdgeClock


def describing(
    settings: Settings,
    clock: EdgeClock,
    tally: Tally,
    *,
    stream: str,
    software: str,
    in_force: int | None,
) -> Callable[[int, Literal["online", "offline"]], Status]:
    """Return what makes the status of a connection; `in_force` is the number of the server's settings."""
    digest = sha256(msgspec.json.encode(settings)).hexdigest()[:16]
    since: dict[int, int] = {}

    def describe(conn: int, state: Literal["online", "offline"]) -> Status:
        if conn not in since:
            since.clear()
            since[conn] = clock.now().wall_ms
        return Status(
            edge=settings.edge,
            stream=stream,
            conn=conn,
            state=state,
            version=software,
            config=f"sha256:{digest}",
            clock=clock.now(),
            in_force=UNSET if in_force is None else in_force,
            since_ms=since[conn],
            scanners=(
                *(_scanner(tally, each.scanner, "ble") for each in settings.radios),
                *(_scanner(tally, each.scanner, "camera") for each in settings.cameras),
                *(
                    _scanner(
                        tally,
                        each.scanner,
                        "evdev" if isinstance(each, EvdevScanner) else "serial",
                    )
                    for each in settings.usb_scanners
                ),
            ),
        )

    return describe


def _scanner(
    tally: Tally, scanner: str, kind: Literal["ble", "camera", "serial", "evdev"]
) -> ScannerStatus:
    """Return how a scanner hears; one that has not said so yet is not hearing."""
    state, reason = tally.hearing.get(scanner, ("blind", ""))
    return ScannerStatus(scanner=scanner, kind=kind, state=state, reason=reason)
