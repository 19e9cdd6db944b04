"""Staff passwords, by argon2."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """Argon2id with the library's recommended cost (RFC 9106, low memory): 64 MiB, three passes.

    `hasher` lets tests be quick. Safe to use from several threads.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("")

    def hashed(self, password: str) -> str:
        """Return the PHC string of `password`, salt and cost included."""
        return self._hasher.hash(password)

    def match(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` is the one; a hash that is none matches nothing."""
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None
