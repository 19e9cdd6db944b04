"""How facts that are to be delivered are written down.

Owns: the JSON in the boxes of `facts`, its version, and reading every version there has been.
Never: how a sink spells a fact. The shapes repeat the core's on purpose: renaming a field there must
not change what waits in a queue.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from shopbell_server.core import facts
from shopbell_server.core.confidence import Confidence
from shopbell_server.core.consent.ledger import Change, Place, Purpose
from shopbell_server.core.evidence import Carrier, Evidence
from shopbell_server.core.identity.history import As
from shopbell_server.core.ids import EntryId, FactId, Millis, PersonId, StoreId, VisitId, ZoneId
from shopbell_server.core.serving.engagement import Outcome


class StoredZoneStay(msgspec.Struct, frozen=True, kw_only=True):
    """`ZoneStay`."""

    zone: ZoneId
    dwell_s: int
    dwelt: bool = False
    """False where it was written before it was known."""


class StoredAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`Account`."""

    began_ms: Millis
    last_ms: Millis
    duration_s: int
    duration_known: bool
    evidence: Evidence
    confidence: Confidence
    confidence_reasons: tuple[str, ...]
    zones: tuple[StoredZoneStay, ...]
    reentries: int
    converted: bool
    overlong: bool
    coverage: float | None
    rule_version: str
    engaged: bool = False
    """False where it was written before it was known."""


class StoredTold(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """`Told`, first version."""

    v: Literal[1] = 1
    fact: FactId
    person: PersonId
    at_ms: Millis
    recorded_ms: Millis
    late: bool


class StoredCustomerRecognized(StoredTold, frozen=True, kw_only=True, tag="customer-recognized"):
    """`CustomerRecognized`."""

    store: StoreId
    visit: VisitId
    evidence: Evidence
    carrier: Carrier
    zone: ZoneId | None


class StoredVisitStarted(StoredTold, frozen=True, kw_only=True, tag="visit-started"):
    """`VisitStarted`."""

    store: StoreId
    visit: VisitId
    account: StoredAccount


class StoredVisitRevised(StoredTold, frozen=True, kw_only=True, tag="visit-revised"):
    """`VisitRevised`."""

    store: StoreId
    visit: VisitId
    revision: int
    supersedes: tuple[VisitId, ...]
    ended: bool
    account: StoredAccount


class StoredVisitEnded(StoredTold, frozen=True, kw_only=True, tag="visit-ended"):
    """`VisitEnded`."""

    store: StoreId
    visit: VisitId
    revision: int
    account: StoredAccount


class StoredVisitCancelled(StoredTold, frozen=True, kw_only=True, tag="visit-cancelled"):
    """`VisitCancelled`."""

    store: StoreId
    visit: VisitId
    revision: int
    absorbed_by: VisitId | None


class StoredPassScanned(StoredTold, frozen=True, kw_only=True, tag="pass-scanned"):
    """`PassScanned`."""

    store: StoreId
    visit: VisitId
    zone: ZoneId | None
    purpose: Literal["check-in"]


class StoredCustomerHelped(StoredTold, frozen=True, kw_only=True, tag="customer-helped"):
    """`CustomerHelped`."""

    store: StoreId
    visit: VisitId
    taken_ms: Millis
    outcome: Outcome


class StoredConsentChanged(StoredTold, frozen=True, kw_only=True, tag="consent-changed"):
    """`ConsentChanged`."""

    purpose: Purpose
    change: Change
    place: Place
    text_version: str
    language: str


class StoredProfileMerged(StoredTold, frozen=True, kw_only=True, tag="profile-merged"):
    """`ProfileMerged`."""

    entry: EntryId
    joined_as: As | None
    moved: bool


class StoredProfileSplit(StoredTold, frozen=True, kw_only=True, tag="profile-split"):
    """`ProfileSplit`."""

    entry: EntryId
    undone: bool
    moved: bool


class StoredProfileErased(StoredTold, frozen=True, kw_only=True, tag="profile-erased"):
    """`ProfileErased`."""

    customer: PersonId
    known_as: dict[str, str]
    after: int


StoredFact = (
    StoredCustomerRecognized
    | StoredVisitStarted
    | StoredVisitRevised
    | StoredVisitEnded
    | StoredVisitCancelled
    | StoredPassScanned
    | StoredCustomerHelped
    | StoredConsentChanged
    | StoredProfileMerged
    | StoredProfileSplit
    | StoredProfileErased
)


def encoded(fact: facts.Fact) -> str:
    """Return the text to store."""
    stored = msgspec.convert(fact, _STORED[type(fact)], from_attributes=True)
    return msgspec.json.encode(stored).decode()


def decoded(text: str) -> facts.Fact:
    """Return the fact in `text`, which `encoded` wrote. Raises msgspec.MsgspecError otherwise."""
    stored = _decoder.decode(text)
    values: dict[str, Any] = msgspec.structs.asdict(stored)
    del values["v"]
    if "account" in values:
        values["account"] = _account(values["account"])
    return _OURS[type(stored)](**values)


def _account(stored: StoredAccount) -> facts.Account:
    values: dict[str, Any] = msgspec.structs.asdict(stored)
    values["zones"] = tuple(
        facts.ZoneStay(zone=each.zone, dwell_s=each.dwell_s, dwelt=each.dwelt)
        for each in stored.zones
    )
    return facts.Account(**values)


_OURS: Final[dict[type[StoredFact], type[facts.Fact]]] = {
    StoredCustomerRecognized: facts.CustomerRecognized,
    StoredVisitStarted: facts.VisitStarted,
    StoredVisitRevised: facts.VisitRevised,
    StoredVisitEnded: facts.VisitEnded,
    StoredVisitCancelled: facts.VisitCancelled,
    StoredPassScanned: facts.PassScanned,
    StoredCustomerHelped: facts.CustomerHelped,
    StoredConsentChanged: facts.ConsentChanged,
    StoredProfileMerged: facts.ProfileMerged,
    StoredProfileSplit: facts.ProfileSplit,
    StoredProfileErased: facts.ProfileErased,
}

_STORED: Final = {ours: stored for stored, ours in _OURS.items()}

_decoder: Final[msgspec.json.Decoder[StoredFact]] = msgspec.json.Decoder(StoredFact)
