"""What a provider says of somebody who signed in there, as somebody of our staff; or why not.

Owns: which claims are read, whose groups are which role and which stores, and every reason to refuse.
Never: whether the claims are the provider's (`web.access.oidc`), or a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import StaffId, StoreId
from shopbell_server.core.language import SOURCE
from shopbell_server.core.registry import Staff

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from shopbell_server.core.language import Language
    from shopbell_server.core.registry import Role

EVERY_STORE: Final = "*"
"""Stands for all stores of the registry; no store is called so (`shopbell_wire.messages.Name`)."""

LONGEST_ID: Final = 128
"""As our own ids. `sub` has 255 at the most (OpenID Connect Core §2); providers give 20 to 64."""

LONGEST_NAME: Final = 80
"""What fits into a row beside a guest's."""

WITHOUT_STORE: Final = frozenset({"operator", "auditor"})
"""Roles whose work is in no store: they see no board."""

_VERIFIED: Final = "email_verified"
_EMAIL: Final = "email"


class Refusal(StrEnum):
    """Why nobody is let in. The values are stored in the record of who did what, and shown on the page."""

    NO_ID = "no_id"
    """The claim that names people is missing, or is no text that can be an id."""
    UNVERIFIED = "unverified"
    """They are known by an address of which the provider does not say that it is theirs."""
    DISABLED = "disabled"
    """They have a group that lets nobody in."""
    NO_ROLE = "no_role"
    NO_STORE = "no_store"
    UNKNOWN_STORE = "unknown_store"
    """They have stores, and none is of this retailer."""
    LOCAL = "local"
    """Somebody has a password here under this id: who else comes with it may be another person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """How claims are read. A claim is named as it is, or by its path: `realm_access.roles`."""

    staff: str
    name: str
    language: str
    roles: str
    stores: str
    role_of: tuple[tuple[str, Role], ...]
    """Of several that somebody has the first counts."""
    stores_of: tuple[tuple[str, frozenset[str]], ...] | None
    """Their groups, and which stores each means; None: the claim has our own ids of stores."""
    disabled: frozenset[str]
    """Whoever has one of these among the roles is refused, whatever else they have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nobody is let in. `staff` is whom the claims name, where they do: their sessions end."""

    reason: Refusal
    staff: StaffId | None = None


def staff_of(
    claims: Mapping[str, object],
    rules: ClaimRules,
    stores: Collection[StoreId],
    languages: Collection[Language],
) -> Staff | Refused:
    """Return who comes with `claims`; `stores` are those of the registry, of which nobody gets others.

    `languages` are those that pages speak; who claims none of them reads what the sources are written in.
    """
    staff = _id(found(claims, rules.staff))
    if staff is None:
        return Refused(reason=Refusal.NO_ID)
    if _is_by_address(rules) and claims.get(_VERIFIED) is not True:
        # Nobody's sessions end by it: of whom the address is, is the question.
        return Refused(reason=Refusal.UNVERIFIED)
    groups = frozenset(_texts(found(claims, rules.roles)))
    if groups & rules.disabled:
        return Refused(reason=Refusal.DISABLED, staff=staff)
    role = next((role for group, role in rules.role_of if group in groups), None)
    if role is None:
        return Refused(reason=Refusal.NO_ROLE, staff=staff)
    claimed = frozenset(_stores(claims, rules))
    own = frozenset(stores) if EVERY_STORE in claimed else claimed & frozenset(stores)
    if not own and role not in WITHOUT_STORE:
        reason = Refusal.UNKNOWN_STORE if claimed else Refusal.NO_STORE
        return Refused(reason=reason, staff=staff)
    return Staff(
        id=staff,
        name=_name(found(claims, rules.name)) or staff[:LONGEST_NAME],
        role=role,
        stores=own,
        language=_language(found(claims, rules.language), languages),
    )


def found(claims: Mapping[str, object], path: str) -> object:
    """Return the claim of that very name, else the one that its dots lead to; None where there is none.

    The name goes first: some are addresses, and have dots (`https://shop.example/roles`).
    """
    if path in claims:
        return claims[path]
    here: object = claims
    for part in path.split("."):
        if not isinstance(here, dict) or part not in here:
            return None
        here = here[part]
    return here


def _is_by_address(rules: ClaimRules) -> bool:
    return _EMAIL in {rules.staff, rules.roles, rules.stores}


def _stores(claims: Mapping[str, object], rules: ClaimRules) -> Iterator[StoreId]:
    said = frozenset(_texts(found(claims, rules.stores)))
    if rules.stores_of is None:
        # Only the settings say that somebody has all of them.
        yield from (StoreId(each) for each in said - {EVERY_STORE})
        return
    for group, stores in rules.stores_of:
        if group in said:
            yield from map(StoreId, stores)


def _id(value: object) -> StaffId | None:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        return None
    return StaffId(value) if value.isprintable() and value == value.strip() else None


def _name(value: object) -> str:
    """Return a name as one line; empty for what is none."""
    if not isinstance(value, str):
        return ""
    line = " ".join(value[: 4 * LONGEST_NAME].split())
    return "".join(filter(str.isprintable, line))[:LONGEST_NAME].strip()


def _language(value: object, languages: Collection[Language]) -> Language:
    spoken = value.lower().replace("_", "-").split("-")[0] if isinstance(value, str) else ""
    return spoken if spoken in languages else SOURCE


def _texts(value: object) -> Iterator[str]:
    """Yield the texts of a claim: one, or a list of them. What is no text says nothing."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))
