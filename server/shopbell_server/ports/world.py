"""Time, randomness, passwords, and the bell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import Millis, PersonId, StoreId


class ServerClock(Protocol):
    """Tells the time."""

    def now_ms(self) -> Millis:
        """Return Unix milliseconds, UTC."""
        ...


class Entropy(Protocol):
    """Randomness fit for keys and ids."""

    def token(self, size: int) -> bytes:
        """Return `size` random bytes."""
        ...

    def uuid7(self, now_ms: Millis) -> str:
        """Return a new UUIDv7: sorts by time, so that indexes stay compact."""
        ...


class Passwords(Protocol):
    """Keeps passwords so that nobody can read them, ourselves included."""

    def hashed(self, password: str) -> str:
        """Return what to store. Takes a tenth of a second on purpose."""
        ...

    def match(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` is the one. None is nobody's: false, and takes as long."""
        ...


class Announcer(Protocol):
    """Tells boards that something changed; they read what it is themselves."""

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        """Say whose rows, after the commit. Called from any thread; never blocks."""
        ...
