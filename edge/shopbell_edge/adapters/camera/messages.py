"""What the edge and its decoder say to each other: small messages, never a picture.

Owns: their shapes, their bytes and how long they may be.
Never: sends them.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from shopbell_edge.core.codes import Symbology

MOST_TEXT: Final = 8_192
"""Characters of a code. The largest QR code holds 7 089; what is longer is cut, and too long for all."""

MOST_BYTES: Final = 65_536
"""Of a message: the longest text, each character written as an escape of six, and its shape beside."""

Count = Annotated[int, Meta(ge=0, lt=2**53)]


class Live(Struct, frozen=True, kw_only=True, tag="live"):
    """The decoder's task: watch camera `device` (or a film of that name) and look for codes."""

    device: int | str
    width: int
    height: int
    retail: tuple[Symbology, ...]


class Stills(Struct, frozen=True, kw_only=True, tag="stills"):
    """The decoder's task: look at the files that it is handed, one by one."""

    retail: tuple[Symbology, ...]


Task = Live | Stills


class Ready(Struct, frozen=True, kw_only=True, tag="ready"):
    """The fence is shut, the camera (if that is the task) open, and nothing was parsed yet.

    `missing` are the parts of the fence that this kernel does not grant.
    """

    missing: tuple[Annotated[str, Meta(max_length=32)], ...]


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """The decoder cannot start: a module is missing. The import's own words, and the module's name."""

    error: Annotated[str, Meta(max_length=1024)]
    module: Annotated[str, Meta(max_length=256)]


class Camera(Struct, frozen=True, kw_only=True, tag="camera"):
    """What is wrong with the camera: it is waited for, or it was lost, which is the decoder's last word."""

    state: Literal["absent", "lost"]


class Tick(Struct, frozen=True, kw_only=True, tag="tick"):
    """Said once a second while frames come: how many were looked at and decoded since the last."""

    frames: Count
    decoded: Count


class Seen(Struct, frozen=True, kw_only=True, tag="seen"):
    """A code."""

    format: Annotated[str, Meta(max_length=64)]
    text: Annotated[str, Meta(max_length=MOST_TEXT)]


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    """A file was looked at, all of its codes are said; or it was not, and `unreadable` says why."""

    unreadable: Annotated[str, Meta(max_length=128)] = ""


Said = Ready | Failed | Camera | Tick | Seen | Done

_ENCODER: Final = msgspec.json.Encoder()
_SAID: Final[msgspec.json.Decoder[Said]] = msgspec.json.Decoder(Said)
_TASK: Final[msgspec.json.Decoder[Task]] = msgspec.json.Decoder(Task)


def encode(message: Said | Task) -> bytes:
    """Return its bytes, MOST_BYTES at most."""
    return _ENCODER.encode(message)


class GarbledError(ValueError):
    """The bytes are no message. Whoever sent them is broken."""


def said(raw: bytes) -> Said:
    """Return the message in `raw`, or raise GarbledError."""
    try:
        return _SAID.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GarbledError from error


def task(raw: bytes | str) -> Task:
    """Return the task in `raw`, which the edge has written."""
    return _TASK.decode(raw)
