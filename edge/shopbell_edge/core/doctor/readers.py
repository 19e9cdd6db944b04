"""Whether cameras and handheld scanners are there, ours to use, and alive.

Owns: what each way of failing means, and the remedy.
Never: opens one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_wire.messages import Finding

FEW_PER_S: Final = 5.0
"""Frames. Fifteen a second are looked at; with five a pass is still read within half a second."""

CAMERA_REMEDIES: Final[Mapping[str, str]] = {
    "no_camera": "`ls -l /dev/video*`, compare with cameras.device; plug it in",
    "permission_denied": "the group video: the shipped unit has it; of whoever asks: "
    "`usermod -aG video shopbell-edge`",
    "in_use": "`fuser -v /dev/video*` (of the package psmisc): end whoever has it",
    "no_extra": "`/opt/shopbell/bin/pip install --require-hashes -r deploy/requirements/edge-qr.txt`",
    "no_folder": "make the folder, or correct cameras.folder",
    "folder_denied": "let the daemon's user read it; to write too, if consume is set",
    "camera_lost": "another cable or socket; `dmesg`",
    "decoder_hung": "another cable or socket; a USB hub with a supply of its own",
}

CAMERA_OTHERWISE: Final = "`journalctl -u shopbell-edge`; report it if it stays"

USB_REMEDIES: Final[Mapping[str, str]] = {
    "unplugged": "plug it in; compare device with `ls -l /dev/serial/by-id /dev/input/by-id`",
    "permission_denied": "the groups dialout and input: the shipped unit has them; of whoever asks: "
    "`usermod -aG dialout,input shopbell-edge`",
    "in_use": "`fuser -v DEVICE` (of the package psmisc); end it, or keep it away by udev: "
    "deploy/edge/60-shopbell.rules",
    "wrong_device": "kind and device belong together: serial under /dev/serial, evdev under /dev/input",
}

USB_OTHERWISE: Final = "`dmesg`; another cable or socket"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSeen:
    """What became of the attempt: `problem` says why there was nothing, "" if there was."""

    scanner: str
    problem: str
    frames_per_s: float | None = None
    """None of a folder."""
    unfenced: tuple[str, ...] = ()
    """What of the decoder's fence this kernel does not grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbSeen:
    """The same of a handheld scanner; it was attached, taken for us alone, and let go."""

    scanner: str
    problem: str


def camera(seen: CameraSeen) -> Finding:
    """Return whether codes can be read there."""
    of = seen.scanner
    if seen.problem:
        remedy = CAMERA_REMEDIES.get(seen.problem, CAMERA_OTHERWISE)
        return failed("camera", f"gives nothing: {seen.problem}", remedy, of)
    if seen.frames_per_s is None:
        return passed("camera", "the folder is there and ours", of)
    found = f"{seen.frames_per_s:.0f} frames/s looked at"
    if seen.frames_per_s < FEW_PER_S:
        return warned(
            "camera",
            f"{found}: a pass will have to be held still for long",
            "more light (in the dark cameras expose for longer); USB 2 of its own; a smaller width",
            of,
        )
    if seen.unfenced:
        return warned(
            "camera",
            f"{found}; this kernel does not fence the decoder in: {', '.join(seen.unfenced)}",
            "a kernel with seccomp: Debian's and Raspberry Pi OS's have it",
            of,
        )
    return passed("camera", found, of)


def usb_scanner(seen: UsbSeen) -> Finding:
    """Return whether it can be read, and nobody else reads it."""
    if seen.problem:
        remedy = USB_REMEDIES.get(seen.problem, USB_OTHERWISE)
        return failed("usb-scanner", f"cannot be had: {seen.problem}", remedy, seen.scanner)
    return passed("usb-scanner", "there, and ours alone", seen.scanner)
