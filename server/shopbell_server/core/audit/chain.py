"""Who did what, in a chain in which nothing can be changed unnoticed.

Owns: what a record says, its bytes, and its place in the chain.
Never: signatures (they are handed in), or names: people are in it by their ids, so that erasing somebody
breaks no chain.

Each record holds the digest of the one before it and its own: SHA-256 of that digest and of its bytes. Its
number is not among them, so a record that was moved is whole but does not join on, and can be told from one
that was changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shopbell_server.core.ids import Millis, PersonId, StoreId, TenantId

KEPT_MS: Final = 365 * 86_400_000
"""Twelve months; then the beginning of the chain is cut off, at a checkpoint where there are any."""


class What(StrEnum):
    """What was done. The values are what is stored, and hashed: they never change."""

    BOARD_READ = "board.read"
    VISIT_READ = "visit.read"
    PROFILE_READ = "profile.read"
    SIGNED_IN = "signed_in"
    LINK_MADE = "sign_in_link.made"
    SESSION_REVOKED = "session.revoked"
    ENROLLED = "enrolled"
    LEFT = "left"
    CONSENT_CHANGED = "consent.changed"
    FIXED_ID_REGISTERED = "fixed_id.registered"
    FIXED_ID_GIVEN_BACK = "fixed_id.given_back"
    EDGE_ORDERED = "edge.ordered"
    SEEDED = "seeded"
    CHECKPOINTS_BEGUN = "checkpoints.begun"
    TWO_STORES_AT_ONCE = "two_stores_at_once"
    PASS_SHOWN_TWICE = "pass.shown_twice"  # noqa: S105  (what was done, not a password)
    TICKET_ISSUED = "ticket.issued"
    KEY_CREATED = "api_key.created"
    KEY_REVOKED = "api_key.revoked"
    SIGN_IN_REFUSED = "sign_in.refused"
    STAFF_CHANGED = "staff.changed"
    EXPORTED = "person.exported"
    ERASED = "person.erased"
    MERGED = "profile.merged"
    SPLIT = "profile.split"
    UNUSUAL_REPORTED = "unusual_looks.reported"
    PAGE_ENTERED = "customer_page.entered"
    SURVEYED = "floor.surveyed"
    TAKEN = "visit.taken"
    RELEASED = "visit.released"
    HANDED_OVER = "visit.handed_over"
    SERVED = "visit.served"
    NOT_THIS_PERSON = "visit.not_this_person"
    HELP_ASKED = "help.asked"
    HELP_TAKEN_BACK = "help.taken_back"

    DEAD_LETTER_READ = "dead_letter.read"
    DEAD_LETTERS_REPLAYED = "dead_letters.replayed"
    DEAD_LETTER_DISCARDED = "dead_letter.discarded"


LOOKS: Final = frozenset(
    {What.BOARD_READ, What.VISIT_READ, What.PROFILE_READ, What.DEAD_LETTER_READ}
)
"""Somebody of the staff saw a customer: what she is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it."""

    kind: Literal["staff", "phone", "operator", "server", "system"]
    """`system` is another program, with an API key."""
    name: str
    """The id of the staff, the name of whoever sat at the server's terminal, or the one that a key was
    given; empty for a phone: the record's person is whose it is; and for what the server found by itself."""
    role: str = ""
    credential: str = ""
    """Tells one session from another; nothing can be opened with it."""


HERSELF: Final = Actor(kind="phone", name="")
"""She, by her phone or at her page: the record's person is who."""

SERVER: Final = Actor(kind="server", name="")
"""The program by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done. No field holds a name of a customer."""

    at_ms: Millis
    actor: Actor
    what: str
    """One of `What`; whatever it is, if somebody changed it behind our back."""
    person: PersonId | None = None
    store: StoreId | None = None
    about: str = ""
    """The visit that was read, the edge that was ordered, the purpose that was consented to."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An act at its place in the chain."""

    number: int
    """From 1, without a gap."""
    act: Act
    previous: bytes
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain ends and where it begins: records up to `base` were removed when their time came."""

    number: int
    digest: bytes
    base: int
    base_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How long the chain was at a time, and what its last digest was: signed, and kept elsewhere."""

    number: int
    digest: bytes
    at_ms: Millis
    signature: bytes


def first_head(tenant: TenantId) -> Head:
    """Return the head of a chain without a record."""
    digest = sha256(b"shopbell audit chain 1\0" + tenant.encode()).digest()
    return Head(number=0, digest=digest, base=0, base_digest=digest)


def digest_of(previous: bytes, act: Act) -> bytes:
    """Return the digest of `act` after `previous`, 32 bytes."""
    return sha256(previous + canonical(act)).digest()


def linked(head: Head, acts: Sequence[Act]) -> Iterator[Record]:
    """Yield the records that come after `head`."""
    previous = head.digest
    for number, act in enumerate(acts, start=head.number + 1):
        digest = digest_of(previous, act)
        yield Record(number=number, act=act, previous=previous, digest=digest)
        previous = digest


def canonical(act: Act) -> bytes:
    """Return the bytes of `act`: another one for every other act.

    Every text has its length before it, and what is missing differs from what is empty.
    """
    return b"".join(
        [
            b"shopbell audit act 1\0",
            act.at_ms.to_bytes(8, signed=True),
            *map(
                _text,
                (
                    act.actor.kind,
                    act.actor.name,
                    act.actor.role,
                    act.actor.credential,
                    str(act.what),
                    act.person,
                    act.store,
                    act.about,
                    act.why,
                ),
            ),
        ]
    )


def checkpoint_bytes(tenant: TenantId, number: int, digest: bytes, at_ms: Millis) -> bytes:
    """Return what a checkpoint's signature is of. Its beginning is no other message's."""
    named = tenant.encode()
    head = b"shopbell audit checkpoint 1\0" + len(named).to_bytes(4) + named
    return head + number.to_bytes(8) + digest + at_ms.to_bytes(8, signed=True)


def checkpoint(
    tenant: TenantId, head: Head, at_ms: Millis, sign: Callable[[bytes], bytes]
) -> Checkpoint:
    """Return a signed checkpoint of the chain as it is."""
    message = checkpoint_bytes(tenant, head.number, head.digest, at_ms)
    return Checkpoint(number=head.number, digest=head.digest, at_ms=at_ms, signature=sign(message))


def _text(text: str | None) -> bytes:
    if text is None:
        return b"\0"
    encoded = text.encode()
    return b"\1" + len(encoded).to_bytes(4) + encoded
