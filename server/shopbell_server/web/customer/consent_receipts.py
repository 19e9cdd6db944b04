"""The receipt of a customer's consents, for her to keep: the fields of ISO/IEC TS 27560.

Owns: the form of the receipt, and what the standard wants to be said of each purpose.
Never: what she said (the ledger), or who answers for it (the settings). What the retailer has not said is
null.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel

from shopbell_server.core.consent.ledger import Change, Purpose, expires_ms
from shopbell_server.web.http.times import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.consent.privacy_notice import Notice
    from shopbell_server.core.consent.texts import ConsentText, ConsentTexts
    from shopbell_server.core.ids import Millis, PersonId

SCHEMA: Final = "ISO/IEC TS 27560:2023"


class PartyOut(BaseModel):
    """Somebody who has to do with the data."""

    party_id: str
    party_role: Literal["pii_controller", "data_protection_officer", "recipient"]
    party_name: str | None
    party_address: str | None = None
    party_contact: str | None = None
    party_url: str | None = None


class TextOut(BaseModel):
    """What she read. `text` is there while the retailer still has that very text."""

    version: str
    sha256: str
    language: str
    title: str | None
    text: str | None


class EventOut(BaseModel):
    """What became of the consent, and how that is known."""

    event_id: str
    event_time: datetime
    event_type: Literal["explicit", "by_time"]
    event_state: Change
    valid_until: datetime | None
    """When it ends by itself; null where it allows nothing."""
    entity_id: str
    """Who did it: the customer, or the server where a time ran out."""
    place: str
    evidence: str
    consent_text: TextOut


class ProcessingOut(BaseModel):
    """One purpose, and everything that she said about it, in order."""

    record_id: str
    purpose: Purpose
    purpose_type: str
    lawful_basis: Literal["consent"] = "consent"
    state: Change
    pii_types: list[str]
    pii_optional: bool = True
    sensitive_pii: bool = False
    pii_controllers: list[str]
    collection_method: str
    processing_method: str
    processing_locations: list[str]
    storage_locations: list[str]
    geographic_restrictions: list[str]
    retention_period: str
    recipient_third_parties: list[str]
    events: list[EventOut]


class ConsentReceiptOut(BaseModel):
    """A receipt of everything that one enrolment ever said about its consents."""

    schema_version: Literal["ISO/IEC TS 27560:2023"] = SCHEMA
    receipt_id: str
    issued_at: datetime
    pii_principal_id: str
    """The enrolment; the receipt names nobody."""
    jurisdiction: str | None
    privacy_notice: str | None
    """Address of the privacy page."""
    withdrawal_method: str
    privacy_rights: list[str]
    parties: list[PartyOut]
    pii_processing: list[ProcessingOut]


_RIGHTS: Final = (
    "withdraw consent at any time (GDPR Art. 7(3))",
    "access (Art. 15)",
    "rectification (Art. 16)",
    "erasure (Art. 17)",
    "portability (Art. 20)",
    "complaint to a supervisory authority (Art. 77)",
)

_WITHDRAWAL: Final = (
    "One action, effective at once: the switch of the purpose in the app, or at {page}. "
    "Erasing what is there is a separate choice on the same page."
)

_KIND: Final[Mapping[Purpose, str]] = {
    Purpose.RECOGNISE_IN_STORE: "recognising an opted-in customer in a store",
    Purpose.SHOW_TO_STAFF: "personalised service by staff in the store",
    Purpose.GREET_BY_NAME: "personalised service by staff in the store",
    Purpose.SHOW_PURCHASES: "personalised advice in the store",
    Purpose.SHOW_BROWSING: "personalised advice in the store",
    Purpose.SHARE_WITH_CDP: "customer profile across channels",
    Purpose.MESSAGES: "direct communication",
}

_DATA: Final[Mapping[Purpose, tuple[str, ...]]] = {
    Purpose.RECOGNISE_IN_STORE: (
        "rotating token of the app, pass code, or registered tag",
        "store, zone and time of presence",
        "evidence and its quality",
    ),
    Purpose.SHOW_TO_STAFF: ("presence in the store", "nickname of the visit", "language"),
    Purpose.GREET_BY_NAME: ("first name",),
    Purpose.SHOW_PURCHASES: ("purchases",),
    Purpose.SHOW_BROWSING: ("products looked at or saved online",),
    Purpose.SHARE_WITH_CDP: ("customer id of the recipient", "visits: store, zones, times"),
    Purpose.MESSAGES: ("contact details in the retailer's own systems", "visits"),
}

_METHOD: Final = (
    "collected by receivers, cameras for codes and scanners in the store, "
    "from the customer's phone, pass or tag"
)
_RETENTION: Final = "visits 13 months at the most; this record: validity of the consent and 5 years"


def receipt_of(  # noqa: PLR0913  (what a receipt is made of, each by name)
    *,
    receipt_id: str,
    person: PersonId,
    entries: Sequence[Entry],
    notice: Notice,
    texts: ConsentTexts,
    page: str,
    now_ms: Millis,
) -> ConsentReceiptOut:
    """Return the receipt of `entries`, which are all of one person, oldest first."""
    by_hash = {text.sha256: text for text in texts.everything}
    said: dict[Purpose, list[Entry]] = {}
    for entry in entries:
        said.setdefault(entry.purpose, []).append(entry)
    return ConsentReceiptOut(
        receipt_id=receipt_id,
        issued_at=moment(now_ms),
        pii_principal_id=person,
        jurisdiction=notice.jurisdiction,
        privacy_notice=notice.page,
        withdrawal_method=_WITHDRAWAL.format(page=page),
        privacy_rights=list(_RIGHTS),
        parties=_parties(notice),
        pii_processing=[
            _processing(person, purpose, said[purpose], notice, by_hash)
            for purpose in Purpose
            if purpose in said
        ],
    )


def _parties(notice: Notice) -> list[PartyOut]:
    controller = PartyOut(
        party_id="controller",
        party_role="pii_controller",
        party_name=notice.controller,
        party_address=notice.address,
        party_contact=notice.contact,
        party_url=notice.page,
    )
    others = [
        PartyOut(party_id=f"recipient:{name}", party_role="recipient", party_name=who)
        for name, who in sorted(notice.recipients.items())
    ]
    if notice.dpo is None:
        return [controller, *others]
    officer = PartyOut(party_id="dpo", party_role="data_protection_officer", party_name=notice.dpo)
    return [controller, officer, *others]


def _processing(
    person: PersonId,
    purpose: Purpose,
    entries: Sequence[Entry],
    notice: Notice,
    by_hash: Mapping[str, ConsentText],
) -> ProcessingOut:
    where = [] if notice.stored_in is None else [notice.stored_in]
    shares = purpose is Purpose.SHARE_WITH_CDP
    return ProcessingOut(
        record_id=f"{person}/{purpose}",
        purpose=purpose,
        purpose_type=_KIND[purpose],
        state=entries[-1].change,
        pii_types=list(_DATA[purpose]),
        pii_controllers=["controller"],
        collection_method=_METHOD,
        processing_method="automated; no decision with legal effect is made of it",
        processing_locations=where,
        storage_locations=where,
        geographic_restrictions=[] if notice.jurisdiction is None else [notice.jurisdiction],
        retention_period=_RETENTION,
        recipient_third_parties=[f"recipient:{name}" for name in sorted(notice.recipients)]
        if shares
        else [],
        events=[_event(each, by_hash.get(each.text_sha256)) for each in entries],
    )


def _event(entry: Entry, text: ConsentText | None) -> EventOut:
    allows = entry.change in {Change.GIVEN, Change.RENEWED}
    by_time = entry.change is Change.EXPIRED
    return EventOut(
        event_id=f"{entry.person}/{entry.sequence}",
        event_time=moment(entry.at_ms),
        event_type="by_time" if by_time else "explicit",
        event_state=entry.change,
        valid_until=moment(expires_ms(entry)) if allows else None,
        entity_id="server" if by_time else "pii_principal",
        place=entry.place,
        evidence=entry.evidence,
        consent_text=TextOut(
            version=entry.text_version,
            sha256=entry.text_sha256,
            language=entry.language,
            title=None if text is None else text.title,
            text=None if text is None else text.text,
        ),
    )
