"""What apps send and get: bodies of `/v1/app/…`.

Owns: their form and limits, and the way to and from the use cases.
Never: what they do.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.ids import ProfileId
from shopbell_server.core.recognition.wallet import ALGORITHM, KIND, rotating_barcode
from shopbell_server.usecases.consent.consents import Said
from shopbell_server.usecases.customers.enrol import TicketOrder
from shopbell_server.web.http.fields import Id, Language, Name, Text
from shopbell_server.web.http.times import millis, moment
from shopbell_server.web.phones.notices import NoticeOut, notices_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.delivery.notices import Notice
    from shopbell_server.core.recognition.tokens import Token
    from shopbell_server.core.recognition.wallet import RotatingBarcode
    from shopbell_server.usecases.consent.consents import Receipt, Standing
    from shopbell_server.usecases.customers.enrol import Enrolled, Ticket
    from shopbell_server.web.services import Site


MOST_EXTERNAL_IDS: Final = 16
MOST_CONSENTS: Final = 2 * len(Purpose)
"""One per purpose is what an app sends; room for purposes that it knows and this server does not yet."""


class TicketIn(BaseModel):
    """For whom a ticket is wanted."""

    profile_id: Id
    external_ids: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")], Id],
        Field(max_length=MOST_EXTERNAL_IDS),
    ] = {}
    first_name: Name | None = None
    language: Language | None = None

    def order(self, said_by: str) -> TicketOrder:
        """Return it as the use case takes it; `said_by` is the name of the API key."""
        return TicketOrder(
            profile=ProfileId(self.profile_id),
            external_ids=self.external_ids,
            first_name=self.first_name,
            language=self.language,
            said_by=said_by,
        )


class IdentifierRefusedOut(BaseModel):
    """An identifier that was not linked: which guard refused it, and what to do."""

    kind: str
    guard: str
    detail: str


class TicketOut(BaseModel):
    """A ticket: one use, five minutes. What is `refused` is not linked, and changes nothing else."""

    ticket: str
    expires_at: datetime
    refused: list[IdentifierRefusedOut] = []


class ConsentIn(BaseModel):
    """What she said about one purpose, and which text she read."""

    purpose: Purpose
    state: Literal["given", "withdrawn"]
    text_version: Annotated[Text, StringConstraints(min_length=1, max_length=64)]
    text_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    language: Language
    until: AwareDatetime | None = None
    """"Only today": inactive from then on."""

    def said(self) -> Said:
        """Return it as the use case takes it."""
        return Said(
            purpose=self.purpose,
            given=self.state == "given",
            text_version=self.text_version,
            text_sha256=self.text_sha256,
            language=self.language,
            until_ms=None if self.until is None else millis(self.until),
        )


def _each_once(consents: list[ConsentIn]) -> list[ConsentIn]:
    purposes = [consent.purpose for consent in consents]
    if len(set(purposes)) < len(purposes):
        raise ValueError("must name each purpose once")
    return consents


Consents = Annotated[list[ConsentIn], Field(max_length=MOST_CONSENTS), AfterValidator(_each_once)]


class EnrolmentIn(BaseModel):
    """A phone that enrols: what is not in `consents` is off."""

    ticket: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    phone_model: Annotated[Text, StringConstraints(min_length=1, max_length=64)] | None = None
    consents: Consents = []


class ConsentsIn(BaseModel):
    """Switches that she turned; what is not named stays as it is."""

    consents: Annotated[Consents, Field(min_length=1)]


class RecordOut(BaseModel):
    """A line of the ledger."""

    purpose: Purpose
    change: Change
    at: datetime
    until: datetime | None
    place: str
    text_version: str
    text_sha256: str
    language: str


class ReceiptOut(BaseModel):
    """What was recorded: for her to keep."""

    enrolment_id: str
    records: list[RecordOut]


class PurposeOut(BaseModel):
    """How a purpose stands. `last` is what she said last; null: she was never asked."""

    purpose: Purpose
    active: bool
    ends_at: datetime | None
    ask_again: bool
    """It ends within 30 days, or has ended by itself: ask her for another year."""
    last: RecordOut | None


class ConsentsOut(BaseModel):
    """All purposes, and what this phone has to show."""

    purposes: list[PurposeOut]
    notices: list[NoticeOut] = []


class ConsentsChangedOut(ConsentsOut):
    """All purposes after the change, and the receipt for it."""

    receipt: ReceiptOut


class TotpParameterOut(BaseModel):
    """A key of Google Wallet's, base16, and how many digits it makes."""

    key: str
    valueLength: int  # noqa: N815  # Google's name, as all of these


