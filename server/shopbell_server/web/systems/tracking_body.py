"""The bodies of Segment's tracking API: unpacked, bounded, and read.

Owns: sizes, and which bytes are one event.
Never: what an event says (`core.channels`).
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from shopbell_server.core.channels.tracked import Call, Dropped, Tracked, tracked
from shopbell_server.web.http.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import Millis

_Kind = TypeVar("_Kind")

MOST_OF_EVENT: Final = 32 * 1024
"""Segment's limit of one event."""

MOST_OF_BATCH: Final = 500 * 1024
"""Segment's limit of one request, unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a request brought. `dropped` says why of what could not be read."""

    events: Sequence[Tracked]
    dropped: Sequence[Dropped]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A request as it came: `raws` are the bytes of its events."""

    raws: Sequence[bytes] = field(repr=False)
    sent: object
    write_key: str | None = field(repr=False)
    call: Call | None

    def read(self, received_ms: Millis) -> Sent:
        """Return its events as they are looked at."""
        events: list[Tracked] = []
        dropped: list[Dropped] = []
        for raw in self.raws:
            one = _event(raw, self.call, self.sent, received_ms)
            if isinstance(one, Tracked):
                events.append(one)
            else:
                dropped.append(one)
        return Sent(events=events, dropped=dropped)


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return a body without its gzip. Raises ProblemError for one that would be too large unpacked."""
    match encoding.strip().lower():
        case "" | "identity":
            plain = body
        case "gzip":
            plain = _gunzipped(body)
        case _:
            raise ProblemError(415, "unknown-encoding", "Send it plain, or with gzip.")
    if len(plain) > MOST_OF_BATCH:
        raise ProblemError(413, "too-large", f"At most {MOST_OF_BATCH} bytes in one request.")
    return plain


def batch_in(plain: bytes) -> Body:
    """Return the batch in a body. Raises ProblemError if it is none."""
    found = _decoded(plain, _batch)
    return Body(
        raws=[bytes(each) for each in found.batch],
        sent=found.sentAt,
        write_key=found.writeKey,
        call=None,
    )


def event_in(plain: bytes, call: Call) -> Body:
    """Return the one event that a body is. Raises ProblemError if it is none, or too large."""
    if len(plain) > MOST_OF_EVENT:
        raise ProblemError(413, "too-large", f"At most {MOST_OF_EVENT} bytes in one event.")
    found = _decoded(plain, _single)
    return Body(raws=[plain], sent=None, write_key=found.writeKey, call=call)


class _Single(msgspec.Struct):
    """Of one event what is needed to know who sends it."""

    writeKey: str | None = None  # noqa: N815  (its name on the wire)


class _Batch(_Single, kw_only=True):
    """Events, each as it came."""

    batch: list[msgspec.Raw]
    sentAt: object = None  # noqa: N815  (its name on the wire)


_single: Final = msgspec.json.Decoder(_Single)
_batch: Final = msgspec.json.Decoder(_Batch, strict=True)
_anything: Final = msgspec.json.Decoder()


def _decoded(plain: bytes, decoder: msgspec.json.Decoder[_Kind]) -> _Kind:
    try:
        return decoder.decode(plain)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        # Its words name a place and a kind, never a value.
        detail = str(error) if isinstance(error, msgspec.ValidationError) else "This is not JSON."
        raise ProblemError(400, "invalid-request", detail) from None


def _event(raw: bytes, call: Call | None, sent: object, received_ms: Millis) -> Tracked | Dropped:
    if len(raw) > MOST_OF_EVENT:
        return Dropped.TOO_LARGE
    try:
        decoded = _anything.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return Dropped.MALFORMED
    # Without a name of its own a message is what it says.
    name = f"sha256 {hashlib.sha256(raw).hexdigest()}"
    return tracked(decoded, call, sent=sent, received_ms=received_ms, stands_for=name)


def _gunzipped(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        # One byte more than may be: a bomb is not unpacked any further.
        plain = unpacker.decompress(body, MOST_OF_BATCH + 1)
    except zlib.error:
        raise ProblemError(400, "invalid-request", "This is not gzip.") from None
    if len(plain) <= MOST_OF_BATCH and not unpacker.eof:
        raise ProblemError(400, "invalid-request", "The gzip ends too early.")
    return plain
