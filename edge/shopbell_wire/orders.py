"""What an edge is told to be and to do: signed, numbered, and good for so long.

Owns: the shape of an order, and which bytes are signed.
Never: the signature itself (a function that is handed in), or whether an order is obeyed.

A broker that is taken over must not become a hand on a thousand tills: an order counts only if the
retailer's key signed these bytes, for this edge, under this kind, and with a number that was not there yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from shopbell_wire import strict
from shopbell_wire.malformed import MalformedError
from shopbell_wire.messages import VERSION, Millis, Name, Seq

Sign = Callable[[bytes], bytes]
"""A message to its Ed25519 signature, 64 bytes."""

Verify = Callable[[bytes, bytes], bool]
"""(signature, message) to whether the retailer's key made it."""

MAX_BYTES: Final = 65_536
"""As of every message; a document of settings has 2 KB."""

COMMAND_MOST_MS: Final = 300_000
"""A command is for now: one that is held back for more than five minutes is not obeyed any more."""

Kind = Literal["config", "command"]
"""Part of what is signed, so that a document of one kind is never taken for the other."""


class Configure(Struct, frozen=True, kw_only=True, tag="configure"):
    """Settings that go before those of the edge's own file, until a later document replaces them.

    `settings` has the tables and keys of `edge.toml`, of which the edge says what may be set from afar.
    """

    settings: dict[str, Any]


class RestartScanner(Struct, frozen=True, kw_only=True, tag="restart_scanner"):
    """Begin anew with one scanner."""

    scanner: Name


class SendDiagnostics(Struct, frozen=True, kw_only=True, tag="send_diagnostics"):
    """Say what `doctor` finds."""


class Identify(Struct, frozen=True, kw_only=True, tag="identify"):
    """Blink, so that somebody on a ladder sees which one it is."""

    for_s: Annotated[int, Meta(ge=1, le=600)] = 60


class RotateIdentity(Struct, frozen=True, kw_only=True, tag="rotate_identity"):
    """Make a new key, and speak as a new stream: the old one may be known to somebody else."""


Task = Configure | RestartScanner | SendDiagnostics | Identify | RotateIdentity


class Order(Struct, frozen=True, kw_only=True):
    """One order to one edge. Of two with one `number` only the first counts, and numbers only rise."""

    v: Literal[1] = VERSION
    tenant: Name
    edge: Name
    number: Seq
    issued_ms: Millis
    expires_ms: Millis
    task: Task


class Signed(Struct, frozen=True, kw_only=True):
    """An order as it travels: `order` byte for byte as it was signed."""

    v: Literal[1] = VERSION
    signature: Annotated[str, Meta(pattern=r"^[0-9a-f]{128}\Z")]
    order: Raw


@dataclass(frozen=True, slots=True)
class Forged:
    """Sound, but not signed by the retailer for this kind."""


class _Numbered(Struct):
    number: Seq


_encoder: Final = msgspec.json.Encoder()
_numbered: Final = msgspec.json.Decoder(_Numbered)
_signed: Final = msgspec.json.Decoder(Signed)
_order: Final = msgspec.json.Decoder(Order)


def seal(order: Order, sign: Sign) -> bytes:
    """Return the bytes that go on the wire. Raises MalformedError for what no edge would read."""
    body = _encoder.encode(order)
    signature = sign(_message(kind_of(order.task), body)).hex()
    payload = _encoder.encode(Signed(signature=signature, order=Raw(body)))
    if len(payload) > MAX_BYTES:
        raise MalformedError("too_big", f"{len(payload)} bytes, at most {MAX_BYTES}")
    strict.check(payload)
    return payload


def unseal(payload: bytes, kind: Kind, verify: Verify) -> Order | Forged:
    """Return the order of `kind` in `payload`, or raise MalformedError.

    Nothing of the order is read before its signature is found good.
    """
    if not payload:
        raise MalformedError("empty", "no bytes; an order is a JSON object")
    if len(payload) > MAX_BYTES:
        raise MalformedError("too_big", f"{len(payload)} bytes, at most {MAX_BYTES}")
    strict.check(payload)
    try:
        signed = _signed.decode(payload)
    except msgspec.ValidationError:
        signed = None
    if signed is None:
        raise MalformedError("shape", "not a signed order of version 1")
    if not verify(bytes.fromhex(signed.signature), _message(kind, bytes(signed.order))):
        return Forged()
    try:
        order = _order.decode(signed.order)
    except msgspec.ValidationError as error:
        # The retailer's own words: what is wrong with them may be said.
        raise MalformedError("shape", str(error)) from None
    return order if kind_of(order.task) == kind else Forged()


def claimed_number(payload: bytes) -> int | None:
    """Return which number the order in `payload` says it has, signed or not; None if it says none.

    For an answer to whoever sent it, and for nothing else: anybody may have written it.
    """
    if not payload or len(payload) > MAX_BYTES:
        return None
    try:
        strict.check(payload)
        return _numbered.decode(_signed.decode(payload).order).number
    except (MalformedError, msgspec.ValidationError):
        return None


def kind_of(task: Task) -> Kind:
    """Return under which topic a task travels."""
    return "config" if isinstance(task, Configure) else "command"


def _message(kind: Kind, body: bytes) -> bytes:
    """Return what is signed: a name that no other use of the key has, the kind, and the bytes."""
    return f"shopbell/v{VERSION}/{kind}\n".encode() + body
