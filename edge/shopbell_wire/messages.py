"""What an edge may say and what it may be told: every message that crosses MQTT.

Owns: the shape and the limits of each message.
Never: meaning. What a sighting is worth is decided by the server, what a sighting is by the edge.

Times named `*_ms` are Unix milliseconds by the edge's own clock, whose quality the batch states in
`clock`. Evolution: a field may be added with a default; a meaning never changes; `v` numbers all of it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

VERSION: Final = 1

MAX_TEXT: Final = 512
"""Characters of any string. The longest of ours, a sealed number in base64, has 120."""

MAX_EVENTS: Final = 200
"""Events of a batch: 200 x 300 bytes = 60 KB, under MAX_BYTES of the codec."""

MAX_FINDINGS: Final = 40
"""Of a `doctor`: 40 x 1.2 KB stay below a batch's 60 KB; a machine with ten scanners has 30."""

MAX_MS: Final = 253_402_300_799_999
"""The end of year 9999, the last moment that every consumer's calendar knows."""

MAX_COUNT: Final = 2**53 - 1
"""Integers stay exact in consumers that only have doubles (JavaScript, jq)."""

NAME_PATTERN: Final = r"^[a-z0-9-]{1,40}\Z"

Name = Annotated[str, Meta(pattern=NAME_PATTERN, description="1 to 40 of a-z, 0-9 and - in quotes")]
"""Tenants, edges and scanners; safe in topics, file names and metric labels."""
Hex128 = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Token = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40})\Z")]
"""id32, id64, or the id bytes of a static carrier (16 or 20), in lower-case hexadecimal."""
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Millis = Annotated[int, Meta(ge=0, le=MAX_MS)]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
Seq = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
Decibel = Annotated[float, Meta(ge=-200.0, le=200.0)]

Frame = Literal["ibeacon", "service-data", "service-uuid", "static"]
Phase = Literal["entered", "present", "inactive", "left"]
ClockState = Literal["synced", "holdover", "unsynced"]
Hearing = Literal["hearing", "blind", "suspect"]


class Clock(Struct, frozen=True, kw_only=True):
    """What an edge's clock said, and how far it may be trusted.

    `wall_ms - boottime_ms` is constant within a batch, so an anchor of the same `boot` re-dates it.
    """

    boot: Hex128
    boottime_ms: Count
    wall_ms: Millis
    state: ClockState
    err_ms: Count


class Loss(Struct, frozen=True, kw_only=True):
    """Path loss in dB over the sightings of an event: smaller is nearer."""

    median: Decibel
    p10: Decibel
    last: Decibel


class StreamStarted(Struct, frozen=True, kw_only=True, tag="stream_started"):
    """First event of every stream: a process began to speak, and where the one before had stopped."""

    previous: Hex128 | None
    previous_last_seq: Count | None
    software: Text


class Presence(Struct, frozen=True, kw_only=True, tag="presence", omit_defaults=True):
    """One token at one scanner, from the first sighting of its stay to the last one so far.

    `first_ms` stays the same from `entered` to `left`, and `n` counts all sightings of the stay, so
    that any one of these events may be lost or repeated and the others still tell the whole.
    `mac` (8 hex digits) and `mac_ms` (when it was heard) belong to `service-uuid` frames.
    """

    scanner: Name
    frame: Frame
    token: Token
    phase: Phase
    first_ms: Millis
    last_ms: Millis
    n: Annotated[int, Meta(ge=1, le=MAX_COUNT)]
    loss_db: Loss
    mac: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")] | UnsetType = UNSET
    mac_ms: Millis | UnsetType = UNSET
    reason: Text


