"""Whose key something is sealed under.

Owns: how owners of keys are named.
Never: a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from shopbell_server.core.ids import Day, PersonId, ProfileId

Owner = NewType("Owner", str)
"""`kind:id`. A tenant has one key for each, of KEY_BYTES; destroying it makes unreadable all that it sealed,
in every copy that there is of it."""

KEY_BYTES: Final = 32
"""AES-256, and as long as the SHA-256 that marks are made with."""

INDEX: Final = Owner("index")
"""The tenant: its marks are made with this key, which is never destroyed."""


def owner_of_profile(profile: ProfileId) -> Owner:
    """Return who owns what is sealed of a customer of the retailer."""
    return Owner(f"profile:{profile}")


def owner_of_person(person: PersonId) -> Owner:
    """Return who owns what is sealed of one enrolment."""
    return Owner(f"person:{person}")


def owner_of_day(day: Day) -> Owner:
    """Return who owns the key that a day's tokens are made with."""
    return Owner(f"day:{day}")


def owner_of_erasure(erasure: str) -> Owner:
    """Return who owns what has to be remembered of an erasure until it is done."""
    return Owner(f"erasure:{erasure}")
