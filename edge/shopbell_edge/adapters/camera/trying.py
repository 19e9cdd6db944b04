"""A camera or a folder, tried for a moment.

Owns: the attempt. The decoder is the one that the daemon uses, behind its fence.
Never: keeps a code: what is held up meanwhile is nobody's scan.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.camera.decoder import Decoder, DecoderLostError, Patience
from shopbell_edge.adapters.camera.messages import Camera, Ready, Tick
from shopbell_edge.adapters.camera.place import place_of
from shopbell_edge.core.doctor.readers import CameraSeen

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.adapters.camera.messages import Live

TICKS: Final = 3
"""Seconds that are counted, after a first in which a camera sets its exposure."""


async def tried_camera(scanner: str, task: Live, patience: Patience | None = None) -> CameraSeen:
    """Return what the camera of `task` gives."""
    path = place_of(task.device)
    if not await asyncio.to_thread(path.exists):
        return CameraSeen(scanner=scanner, problem="no_camera")
    if not os.access(path, os.R_OK):
        return CameraSeen(scanner=scanner, problem="permission_denied")
    try:
        return await _tried(scanner, task, patience or Patience())
    except ModuleNotFoundError:
        return CameraSeen(scanner=scanner, problem="no_extra")
    except DecoderLostError as lost:
        return CameraSeen(scanner=scanner, problem=lost.reason)


def tried_folder(scanner: str, folder: Path, *, consume: bool) -> CameraSeen:
    """Return whether images in `folder` can be read, and taken away if they are to be."""
    if not folder.is_dir():
        return CameraSeen(scanner=scanner, problem="no_folder")
    rights = os.R_OK | os.X_OK | (os.W_OK if consume else 0)
    return CameraSeen(scanner=scanner, problem="" if os.access(folder, rights) else "folder_denied")


async def _tried(scanner: str, task: Live, patience: Patience) -> CameraSeen:
    unfenced: tuple[str, ...] = ()
    frames: list[int] = []
    async with Decoder(task) as decoder:
        while len(frames) <= TICKS:
            said = await decoder.hear(patience.live_s if frames else patience.start_s)
            if isinstance(said, Ready):
                unfenced = said.missing
            elif isinstance(said, Tick):
                frames.append(said.frames)
            elif isinstance(said, Camera):
                absent = said.state == "absent"  # there, and does not open: somebody else has it
                return CameraSeen(scanner=scanner, problem="in_use" if absent else "camera_lost")
    counted = frames[1:]
    return CameraSeen(
        scanner=scanner,
        problem="",
        frames_per_s=sum(counted) / len(counted),
        unfenced=unfenced,
    )
