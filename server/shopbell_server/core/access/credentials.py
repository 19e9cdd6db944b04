"""Secrets that somebody presents to be let in: how they look, and what is kept of them.

Owns: the form of keys, device tokens, tickets, sessions and links.
Never: makes randomness, or keeps a secret. Stored is the fingerprint only.
"""

from __future__ import annotations

import base64
import hashlib
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a secret is for; its first letters, so that one in a wrong place is seen at once."""

    API_KEY = "sbk"
    """An app backend's."""
    TILL_KEY = "sbp"
    """Of a point of sale."""
    READER_KEY = "sbr"
    """Of a system that reads and changes nothing."""
    OPERATOR_KEY = "sbo"
    """Of a system that does an operator's work."""
    CHANNEL_KEY = "sbw"
    """Of a server of another channel: Segment's libraries call it a write key."""
    BROWSER_KEY = "sbv"
    """In the pages of a webshop, for everybody to read: no secret."""
    DEVICE = "sbd"
    TICKET = "sbt"
    SESSION = "sbs"
    LINK = "sbl"
    ATTEMPT = "sba"
    """Of a browser that was sent to the provider to sign in."""
    PAGE_LINK = "sbm"
    """Leads a customer to her own page."""
    PAGE_SESSION = "sbc"
    """Of a customer at her own page."""


SECRET_BYTES: Final = 32
"""256 bits: nobody guesses it, so a plain hash of it is enough and no salt is needed."""

MOST_CHARACTERS: Final = 128
"""More than any of ours has (47), so that nobody makes us hash megabytes."""


LEAST_CHARACTERS: Final = 22
"""Of a key that somebody else made: 128 random bits in base64 are 22 characters. Only its plain hash is kept,
so whoever has a dump may try as many as he can; of 2^128 he tries none worth speaking of."""

LEAST_DIFFERENT: Final = 8
"""Of 32 random hexadecimal digits fewer than 8 are different once in 10^7; of a word that is repeated as a
rule."""


def credential(kind: Kind, random: bytes) -> str:
    """Return the secret of `kind` that carries `random` (SECRET_BYTES); safe in URLs and headers."""
    if len(random) != SECRET_BYTES:
        raise ValueError(f"a secret is made of {SECRET_BYTES} random bytes, not {len(random)}")
    return f"{kind}_{base64.urlsafe_b64encode(random).rstrip(b'=').decode()}"


def fingerprint(secret: str) -> bytes:
    """Return the SHA-256 under which `secret` is stored. The kind is part of the secret and of this.

    So a sign-in link is no session, although both may be kept side by side.
    """
    return hashlib.sha256(secret.encode()).digest()


def is_a(kind: Kind, secret: str) -> bool:
    """Return whether it can be one of `kind`: a link is no session although both are kept side by side."""
    return len(secret) <= MOST_CHARACTERS and secret.startswith(f"{kind}_")


def id_of(secret: str) -> str:
    """Return the `credential_id` of a secret."""
    return credential_id(fingerprint(secret))


def credential_id(sha256: bytes) -> str:
    """Return by what one credential is told from another in a record: 16 digits of its fingerprint."""
    return sha256.hex()[:16]


def why_guessable(secret: str) -> str | None:
    """Return what is wrong with a key that somebody else made, in words without it; None: nothing.

    That it is random nobody can see. What is seen is what can hardly be.
    """
    if len(secret) < LEAST_CHARACTERS:
        return f"has {len(secret)} characters; a key has {LEAST_CHARACTERS} or more"
    if len(secret) > MOST_CHARACTERS:
        return f"has {len(secret)} characters; a key has {MOST_CHARACTERS} at the most"
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        return "has a space, or characters that are not ASCII: no header carries them"
    different = len(set(secret))
    if different < LEAST_DIFFERENT:
        return f"is made of {different} different characters: anybody may guess it"
    return None
