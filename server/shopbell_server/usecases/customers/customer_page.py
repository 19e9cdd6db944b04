"""Let a customer into her own page, and out.

Owns: links that her app asks for, sessions, and who is signed in.
Never: cookies; what she sees there (`known`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shopbell_server.core.access.credentials import (
    SECRET_BYTES,
    Kind,
    credential,
    fingerprint,
    id_of,
    is_a,
)
from shopbell_server.core.access.customer_sessions import (
    LINK_MS,
    SESSION_MS,
    CustomerSession,
    is_open,
    is_worth_noting,
)
from shopbell_server.core.audit.chain import HERSELF, Act, What
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.groups import hold_one

if TYPE_CHECKING:
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import PersonId
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.world import Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """Opens her page once; the secret is stored nowhere."""

    secret: str = field(repr=False)
    expires_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A session at her page: the secret is for the cookie and is stored nowhere."""

    secret: str = field(repr=False)
    expires_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who is signed in at `/me`, as an enrolment that stands."""

    enrolment: Enrolment
    session: CustomerSession


def make_page_link(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, person: PersonId
) -> PageLink:
    """Return a link that lets her in once, within five minutes. It is asked for by her own phone.

    Raises DatabaseBusyError if she was forgotten meanwhile.
    """
    hold_one(work, person)
    secret = credential(Kind.PAGE_LINK, entropy.token(SECRET_BYTES))
    link = _session(person, now_ms, LINK_MS)
    work.customer_sessions.open(fingerprint(secret), link)
    return PageLink(secret=secret, expires_ms=link.expires_ms)


def enter(database: Database, entropy: Entropy, now_ms: Millis, secret: str) -> Entered | None:
    """Return a session and use the link up; None if it is unknown, used, expired, or she left."""
    if not is_a(Kind.PAGE_LINK, secret):
        return None
    with database.begin() as work:
        link = work.customer_sessions.get(fingerprint(secret))
        if link is None or not work.people.lock([link.person]):
            return None
        # She is held before anything of hers, as by whoever forgets her.
        person = work.customer_sessions.take(fingerprint(secret), now_ms)
        if person is None or _standing(work, person) is None:
            return None
        opened = credential(Kind.PAGE_SESSION, entropy.token(SECRET_BYTES))
        session = _session(person, now_ms, SESSION_MS)
        work.customer_sessions.open(fingerprint(opened), session)
        actor = replace(HERSELF, credential=id_of(opened))
        work.audit.note([Act(at_ms=now_ms, actor=actor, what=What.PAGE_ENTERED, person=person)])
        work.commit()
    return Entered(secret=opened, expires_ms=session.expires_ms)


def customer_of(
    database: Database, secret: str, now_ms: Millis, *, counts_as_use: bool = True
) -> Customer | None:
    """Return who is signed in with `secret`; None if nobody is any more, or she left.

    What a page asks by itself does not count as use, or a page that is left open would never end.
    """
    if not is_a(Kind.PAGE_SESSION, secret):
        return None
    with database.read() as work:
        session = work.customer_sessions.get(fingerprint(secret))
        if session is None or not is_open(session, now_ms):
            return None
        enrolment = _standing(work, session.person)
    if enrolment is None:
        return None
    if counts_as_use and is_worth_noting(session, now_ms):
        with database.begin() as work:
            work.customer_sessions.use(fingerprint(secret), now_ms)
            work.commit()
    return Customer(enrolment=enrolment, session=session)


def leave_page(database: Database, secret: str) -> None:
    """End the session; one that is over stays so."""
    with database.begin() as work:
        work.customer_sessions.close(fingerprint(secret))
        work.commit()


def _session(person: PersonId, now_ms: Millis, for_ms: int) -> CustomerSession:
    return CustomerSession(
        person=person, opened_ms=now_ms, used_ms=now_ms, expires_ms=Millis(now_ms + for_ms)
    )


def _standing(work: UnitOfWork, person: PersonId) -> Enrolment | None:
    """Return her enrolment unless it has ended."""
    enrolment = work.people.enrolments([person]).get(person)
    return None if enrolment is None or enrolment.revoked_ms is not None else enrolment
