"""Bytes to messages and back. The only place that knows the encoding.

Owns: what is accepted, what is skipped, what is refused alone and what as a whole.
Never: rules. A batch that decodes may still name a foreign edge or an impossible time.

Our own edges write what our own encoder writes, and for those bytes msgspec's validation is enough.
All other bytes are scanned first (strict.py), for msgspec alone lets duplicate names, huge integers,
U+0000 and, in unknown fields, depth and invalid UTF-8 through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeVar, get_args

import msgspec
from msgspec import Raw, Struct

from shopbell_wire import salvage, strict
from shopbell_wire.malformed import MalformedError, Reason
from shopbell_wire.messages import (
    MAX_EVENTS,
    VERSION,
    Ack,
    Batch,
    Clock,
    Count,
    Event,
    Hex128,
    Name,
    Refused,
    Seq,
    Status,
    Text,
)

__all__ = [
    "MAX_BYTES",
    "MalformedError",
    "Reason",
    "Received",
    "decode_ack",
    "decode_batch",
    "decode_status",
    "encode",
]

MAX_BYTES: Final = 65_536
"""Of any message. An edge seals a batch at 60 KiB; the rest is room for its header."""

Message = TypeVar("Message", Batch, Ack, Status)
Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A batch as far as it can be used: its header, the good events, and what became of the others.

    `events` are (index in the batch, event) in the batch's order. `skipped` counts events of types
    that this program does not know; `refused` names those of a known type that are not valid.
    """

    v: int
    edge: str
    stream: str
    seq: int
    clock: Clock
    dropped: dict[str, int]
    events: tuple[tuple[int, Event], ...]
    skipped: int
    refused: tuple[Refused, ...]


class _Versioned(Struct):
    v: int


class _Header(Struct):
    """Batch, its events still unread, so that one of them can be refused without the others."""

    v: int
    edge: Name
    stream: Hex128
    seq: Seq
    clock: Clock
    dropped: dict[Text, Count]
    events: tuple[Raw, ...]


class _Tagged(Struct):
    type: str


_encoder: Final = msgspec.json.Encoder()
_batch: Final = msgspec.json.Decoder(Batch)
_ack: Final = msgspec.json.Decoder(Ack)
_status: Final = msgspec.json.Decoder(Status)
_versioned: Final = msgspec.json.Decoder(_Versioned)
_header: Final = msgspec.json.Decoder(_Header)
_tagged: Final = msgspec.json.Decoder(_Tagged)
_event: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)

_TYPES: Final = frozenset(kind.__struct_config__.tag for kind in get_args(Event))

_NUL: Final = rb"\u0000"
"""How our encoder writes U+0000: the one thing that both validates and encodes back to itself."""

_SAYS_NO_VALUE: Final = re.compile(r"Expected|Object missing required field")
"""msgspec's complaints that name types and fields; the others repeat the value that they refuse."""

_PLACE: Final = re.compile(r" - at `[^`]*`(?: in `[^`]*`)?\Z")


def encode(message: Batch | Ack | Status) -> bytes:
    """Return the bytes that go on the wire, and for a batch into the spool: always the same for it.

    Raises MalformedError (`too_big`) past MAX_BYTES: whoever fills a message counts its bytes. Values
    are not validated here; out of their limits they are refused by whoever decodes them.
    """
    payload = _encoder.encode(message)
    _check_size(payload)
    return payload


def decode_batch(payload: bytes) -> Received:
    """Return what is usable of the batch in `payload`, or raise MalformedError.

    Unknown fields are ignored: the edge may be newer. An invalid event is refused alone; whatever
    is wrong with the JSON itself, anywhere, refuses the batch. The error names the batch if it can.
    """
    batch = _canonical(_batch, payload)
    if batch is not None:
        return Received(
            v=batch.v,
            edge=batch.edge,
            stream=batch.stream,
            seq=batch.seq,
            clock=batch.clock,
            dropped=batch.dropped,
            events=tuple(enumerate(batch.events)),
            skipped=0,
            refused=(),
        )
    try:
        _check_version(payload)
        return _sorted_out(_read(_header, payload))
    except MalformedError as error:
        address = salvage.address(payload[:MAX_BYTES])
        if address is not None:
            error.stream, error.seq = address
        raise


def decode_ack(payload: bytes) -> Ack:
    """Return the acknowledgement in `payload`, unknown fields ignored, or raise MalformedError."""
    ack = _canonical(_ack, payload)
    if ack is not None:
        return ack
    _check_sound(payload)
    return _read(_ack, payload)


def decode_status(payload: bytes) -> Status:
    """Return the status in `payload`, unknown fields ignored, or raise MalformedError."""
    status = _canonical(_status, payload)
    if status is not None:
        return status
    _check_version(payload)
    return _read(_status, payload)


def _canonical(decoder: msgspec.json.Decoder[Message], payload: bytes) -> Message | None:
    """Return the message if our own encoder could have written `payload`, so that it is sound."""
    if len(payload) > MAX_BYTES or _NUL in payload:
        return None
    try:
        message = decoder.decode(payload)
    except (ValueError, RecursionError):  # msgspec's errors, UnicodeDecodeError; or very deep
        return None
    return message if _encoder.encode(message) == payload else None


def _check_size(payload: bytes) -> None:
    if not payload:
        raise MalformedError("empty", "no bytes; a message is a JSON object")
    if len(payload) > MAX_BYTES:
        raise MalformedError("too_big", f"{len(payload)} bytes, at most {MAX_BYTES}")


def _check_sound(payload: bytes) -> None:
    _check_size(payload)
    strict.check(payload)


def _check_version(payload: bytes) -> None:
    _check_sound(payload)
    version = _read(_versioned, payload).v
    if version != VERSION:
        raise MalformedError("version", f"version {version}; this program reads {VERSION}")


def _read(decoder: msgspec.json.Decoder[Shape], payload: bytes | Raw) -> Shape:
    """Return what `payload`, known to be sound JSON, says; or raise MalformedError (`shape`)."""
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        complaint = str(error)
    # Raised out here, so that the error that repeats values is not chained to ours.
    if not _SAYS_NO_VALUE.match(complaint):
        place = _PLACE.search(complaint)
        complaint = "invalid value" + (place.group() if place else "")
    raise MalformedError("shape", complaint)


def _sorted_out(header: _Header) -> Received:
    if not header.events:
        raise MalformedError("empty", "no events; a batch has 1 or more")
    if len(header.events) > MAX_EVENTS:
        raise MalformedError("too_many", f"{len(header.events)} events, at most {MAX_EVENTS}")
    events: list[tuple[int, Event]] = []
    refused: list[Refused] = []
    skipped = 0
    for index, raw in enumerate(header.events):
        try:
            if _read(_tagged, raw).type in _TYPES:
                events.append((index, _read(_event, raw)))
            else:
                skipped += 1
        except MalformedError as error:
            refused.append(Refused(seq=header.seq, index=index, reason=error.reason))
    return Received(
        v=header.v,
        edge=header.edge,
        stream=header.stream,
        seq=header.seq,
        clock=header.clock,
        dropped=header.dropped,
        events=tuple(events),
        skipped=skipped,
        refused=tuple(refused),
    )
