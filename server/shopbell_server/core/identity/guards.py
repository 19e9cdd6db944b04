"""What keeps strangers from becoming one profile: limits of each kind of identifier, and values of nobody.

Owns: both, with their defaults, and the words of a refusal: which guard it was and what to do.
Never: who has which value (counted elsewhere, and handed in).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shopbell_server.core.identity.identifiers import (
    ANONYMOUS_ID,
    ENROLMENTS,
    EVERY_KIND,
    HASHES,
    normal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Of a kind: how many profiles may have one value, and how many values one profile may have."""

    profiles: int
    values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It was not done. Neither word holds a value."""

    guard: str
    """Which guard, for programs: `blocked_value`, `too_many_profiles`, `staff` …"""
    detail: str
    """What it is about and what to do, for people."""


LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {
        "crm": Limit(profiles=1, values=5),
        "webshop_id": Limit(profiles=1, values=5),
        "email_sha256": Limit(profiles=2, values=5),
        "loyalty_number": Limit(profiles=5, values=5),
        "cookie_id": Limit(profiles=3, values=20),
        ANONYMOUS_ID: Limit(profiles=3, values=20),
        ENROLMENTS: Limit(profiles=1, values=10),
    }
)
"""Systems that number customers give a number to one, and one customer has a few where she registered twice.
A couple has one mailbox. A household has one loyalty card, read out by five at the most; the till's own
number, used for whoever left hers at home, has hundreds. A browser that three people use is a family's; more
are a shop's tablet (what Segment's documentation warns of). Cookies are thrown away every few weeks: twenty
are a year. Ten phones that are not revoked are a family with an old one each."""

OTHERS: Final = Limit(profiles=5, values=10)
"""Of a kind that is not named here or in the settings: wide enough for a household, too narrow for a till."""

WORDS: Final = frozenset(
    {
        *("null", "none", "nil", "undefined", "nan", "n/a", "na", "unknown", "unset", "empty", "default"),
        *("anonymous", "anon", "guest", "gast", "test", "user", "customer", "klant", "true", "false"),
        *("[object object]", "unassigned", "not_set", "(not set)"),
    }
)  # fmt: skip
"""What programs say of a customer whom they do not know."""

_NOTHING: Final = re.compile(r"[0\-_. ]*|-1|(.)\1{5,}", re.ASCII)
"""Zeros and dashes, however many; -1; one character six times and more: 999999, xxxxxxxx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What a retailer goes by: the defaults, and what the settings add."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    blocked: frozenset[tuple[str, str]] = field(default_factory=frozenset, repr=False)
    """(kind, value), or EVERY_KIND and a value."""

    def limit(self, kind: str) -> Limit:
        """Return the limit of a kind."""
        return self.limits.get(kind) or LIMITS.get(kind, OTHERS)

    def blocks(self, kind: str, value: str) -> bool:
        """Return whether `value`, written as `normal` does, is nobody's."""
        folded = normal(EVERY_KIND, value)
        if kind.endswith(HASHES) and folded in _HASHES_OF_NOTHING:
            return True
        if folded in _WORDS or _NOTHING.fullmatch(folded):
            return True
        return not self.blocked.isdisjoint({(kind, value), (EVERY_KIND, folded)})


DEFAULTS: Final = Guards()
"""Of a retailer who adds nothing."""


def normal_guards(limits: Mapping[str, Limit], blocked: Iterable[tuple[str, str]]) -> Guards:
    """Return guards whose blocked values are written as identifiers are."""
    return Guards(
        limits=dict(limits),
        blocked=frozenset((kind, normal(kind, value)) for kind, value in blocked),
    )


def why_not_linked(
    guards: Guards, kind: str, value: str, *, blocked: bool, values: int, profiles: int
) -> Refused | None:
    """Return why a profile may not get one more identifier; None: it may.

    `blocked`: an operator said that the value is nobody's. `values` of the kind the profile has, without this
    one; `profiles` have the value, without this one.
    """
    if kind == ENROLMENTS:
        detail = f"`{ENROLMENTS}` is no kind of identifier: phones enrol with a ticket."
        return Refused(guard="reserved_kind", detail=detail)
    if blocked or guards.blocks(kind, value):
        detail = (
            f"This {kind} is blocked: a value that programs use for customers whom they do not know, or that "
            "many share. Leave it out; if it is one customer's after all, take it from the blocked values."
        )
        return Refused(guard="blocked_value", detail=detail)
    limit = guards.limit(kind)
    if profiles >= limit.profiles:
        detail = (
            f"Profiles that have this {kind} already: {profiles}; {limit.profiles} may. If they are the same "
            "customer, merge them; if it is a device or number that many share, block it; or take it from "
            f"the profile that has it wrongly. `[identity.limits.{kind}]` raises the limit."
        )
        return Refused(guard="too_many_profiles", detail=detail)
    if values >= limit.values:
        detail = (
            f"This profile has {values} of {kind}, and {limit.values} are the most. Take those out that are "
            f"not hers. `[identity.limits.{kind}]` raises the limit."
        )
        return Refused(guard="too_many_values", detail=detail)
    return None


def why_not_together(
    guards: Guards, values: Iterable[tuple[str, str]], phones: int
) -> Refused | None:
    """Return why one profile may not have all of it: `values` by kind, each once, and `phones` enrolled."""
    counts = Counter(kind for kind, _ in set(values))
    counts[ENROLMENTS] = phones
    for kind, count in sorted(counts.items()):
        most = guards.limit(kind).values
        if count > most:
            detail = (
                f"Together they would have {count} of {kind}, and {most} are the most. Take those out first "
                f"that are not hers. `[identity.limits.{kind}]` raises the limit."
            )
            return Refused(guard="too_many_values", detail=detail)
    return None


_WORDS: Final = frozenset(normal(EVERY_KIND, word) for word in WORDS)

_HASHES_OF_NOTHING: Final = frozenset(
    hashlib.new(name, word.encode(), usedforsecurity=False).hexdigest()
    for name in ("sha256", "sha1", "md5")
    for word in {
        "",
        " ",
        "@",
        *WORDS,
        *(word.upper() for word in WORDS),
        *(word.title() for word in WORDS),
    }
)
"""An e-mail address that was missing, hashed all the same."""
