"""Somebody elsewhere who knows the staff: a provider of OpenID Connect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProviderAwayError(RuntimeError):
    """It does not answer, or not in time: try later, or sign in otherwise. The text says which, in a word."""


class NotBelievedError(RuntimeError):
    """What it says is not believed, and nobody is let in by it. The text says why, in a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one browser's way to the provider and back is known by; nobody else has it."""

    state: str = field(repr=False)
    """Comes back as it went: the answer belongs to this browser."""
    nonce: str = field(repr=False)
    """Comes back in the ID token: it was made for this attempt."""
    verifier: str = field(repr=False)
    """The code is good for whoever has it (RFC 7636)."""


class Provider(Protocol):
    """All of it waits for no longer than the settings say, each question for itself."""

    @property
    def host(self) -> str:
        """Return what people know it by."""
        ...

    async def way_there(self, attempt: Attempt) -> str:
        """Return where a browser is sent. Raises ProviderAwayError, NotBelievedError."""
        ...

    async def claims(self, attempt: Attempt, code: str, issuer: str | None) -> Mapping[str, object]:
        """Return what the provider says of who came back with `code`, signed by it, for us and this attempt.

        `issuer` is who says so in the address, if anybody does (RFC 9207). Raises ProviderAwayError,
        NotBelievedError.
        """
        ...

    async def way_out(self) -> str | None:
        """Return where a browser ends its session there; None where that is not offered, or it is away."""
        ...
