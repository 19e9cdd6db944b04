"""Make a phone known: a ticket for a profile, then an enrolment for the ticket.

Owns: tickets, enrolments, their keys and their card, and what was consented to on the way.
Never: how secrets look (`core.access.credentials`), or who may ask for a ticket (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.credentials import (
    MOST_CHARACTERS,
    SECRET_BYTES,
    Kind,
    credential,
    fingerprint,
    id_of,
)
from shopbell_server.core.audit.chain import HERSELF, Act, Actor, What
from shopbell_server.core.identity.guards import DEFAULTS
from shopbell_server.core.identity.history import Moved
from shopbell_server.core.identity.identifiers import ENROLMENTS
from shopbell_server.core.identity.people import Card, Enrolment, Profile
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.usecases.consent.consents import record_first
from shopbell_server.usecases.customers.notices import tell_others
from shopbell_server.usecases.customers.phone_secrets import new_card, new_phone
from shopbell_server.usecases.identity.identifiers import SaidBy, follow, say
from shopbell_server.usecases.identity.profile_holds import hold_chain, hold_ids, require_new_key
from shopbell_server.usecases.recognition.device_numbers import free_device_no

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.identity.guards import Guards
    from shopbell_server.core.ids import ProfileId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.consent.consents import Receipt, Said
    from shopbell_server.usecases.identity.identifiers import NotLinked

TICKET_MS: Final = 5 * 60_000
"""From the app's backend to the app: seconds. Five minutes are for a phone that asks first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOrder:
    """For whom a ticket is wanted; what else is said is added to what is known of the profile.

    `said_by` is the name of the API key that says it.
    """

    profile: ProfileId
    external_ids: Mapping[str, str] = field(repr=False)
    first_name: str | None = field(repr=False)
    language: str | None
    said_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Good for one enrolment; the secret is stored nowhere."""

    secret: str = field(repr=False)
    expires_ms: Millis
    refused: tuple[NotLinked, ...]
    """Identifiers that a guard refused: she enrols all the same, for they say nothing of her consent."""


class NotEnrolled(Enum):
    """Why there is no enrolment."""

    TICKET_INVALID = auto()
    """Unknown, used before, or expired; which of them is not said."""
    TOO_MANY = auto()
    """The profile has as many phones as its guards allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What the phone keeps in its keystore: all of it is said once."""

    person: PersonId
    device_token: str = field(repr=False)
    mac_key: bytes = field(repr=False)
    card: Card
    receipt: Receipt


def make_ticket(
    work: UnitOfWork,
    entropy: Entropy,
    order: TicketOrder,
    now_ms: Millis,
    guards: Guards = DEFAULTS,
) -> Ticket:
    """Return a ticket of five minutes for the profile, which is made if it is new.

    Of a profile that is part of another one it is as good: whoever enrols with it is enrolled there.
    Raises DatabaseBusyError while one of this id is being forgotten: that takes seconds.
    """
    hold_ids(work, [order.profile])
    require_new_key(work, [order.profile])
    known = work.people.profiles([order.profile]).get(order.profile)
    profile = known or Profile(id=order.profile, first_name=None, language=None, staff=False)
    told = replace(
        profile,
        first_name=order.first_name or profile.first_name,
        language=order.language or profile.language,
        # She was asked: it is hers from now on, whoever was forgotten of it.
        forgotten_ms=None,
    )
    if told != known:
        work.people.put_profile(told)
    refused = say(
        work,
        entropy,
        now_ms,
        profile=order.profile,
        values=order.external_ids,
        said_by=SaidBy(source="app_ticket", by=order.said_by),
        guards=guards,
    )
    require_new_key(work, [order.profile])
    secret = credential(Kind.TICKET, entropy.token(SECRET_BYTES))
    expires_ms = Millis(now_ms + TICKET_MS)
    work.people.add_ticket(fingerprint(secret), order.profile, expires_ms)
    return Ticket(secret=secret, expires_ms=expires_ms, refused=refused)


def note_ticket(
    work: UnitOfWork, ticket: Ticket, now_ms: Millis, *, key_name: str, key_secret: str
) -> None:
    """Write into the audit that a system with this API key was given `ticket`.

    Not for whom: what a retailer calls a customer may be her e-mail address. The enrolment that uses the
    ticket up has the same name of it, and the person.
    """
    work.audit.note(
        [
            Act(
                at_ms=now_ms,
                actor=Actor(kind="system", name=key_name, credential=id_of(key_secret)),
                what=What.TICKET_ISSUED,
                about=id_of(ticket.secret),
            )
        ]
    )


def enrol(  # noqa: PLR0913  (what an enrolment is made of, each by name)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    ticket: str,
    phone_model: str | None,
    said: Sequence[Said],
    sinks: Collection[str],
    guards: Guards = DEFAULTS,
) -> Enrolled | NotEnrolled:
    """Use the ticket up and return a new enrolment with its keys, its card and a receipt.

    What she allowed goes into the ledger as of `now_ms`; what is not said is off.
    """
    if len(ticket) > MOST_CHARACTERS:
        return NotEnrolled.TICKET_INVALID
    profile = work.people.redeem_ticket(fingerprint(ticket), now_ms)
    if profile is None:
        return NotEnrolled.TICKET_INVALID
    # Held: whoever merges or splits it is wholly before this, or wholly after.
    route = hold_chain(work, profile)
    if _phones(work, route[-1]) >= guards.limit(ENROLMENTS).values:
        return NotEnrolled.TOO_MANY
    person = PersonId(entropy.uuid7(now_ms))
    device_token = credential(Kind.DEVICE, entropy.token(SECRET_BYTES))
    card = new_card(entropy, person)
    enrolment = Enrolment(
        person=person,
        profile=profile,
        device_no=free_device_no(work, entropy),
        created_ms=now_ms,
        revoked_ms=None,
    )
    phone = new_phone(entropy, phone_model)
    work.people.add_enrolment(enrolment, phone, fingerprint(device_token), card)
    follow(work, entropy, now_ms, route, Moved(persons=(person,)))
    about = id_of(ticket)
    act = Act(at_ms=now_ms, actor=HERSELF, what=What.ENROLLED, person=person, about=about)
    work.audit.note([act])
    tell_others(work, entropy, replace(enrolment, profile=route[-1]), phone)
    receipt = record_first(work, entropy, now_ms, person=person, said=said, sinks=sinks)
    return Enrolled(
        person=person,
        device_token=device_token,
        mac_key=phone.mac_key,
        card=card,
        receipt=receipt,
    )


def _phones(work: UnitOfWork, profile: ProfileId) -> int:
    """Return how many are enrolled under a profile and have not left."""
    enrolled = work.people.enrolments(work.identity.enrolled([profile]).get(profile, ()))
    return sum(each.revoked_ms is None for each in enrolled.values())
