"""Keys of other systems: what each kind is for, and what one with another purpose is told.

Owns: scopes, kinds, and the short name of a key by which an operator speaks of it.
Never: the secret. A key is known by its fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.access.credentials import Kind
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Iterable


class Scope(StrEnum):
    """What a key may be used for."""

    TICKETS = "tickets"
    """Let a phone enrol for a profile: the retailer's app backend."""
    RECEIPTS = "receipts"
    """Say that something was bought: tills."""
    PRESENT = "present"
    """Read who is in the stores."""
    VISITS = "visits"
    """Read visits."""
    PROFILES = "profiles"
    """Read which identifiers and enrolments a profile has, and why."""
    IDENTITY = "identity"
    """Merge profiles, split them, and undo both."""
    SINKS = "sinks"
    """See how sinks do; look at dead letters, send them again, throw them away."""
    CHANNEL = "channel"
    """Say what other channels know: a webshop's server, a service desk's."""
    BROWSER = "browser"
    """Say what somebody does in a webshop, without saying who. The key is in the source of its pages."""


System = Literal["app", "till", "reader", "operator", "channel", "browser"]
"""Which kind of system a key is made for."""

KINDS: Final[MappingProxyType[System, tuple[Kind, frozenset[Scope]]]] = MappingProxyType(
    {
        "app": (Kind.API_KEY, frozenset({Scope.TICKETS})),
        "till": (Kind.TILL_KEY, frozenset({Scope.RECEIPTS})),
        "reader": (Kind.READER_KEY, frozenset({Scope.PRESENT, Scope.VISITS, Scope.PROFILES})),
        "channel": (Kind.CHANNEL_KEY, frozenset({Scope.CHANNEL})),
        "browser": (Kind.BROWSER_KEY, frozenset({Scope.BROWSER})),
        "operator": (Kind.OPERATOR_KEY, frozenset({Scope.PROFILES, Scope.IDENTITY, Scope.SINKS})),
    }
)
"""As little as each needs: a till's key that leaks enrols nobody, the app's books no receipts, a reader's
changes nothing, and an operator's shows nobody who is in the stores."""

DAY_MS: Final = 86_400_000
"""When a key was last used is known to the day: enough to see which can go, and one write a day."""

NAME_CHARACTERS: Final = 12
"""48 bits of the fingerprint: of a thousand keys two have the same name once in 10⁸ retailers
(1000² / 2 / 2⁴⁸ = 2 · 10⁻⁹)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key that another system presents. Revoked ones stay, so that they can be told from others."""

    sha256: bytes = field(repr=False)
    name: str
    """Whose it is; several may have one name, while they are exchanged."""
    scopes: frozenset[Scope]
    created_ms: Millis
    revoked_ms: Millis | None = None
    used_ms: Millis | None = None
    """The beginning of the day (UTC) on which it was last used."""

    @property
    def id(self) -> str:
        """Return the name of this one key, of which nobody can make the key."""
        return self.sha256.hex()[:NAME_CHARACTERS]


def day_of_use(key: ApiKey, now_ms: Millis) -> Millis | None:
    """Return which day to write down, now that `key` is used; None if it is written down already."""
    day_ms = Millis(now_ms - now_ms % DAY_MS)
    return day_ms if key.used_ms is None or key.used_ms < day_ms else None


def made_for(scope: Scope) -> System:
    """Return the kind of key that has `scope`; of several the one that may do least."""
    return next(kind for kind, (_, scopes) in KINDS.items() if scope in scopes)


def as_text(scopes: Iterable[Scope]) -> str:
    """Return scopes as they are stored and shown: in the order of their names."""
    return " ".join(sorted(scopes))


def from_text(text: str) -> frozenset[Scope]:
    """Return what `as_text` wrote. Raises ValueError for a word that is no scope."""
    return frozenset(map(Scope, text.split()))
