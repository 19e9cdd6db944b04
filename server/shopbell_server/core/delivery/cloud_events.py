"""Facts as CloudEvents 1.0 in structured JSON: what every sink gets or is made from.

Owns: names of types and attributes, and the data of each type.
Never: bytes, signatures, or what one sink wants otherwise.

Attributes may be logged by anybody on the way, so no name, external id or card is among them: only
pairwise ids. `type` carries the version of its data; a meaning never changes within one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, assert_never

from shopbell_server.core.facts import (
    ConsentChanged,
    CustomerHelped,
    CustomerRecognized,
    PassScanned,
    ProfileErased,
    ProfileMerged,
    ProfileSplit,
    VisitCancelled,
    VisitEnded,
    VisitRevised,
    VisitStarted,
)

if TYPE_CHECKING:
    from shopbell_server.core.delivery.customer_keys import CustomerKey
    from shopbell_server.core.facts import Account, Fact, ProfileFact, VisitFact
    from shopbell_server.core.ids import Millis, TenantId

CONTENT_TYPE: Final = "application/cloudevents+json"
"""Of the structured form, as it is sent."""

SEQUENCE_DIGITS: Final = 20
"""`sequence` is compared as text: 20 digits hold 2**64."""

Json = dict[str, object]

NAMES: Final[dict[type[Fact], tuple[str, str]]] = {
    CustomerRecognized: ("shopbell.customer.recognized.v1", "Customer Recognized"),
    VisitStarted: ("shopbell.visit.started.v1", "Store Visit Started"),
    VisitRevised: ("shopbell.visit.revised.v1", "Store Visit Revised"),
    VisitEnded: ("shopbell.visit.ended.v1", "Store Visit Ended"),
    VisitCancelled: ("shopbell.visit.cancelled.v1", "Store Visit Cancelled"),
    PassScanned: ("shopbell.pass.scanned.v1", "Pass Scanned"),
    CustomerHelped: ("shopbell.customer.helped.v1", "Customer Helped"),
    ConsentChanged: ("shopbell.consent.changed.v1", "Consent Changed"),
    ProfileErased: ("shopbell.profile.erased.v1", "Profile Erased"),
    ProfileMerged: ("shopbell.profile.merged.v1", "Profile Merged"),
    ProfileSplit: ("shopbell.profile.split.v1", "Profile Split"),
}
"""`type`, and the name that people know the event by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who speaks: `root` is a URI without a slash at its end, such as "https://bell.shop.example"."""

    root: str
    tenant: TenantId


def cloud_event(
    fact: Fact,
    customer: CustomerKey,
    origin: Origin,
    sequence: int,
    *,
    previous: CustomerKey | None = None,
) -> Json:
    """Return `fact` as one CloudEvent: JSON values only, the same for the same arguments.

    `sequence` rises with every event of this customer; gaps mean nothing. `previous` is what the sink called
    her before a merge or a split, where that was something else.
    """
    kind, name = NAMES[type(fact)]
    source = f"{origin.root}/tenants/{origin.tenant}"
    if isinstance(fact, ConsentChanged):
        subject = f"consent/{fact.purpose}"
    elif isinstance(fact, ProfileErased | ProfileMerged | ProfileSplit):
        subject = f"customer/{customer.pairwise}"
    else:
        source += f"/stores/{fact.store}"
        subject = f"visit/{fact.visit}"
    return {
        "specversion": "1.0",
        "id": fact.fact,
        "source": source,
        "type": kind,
        "subject": subject,
        "time": rfc3339(fact.at_ms),
        "recordedtime": rfc3339(fact.recorded_ms),
        "partitionkey": customer.pairwise,
        "sequence": f"{sequence:0{SEQUENCE_DIGITS}d}",
        "datacontenttype": "application/json",
        "data": {
            "event": name,
            "customer": _called(customer),
            **_data(fact, previous),
        },
    }


def without_customer(fact: Fact) -> Json:
    """Return what an event says of `fact`, without anything by which a sink knows the customer."""
    kind, name = NAMES[type(fact)]
    return {
        "id": fact.fact,
        "type": kind,
        "time": rfc3339(fact.at_ms),
        "recordedtime": rfc3339(fact.recorded_ms),
        "data": {"event": name, **_data(fact, None)},
    }


def rfc3339(at_ms: Millis) -> str:
    """Return "2026-11-21T14:02:11.000Z"."""
    # Not fromtimestamp: its float would round the milliseconds.
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _data(fact: Fact, previous: CustomerKey | None) -> Json:
    if isinstance(fact, ConsentChanged):
        return {
            "purpose": fact.purpose.value,
            "change": fact.change.value,
            "place": fact.place.value,
            "text_version": fact.text_version,
            "language": fact.language,
        }
    if isinstance(fact, ProfileErased):
        return {}
    if isinstance(fact, ProfileMerged | ProfileSplit):
        return {
            **_profile_data(fact),
            "moved": fact.moved,
            "previous": None if previous is None else _called(previous),
        }
    return {"store": fact.store, "visit": fact.visit, **_visit_data(fact)}


def _called(customer: CustomerKey) -> Json:
    return {"kind": customer.kind, "id": customer.id}


def _profile_data(fact: ProfileFact) -> Json:
    if isinstance(fact, ProfileMerged):
        return {"as": fact.joined_as}
    return {"merge_undone": fact.undone}


def _visit_data(fact: VisitFact) -> Json:  # noqa: PLR0911  (one for each kind)
    match fact:
        case CustomerRecognized():
            return {
                "evidence": fact.evidence.written,
                "carrier": fact.carrier,
                "zone": fact.zone,
            }
        case VisitStarted():
            return {"revision": 1, **_account(fact.account)}
        case VisitRevised():
            return {
                "revision": fact.revision,
                "supersedes": list(fact.supersedes),
                "ended": fact.ended,
                **_account(fact.account),
            }
        case VisitEnded():
            return {"revision": fact.revision, **_account(fact.account)}
        case VisitCancelled():
            return {"revision": fact.revision, "absorbed_by": fact.absorbed_by}
        case PassScanned():
            return {"zone": fact.zone, "purpose": fact.purpose}
        case CustomerHelped():
            return {"taken_at": rfc3339(fact.taken_ms), "outcome": fact.outcome.value}
        case _:
            assert_never(fact)


def _account(account: Account) -> Json:
    return {
        "began_at": rfc3339(account.began_ms),
        "last_at": rfc3339(account.last_ms),
        "duration_s": account.duration_s,
        "duration_known": account.duration_known,
        "evidence": account.evidence.written,
        "confidence": account.confidence.name.lower(),
        "confidence_reasons": list(account.confidence_reasons),
        "zones": [
            {"zone": stay.zone, "dwell_s": stay.dwell_s, "dwelt": stay.dwelt}
            for stay in account.zones
        ],
        "reentries": account.reentries,
        "engaged": account.engaged,
        "converted": account.converted,
        "overlong": account.overlong,
        "coverage": account.coverage,
        "rule_version": account.rule_version,
    }
