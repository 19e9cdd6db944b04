"""A pass held before a camera: a real QR code, drawn anew for every showing.

Owns: drawing codes (segno), and putting pictures where a camera adapter looks.
Never: what a pass says (`shopbell_server.core.recognition.passes`).
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import segno

from shopbell_server.core.ids import CardRef
from shopbell_server.core.recognition.passes import STEP_S, pass_text
from shopbell_sim.core.photograph import HEIGHT, WIDTH, photograph

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from shopbell_sim.adapters.app import Enrolled


def modules(text: str) -> tuple[tuple[bool, ...], ...]:
    """Return the QR code of `text`, error correction M, without its quiet zone; true is dark."""
    code = segno.make_qr(text, error="m", boost_error=False)
    return tuple(tuple(bool(module) for module in row) for row in code.matrix)


def pass_of(enrolled: Enrolled, unix_s: float) -> str:
    """Return what her phone shows at that time."""
    return pass_text(CardRef(enrolled.card_ref), enrolled.pass_secret, int(unix_s))


def left_s(unix_s: float) -> int:
    """Return for how many seconds the pass of that time stays on the phone."""
    return STEP_S - int(unix_s) % STEP_S


def for_terminal(text: str) -> str:
    """Return a QR code of block characters, to be photographed off a terminal."""
    out = io.StringIO()
    segno.make_qr(text, error="m", boost_error=False).terminal(out, compact=True)
    return out.getvalue()


class CameraFolder:
    """The folder that an edge's camera looks into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown = 0

    def show(self, text: str, rng: Random) -> None:
        """Hold a code before the camera, somewhere in the frame; the picture appears there whole."""
        self._shown += 1
        left, top = rng.randrange(WIDTH // 2), rng.randrange(HEIGHT // 2)
        whole = self._folder / f"frame-{os.getpid()}-{self._shown:06d}.png"
        part = whole.with_suffix(".part")
        part.write_bytes(photograph(modules(text), left, top))
        part.replace(whole)
