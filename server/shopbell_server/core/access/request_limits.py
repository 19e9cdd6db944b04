"""How often each kind of credential may ask.

Owns: which kinds there are, what each is granted unless the settings say otherwise, and between what.
Never: the arithmetic (`allowance`), or where the buckets are kept.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.allowance import Allowance

if TYPE_CHECKING:
    from collections.abc import Mapping


class Limit(StrEnum):
    """Whose requests are counted together. The values are keys of the settings."""

    API_KEY = "api_key"
    DEVICE = "device"
    """A device token: a phone."""
    PRESENCE = "presence"
    """Of one phone, beside DEVICE: what it says of doors."""
    TICKET = "ticket"
    STAFF = "staff"
    """A session of the staff."""
    CUSTOMER = "customer"
    """A session at a customer's own page."""
    PASSWORD = "password"  # noqa: S105  (a kind, not a password)
    """The name for which passwords are tried: counted in the database, so in all processes together."""
    REFUSED = "refused"
    """The peer of credentials that are none. Honest requests are not counted here: a proxy is one peer."""
    STRANGERS = "strangers"
    """The peer of what needs no credential yet: a proxy is one peer for all phones of a retailer."""


Allowances = MappingProxyType[Limit, Allowance]

STANDARD: Final[Allowances] = MappingProxyType(
    {
        # A retailer's whole app: twenty customers who opt in every second, on the day of the campaign.
        Limit.API_KEY: Allowance(burst=200, per_minute=1200),
        # A phone asks a few times a day; thirty let somebody play with her switches.
        Limit.DEVICE: Allowance(burst=30, per_minute=30),
        # It tells of a door every few minutes at the most. Each report is a row for as long as its visit is
        # kept, and makes the visit be computed anew. Twenty at once are a day without a network.
        Limit.PRESENCE: Allowance(burst=20, per_minute=2),
        # It is good for one enrolment; the rest are tries after a broken connection.
        Limit.TICKET: Allowance(burst=10, per_minute=10),
        # A tablet that reconnects, and a script that asks who is here every second.
        Limit.STAFF: Allowance(burst=120, per_minute=600),
        # A page that asks every five seconds whether she is recognised, in a few tabs, and what she taps.
        Limit.CUSTOMER: Allowance(burst=60, per_minute=120),
        # 7 200 guesses a day: against argon2 and a password of 40 bits a matter of ages.
        Limit.PASSWORD: Allowance(burst=5, per_minute=5),
        # Keys have 256 bits and cannot be guessed; this saves the work of refusing.
        Limit.REFUSED: Allowance(burst=60, per_minute=60),
        Limit.STRANGERS: Allowance(burst=300, per_minute=600),
    }
)

MOST: Final = Allowance(burst=10_000, per_minute=60_000)
"""1000 requests a second: more than one process answers, so more would be no limit."""

AT_MOST: Final[Mapping[Limit, Allowance]] = MappingProxyType(
    {
        # 28 800 guesses a day, four times the standard; beyond it, one of the passwords that everybody
        # has is found within a week.
        Limit.PASSWORD: Allowance(burst=20, per_minute=20),
        # Whoever presents nothing that is valid, ten times a second, is no honest peer.
        Limit.REFUSED: Allowance(burst=600, per_minute=600),
        # Evidence is kept for months: a report a second from one phone would fill the database.
        Limit.PRESENCE: Allowance(burst=200, per_minute=30),
    }
)
"""Where more than a nuisance is limited, the most that may be set; elsewhere MOST."""

AT_LEAST: Final[Mapping[Limit, Allowance]] = MappingProxyType(
    {
        # The page, its stream and two more when the Wi-Fi comes back; a stream begins anew every 12 s.
        Limit.STAFF: Allowance(burst=10, per_minute=20),
        # A start of the app: tokens, consents, notices, and each once more after a broken connection.
        Limit.DEVICE: Allowance(burst=6, per_minute=6),
        # The page and what it asks for every five seconds.
        Limit.CUSTOMER: Allowance(burst=10, per_minute=15),
        # Somebody who mistypes twice.
        Limit.PASSWORD: Allowance(burst=3, per_minute=1),
        # A proxy is one peer: this is for all who sign in or enrol in a minute.
        Limit.STRANGERS: Allowance(burst=20, per_minute=20),
    }
)
"""Below this, honest people are refused; elsewhere ONE."""

ONE: Final = Allowance(burst=1, per_minute=1)


def out_of_bounds(limit: Limit, allowance: Allowance) -> str | None:
    """Return what an allowance of `limit` may be, if `allowance` is none of that."""
    least, most = AT_LEAST.get(limit, ONE), AT_MOST.get(limit, MOST)
    if (
        least.burst <= allowance.burst <= most.burst
        and least.per_minute <= allowance.per_minute <= most.per_minute
    ):
        return None
    return (
        f"at_once must be {least.burst} to {most.burst}, "
        f"per_minute {least.per_minute:g} to {most.per_minute:g}"
    )
