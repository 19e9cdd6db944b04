"""Events to fill a spool with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_wire.messages import Loss, Presence, Scan, ScannerHealth

if TYPE_CHECKING:
    from shopbell_wire.messages import Phase


def presence(n: int = 1, phase: Phase = "present", reason: str = "30 s") -> Presence:
    """Return a presence event that `n` tells from others."""
    return Presence(
        scanner="hci0",
        frame="ibeacon",
        token=f"{n % 2**32:08x}",
        phase=phase,
        first_ms=1_795_262_400_000,
        last_ms=1_795_262_401_000,
        n=n + 1,
        loss_db=Loss(median=14.0, p10=11.0, last=13.0),
        reason=reason,
    )


def scan(n: int = 1) -> Scan:
    """Return a pass held up, told from others by `n`."""
    return Scan(
        scanner="cam0", at_ms=1_795_262_400_000 + n, kind="pass", format="QRCode", text=f"SB1.{n}"
    )


def health() -> ScannerHealth:
    """Return a scanner that went blind."""
    return ScannerHealth(
        scanner="hci0", state="blind", since_ms=1_795_262_400_000, reason="gone", coverage=0.5
    )