class Scan(Struct, frozen=True, kw_only=True, tag="scan", omit_defaults=True):
    """A code that somebody held up: a pass in `text`, or a loyalty number in `sealed` (base64).

    Either has its own field and not the other's, so a number never travels in the clear.
    """

    scanner: Name
    at_ms: Millis
    kind: Literal["pass", "number"]
    format: Text
    text: Text | UnsetType = UNSET
    sealed: Text | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Raise ValueError (at decoding: refused) unless `text` or `sealed` is there, as `kind` says."""
        if (self.kind == "pass", self.kind == "number") != (
            self.text is not UNSET,
            self.sealed is not UNSET,
        ):
            raise ValueError("a pass has `text`, a number has `sealed`, and neither has both")


class ScannerHealth(Struct, frozen=True, kw_only=True, tag="scanner_health"):
    """Whether a scanner hears, since when, and the share of the period in which it could."""

    scanner: Name
    state: Hearing
    since_ms: Millis
    reason: Text
    coverage: Annotated[float, Meta(ge=0.0, le=1.0)]


class ClockAnchor(Struct, frozen=True, kw_only=True, tag="clock_anchor", omit_defaults=True):
    """When this boot knew the time, and how well: batches of it that have no date can be dated.

    `wall_ms` is off by `err_ms` at most; by 250 where it is not said. A later one may be better. One that
    is too wide to date anything is a question: its answer tells the time.
    """

    boot: Hex128
    boottime_ms: Count
    wall_ms: Millis
    err_ms: Count | UnsetType = UNSET


class OrderDone(Struct, frozen=True, kw_only=True, tag="order_done"):
    """What became of an order of the server: a document of settings, or a command.

    `refused`: it was not obeyed, and never will be. `failed`: it was tried. `reason` is for people.
    """

    order: Literal["config", "command"]
    number: Seq
    result: Literal["done", "refused", "failed"]
    reason: Text


class Finding(Struct, frozen=True, kw_only=True):
    """What one check of `shopbell-edge doctor` found, and the remedy where there is one to say."""

    check: Text
    verdict: Literal["PASS", "WARN", "FAIL"]
    found: Text
    remedy: Text = ""


class Diagnostics(Struct, frozen=True, kw_only=True, tag="diagnostics"):
    """All that `doctor` finds, asked for by the command `number`."""

    number: Seq
    findings: Annotated[tuple[Finding, ...], Meta(max_length=MAX_FINDINGS)]


Event = StreamStarted | Presence | Scan | ScannerHealth | ClockAnchor | OrderDone | Diagnostics


class Batch(Struct, frozen=True, kw_only=True):
    """Events of one boot and one clock state, sealed once; every send is the same bytes.

    `stream` is random per process start and `seq` counts 1, 2, 3 … within it. `dropped` counts, by
    reason, what was given up since the batch before.
    """

    v: Literal[1] = VERSION
    edge: Name
    stream: Hex128
    seq: Seq
    clock: Clock
    dropped: dict[Text, Count]
    events: Annotated[tuple[Event, ...], Meta(min_length=1, max_length=MAX_EVENTS)]


class Refused(Struct, frozen=True, kw_only=True):
    """A batch (`index` null) or one event of it that the server will not take."""

    seq: Seq
    index: Annotated[int, Meta(ge=0, lt=MAX_EVENTS)] | None
    reason: Text


class Ack(Struct, frozen=True, kw_only=True):
    """Committed: the edge may forget the ranges (inclusive), and must set aside what is refused."""

    stream: Hex128
    committed: tuple[tuple[Seq, Seq], ...]
    refused: tuple[Refused, ...]
    server_ms: Millis
    nobody: tuple[Token, ...] | UnsetType = UNSET
    """Tokens in these batches that mean nobody, for whatever reason: the edge need say no more of them."""


class ScannerStatus(Struct, frozen=True, kw_only=True):
    """One scanner in the retained status."""

    scanner: Name
    kind: Literal["ble", "camera", "serial", "evdev"]
    state: Hearing
    reason: Text | UnsetType = UNSET
    """Why it thinks so, and for a radio that hears, which way."""


class Status(Struct, frozen=True, kw_only=True):
    """What the edge is and how it does; retained, and the last will (`offline`).

    `conn` rises with every connection, so that the late will of an old one is ignored.
    """

    v: Literal[1] = VERSION
    edge: Name
    stream: Hex128
    conn: Count
    state: Literal["online", "offline"]
    version: Text
    config: Text
    clock: Clock
    scanners: tuple[ScannerStatus, ...]
    in_force: Count | UnsetType = UNSET
    """Number of the document of settings that is in force; unset where the file alone is."""
    since_ms: Millis | UnsetType = UNSET
    """When this connection was made, by the edge's clock."""
