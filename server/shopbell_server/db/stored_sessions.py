"""How the session of a visit is written down.

Owns: the JSON in `visits.session_json`, its version, and reading every version there has been.
Never: what a session means. The shapes repeat the core's on purpose: renaming a field there must not
change what was stored years ago.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.evidence import Carrier, Evidence
from shopbell_server.core.ids import Millis, ZoneId
from shopbell_server.core.sessions import Session, ZoneTime
from shopbell_server.core.showing import Glimpse


class StoredGlimpse(msgspec.Struct, frozen=True, kw_only=True):
    """`Glimpse`."""

    at_ms: Millis
    carrier: Carrier
    evidence: Evidence
    zone: ZoneId | None


class StoredZoneTime(msgspec.Struct, frozen=True, kw_only=True):
    """`ZoneTime`."""

    zone: ZoneId
    first_ms: Millis
    last_ms: Millis
    dwell_ms: int
    dwelt: bool


class StoredSession(msgspec.Struct, frozen=True, kw_only=True):
    """`Session`, first version."""

    v: Literal[1] = 1
    kind: Literal["candidate", "visit"]
    start_ms: Millis
    end_ms: Millis
    duration_known: bool
    reentries: int
    evidence: Evidence
    n: int
    scanners: tuple[tuple[str, str], ...]
    zones: tuple[StoredZoneTime, ...]
    confidence: Confidence
    reasons: tuple[str, ...]
    engaged: bool
    overlong: bool
    shown: StoredGlimpse | None
    best_act: StoredGlimpse | None
    last_act: StoredGlimpse | None
    heard_ms: Millis | None
    gone_ms: Millis | None
    reach_ms: Millis
    due_ms: Millis
    rule_version: str


def encoded(session: Session) -> str:
    """Return the text to store."""
    return _encoder.encode(msgspec.convert(session, StoredSession, from_attributes=True)).decode()


def decoded(text: str) -> Session:
    """Return the session in `text`, which `encoded` wrote. Raises msgspec.MsgspecError otherwise."""
    stored = _decoder.decode(text)
    return Session(
        kind=stored.kind,
        start_ms=stored.start_ms,
        end_ms=stored.end_ms,
        duration_known=stored.duration_known,
        reentries=stored.reentries,
        evidence=stored.evidence,
        n=stored.n,
        scanners=stored.scanners,
        zones=tuple(
            ZoneTime(
                zone=each.zone,
                first_ms=each.first_ms,
                last_ms=each.last_ms,
                dwell_ms=each.dwell_ms,
                dwelt=each.dwelt,
            )
            for each in stored.zones
        ),
        confidence=stored.confidence,
        reasons=stored.reasons,
        engaged=stored.engaged,
        overlong=stored.overlong,
        shown=_glimpse(stored.shown),
        best_act=_glimpse(stored.best_act),
        last_act=_glimpse(stored.last_act),
        heard_ms=stored.heard_ms,
        gone_ms=stored.gone_ms,
        reach_ms=stored.reach_ms,
        due_ms=stored.due_ms,
        rule_version=stored.rule_version,
    )


def _glimpse(stored: StoredGlimpse | None) -> Glimpse | None:
    if stored is None:
        return None
    return Glimpse(
        at_ms=stored.at_ms, carrier=stored.carrier, evidence=stored.evidence, zone=stored.zone
    )


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(StoredSession)
