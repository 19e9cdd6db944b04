"""Whose an identifier may be: what a retailer adds to the guards.

Owns: the table `[identity]` and what may stand in it.
Never: the defaults (`core.identity.guards`), or values that an operator blocks: the database has those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_program.settings import Fault
from shopbell_server.core.identity.guards import Guards, Limit, normal_guards
from shopbell_server.core.identity.identifiers import EVERY_KIND, KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

Count = Annotated[int, Meta(ge=1, le=1_000)]
"""A thousand is a call centre's number: who needs more has no guard."""


class KindLimit(Struct, frozen=True, kw_only=True):
    """Of one kind of identifier: how many profiles may have one value, and one profile how many values."""

    profiles: Count
    values: Count


class Identity(Struct, frozen=True, kw_only=True):
    """Limits by kind, which replace the default of that kind, and values that are nobody's."""

    limits: dict[str, KindLimit] = {}
    """Kinds are the words that apps and seeds use: `loyalty_number`, `cookie_id` …; `enrolment` is phones."""
    blocked: tuple[str, ...] = ()
    """`kind:value`, such as "loyalty_number:2900000000001", a till's own; `*:value` is of every kind."""

    def guards(self) -> Guards:
        """Return it as identifiers are judged by."""
        return normal_guards(
            {
                kind: Limit(profiles=each.profiles, values=each.values)
                for kind, each in self.limits.items()
            },
            [(kind, value) for kind, _, value in (each.partition(":") for each in self.blocked)],
        )


def faults_of_identity(identity: Identity) -> Iterator[Fault]:
    """Yield what is no kind, and what is no blocked value."""
    for kind in identity.limits:
        if not KIND.fullmatch(kind):
            yield Fault(
                key=f"identity.limits.{kind}",
                problem="a kind is a word of a-z, 0-9 and _, of 32 characters at most",
            )
    for index, each in enumerate(identity.blocked):
        kind, _, value = each.partition(":")
        if (kind != EVERY_KIND and not KIND.fullmatch(kind)) or not value.strip():
            yield Fault(
                key=f"identity.blocked[{index}]",
                problem='say "kind:value", such as "loyalty_number:2900000000001", or "*:value"',
            )
