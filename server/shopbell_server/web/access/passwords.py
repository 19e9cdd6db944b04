"""Staff passwords, by argon2."""

from __future__ import annotations

from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """Argon2id with the library's recommended cost (RFC 9106, low memory): 64 MiB, three passes.

    `hasher` lets tests be quick. Safe to use from several threads.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    def hashed(self, password: str) -> str:
        """Return the PHC string of `password`, salt and cost included."""
        return self._hasher.hash(password)

    def match(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` is the one; a hash that is none matches nothing."""
        # Made for whoever is the first to ask, known or not: its cost tells nobody which.
        nobody = self._nobody
        try:
            self._hasher.verify(password_hash or nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    @cached_property
    def _nobody(self) -> str:
        """Return a hash to try where there is none; made at the start, it would delay it by 0.2 s."""
        return self._hasher.hash("")