class TotpDetailsOut(BaseModel):
    """How Google Wallet makes the digits."""

    periodMillis: str  # noqa: N815
    algorithm: Literal["TOTP_SHA1"] = ALGORITHM
    parameters: list[TotpParameterOut]


class RotatingBarcodeOut(BaseModel):
    """The pass as Google Wallet takes it: the field `rotatingBarcode` of its object, to the letter."""

    type: Literal["QR_CODE"] = KIND
    valuePattern: str  # noqa: N815
    totpDetails: TotpDetailsOut  # noqa: N815
    alternateText: str  # noqa: N815


class EnrolmentOut(BaseModel):
    """What the phone keeps in its keystore. It is said once and stored nowhere in clear."""

    enrolment_id: str
    device_token: str
    mac_key: str
    """16 bytes, hexadecimal."""
    card_ref: str
    card_secret: str
    """20 bytes, base32 as authenticator apps take it."""
    google_wallet: RotatingBarcodeOut
    """Holds the same secret. The retailer's backend puts it into the object that it signs for Google."""
    retailer_uuid: str
    prefix: str
    receipt: ReceiptOut


class TokenOut(BaseModel):
    """What to send in one window of 900 s; hexadecimal, `id32` is major and minor of an iBeacon."""

    window: int
    id32: str
    id64: str


class TokensOut(BaseModel):
    """Seven days of tokens, and what this phone has to show. `power` is what to say in frames: dBm at 1 m."""

    power: int
    tokens: list[TokenOut]
    notices: list[NoticeOut]


def ticket_out(ticket: Ticket) -> TicketOut:
    """Return a ticket as it leaves."""
    return TicketOut(
        ticket=ticket.secret,
        expires_at=moment(ticket.expires_ms),
        refused=[
            IdentifierRefusedOut(
                kind=each.kind, guard=each.refused.guard, detail=each.refused.detail
            )
            for each in ticket.refused
        ],
    )


def enrolment_out(enrolled: Enrolled, site: Site) -> EnrolmentOut:
    """Return an enrolment as it leaves."""
    return EnrolmentOut(
        enrolment_id=enrolled.person,
        device_token=enrolled.device_token,
        mac_key=enrolled.mac_key.hex(),
        card_ref=enrolled.card.ref,
        card_secret=base64.b32encode(enrolled.card.secret).decode(),
        google_wallet=_rotating(rotating_barcode(enrolled.card)),
        retailer_uuid=site.retailer_uuid,
        prefix=site.prefix,
        receipt=receipt_out(enrolled.receipt),
    )


def tokens_out(tokens: Sequence[Token], notices: Sequence[Notice], site: Site) -> TokensOut:
    """Return tokens as they leave."""
    return TokensOut(
        power=site.power_dbm,
        tokens=[TokenOut(window=each.window, id32=each.id32, id64=each.id64) for each in tokens],
        notices=notices_out(notices),
    )


def receipt_out(receipt: Receipt) -> ReceiptOut:
    """Return a receipt as it leaves."""
    return ReceiptOut(
        enrolment_id=receipt.person, records=[_record(each) for each in receipt.entries]
    )


def purposes_out(standing: Sequence[Standing]) -> list[PurposeOut]:
    """Return all purposes as they leave."""
    return [
        PurposeOut(
            purpose=each.purpose,
            active=each.active,
            ends_at=None if each.ends_ms is None else moment(each.ends_ms),
            ask_again=each.ask_again,
            last=None if each.last is None else _record(each.last),
        )
        for each in standing
    ]


def _rotating(barcode: RotatingBarcode) -> RotatingBarcodeOut:
    return RotatingBarcodeOut(
        valuePattern=barcode.value_pattern,
        totpDetails=TotpDetailsOut(
            periodMillis=str(barcode.period_ms),
            parameters=[TotpParameterOut(key=barcode.key, valueLength=barcode.digits)],
        ),
        alternateText=barcode.alternate_text,
    )


def _record(entry: Entry) -> RecordOut:
    return RecordOut(
        purpose=entry.purpose,
        change=entry.change,
        at=moment(entry.at_ms),
        until=None if entry.until_ms is None else moment(entry.until_ms),
        place=entry.place,
        text_version=entry.text_version,
        text_sha256=entry.text_sha256,
        language=entry.language,
    )
