"""Who the customers are, as far as the server must know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbell_server.core.ids import CardRef, DeviceNo, Millis, PersonId, ProfileId, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The retailer's customer.

    What other systems call her are its identifiers (`identifiers`).
    `staff` marks people who work here: their visits are listed and left out.
    """

    id: ProfileId
    first_name: str | None = field(repr=False)
    language: str | None
    staff: bool
    forgotten_ms: Millis | None = None
    """When somebody whose profile it was (`left_over`) was last forgotten while it stayed for the sake of
    others; None: nobody was, or a ticket was asked for it since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One phone of one person. Revoked ones resolve to nobody, whatever was issued to them."""

    person: PersonId
    profile: ProfileId
    device_no: DeviceNo
    created_ms: Millis
    revoked_ms: Millis | None
    head: PersonId | None = None
    """Under whom her visits are if other enrolments are the same human (`joined`); None: she is alone, as
    every new enrolment is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """What is known of the phone of an enrolment: sealed where it is kept, and asked for by who needs it."""

    mac_key: bytes = field(repr=False)
    """16 bytes: key of `mac32`, given to the phone once."""
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The pass of an enrolment: its rotating code is an RFC 6238 TOTP under `secret` (20 bytes)."""

    ref: CardRef
    person: PersonId
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Tokens were issued for the windows `first` to `last`, inclusive."""

    person: PersonId
    first: Window
    last: Window
