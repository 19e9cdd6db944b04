"""What became true and is worth telling others: the events that leave.

Owns: the facts that visits, passes and consents give rise to, and what each carries.
Never: how a sink spells them (`delivery.cloud_events`), nor whether she lets them be sent (`consent.ledger`).

A fact is made once, commits with what it is about, and never changes; `fact` is its id everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.confidence import Confidence
    from shopbell_server.core.consent.ledger import Change, Place, Purpose
    from shopbell_server.core.evidence import Carrier, Evidence
    from shopbell_server.core.identity.history import As
    from shopbell_server.core.ids import EntryId, FactId, Millis, PersonId, StoreId, VisitId, ZoneId
    from shopbell_server.core.serving.engagement import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneStay:
    """How long she was in a zone during a visit, all of its stretches together."""

    zone: ZoneId
    dwell_s: int
    dwelt: bool
    """For so long that she was there and did not only cross it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of a visit when a fact about it is made.

    `duration_known` is false where only a point is known (a pass without any other sighting): then
    `last_ms` is the latest evidence and not a leaving.
    """

    began_ms: Millis
    last_ms: Millis
    duration_s: int
    duration_known: bool
    evidence: Evidence
    confidence: Confidence
    confidence_reasons: tuple[str, ...]
    zones: tuple[ZoneStay, ...]
    reentries: int
    engaged: bool
    """It lasted so long that she looked around rather than in."""
    converted: bool
    overlong: bool
    coverage: float | None
    """Share (0-1) of the time in which its scanners could hear; None where none said so."""
    rule_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What every fact says: which one it is, of whom, when it happened and when we knew."""

    fact: FactId
    person: PersonId
    at_ms: Millis
    recorded_ms: Millis
    late: bool = False
    """It came out of a backlog or is long past: it is told, and fires no rule and rings no bell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRecognized(Told):
    """First evidence of a visit that may be shown to somebody."""

    store: StoreId
    visit: VisitId
    evidence: Evidence
    carrier: Carrier
    zone: ZoneId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStarted(Told):
    """The minimum dwell is met, or a code was shown. `at_ms` is the visit's beginning."""

    store: StoreId
    visit: VisitId
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRevised(Told):
    """Late evidence changed what was told before; what stands here replaces it.

    `revision` counts from 2 (what was told first is 1). `supersedes` names the visits that this one
    absorbed, oldest first; each of them is cancelled as well.
    """

    store: StoreId
    visit: VisitId
    revision: int
    supersedes: tuple[VisitId, ...]
    ended: bool
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded(Told):
    """The gap passed without evidence. `at_ms` is the last evidence."""

    store: StoreId
    visit: VisitId
    revision: int
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCancelled(Told):
    """A visit that was told is none: absorbed by another, or its evidence is gone (None)."""

    store: StoreId
    visit: VisitId
    revision: int
    absorbed_by: VisitId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassScanned(Told):
    """She held up her pass: where, and what for."""

    store: StoreId
    visit: VisitId
    zone: ZoneId | None
    purpose: Literal["check-in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerHelped(Told):
    """Somebody of the staff took her and served her; `at_ms` is when it was done. Never who."""

    store: StoreId
    visit: VisitId
    taken_ms: Millis
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged(Told):
    """She allowed or forbade one purpose. Belongs to no store and to no visit."""

    purpose: Purpose
    change: Change
    place: Place
    text_version: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileMerged(Told):
    """Her profile and another one are one now. Belongs to no store and to no visit.

    `entry` is that of the history of profiles; `moved`: her profile is part of the other one since.
    """

    entry: EntryId
    joined_as: As | None
    """None: what a split had taken out came back."""
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSplit(Told):
    """Something was taken out of her profile; `moved`: she was. Otherwise as `ProfileMerged`."""

    entry: EntryId
    undone: bool
    """A merge was taken back."""
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileErased(Told):
    """She was forgotten, and is to be forgotten by whoever was told of her.

    It stands under the id of the erasure, so that what it says has a key of its own: `customer` is who she
    was here, `known_as` what others called her, by kind, `after` how many events of her there were before.
    """

    customer: PersonId
    known_as: Mapping[str, str] = field(repr=False)
    after: int


VisitFact = (
    CustomerRecognized
    | VisitStarted
    | VisitRevised
    | VisitEnded
    | VisitCancelled
    | PassScanned
    | CustomerHelped
)
ProfileFact = ProfileMerged | ProfileSplit
Fact = VisitFact | ConsentChanged | ProfileFact | ProfileErased
