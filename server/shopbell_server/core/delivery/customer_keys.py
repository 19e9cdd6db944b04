"""What a sink calls a customer.

Owns: the id that the sink knows already, and the pairwise id where it knows none.
Never: whether she may be told of at all (`consent.ledger.may_share`).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import PersonId

PAIRWISE: Final = "pairwise"
"""The kind of an id that we made for this sink alone."""

SINK_KEY_BYTES: Final = 32
"""Of a sink's own key. Two sinks cannot find out that they were told of the same person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerKey:
    """`id` of `kind` is what the sink knows her by; `pairwise` says nothing to anybody else.

    `pairwise` never changes while the sink's key does not, so it is what orders her events.
    """

    kind: str
    id: str
    pairwise: str


def sink_key(master: bytes, sink: str) -> bytes:
    """Return the key of the sink of that name, from the one secret that is kept for all of them.

    Raises ValueError for a master that is too short to keep ids apart from guesses.
    """
    if len(master) < SINK_KEY_BYTES:
        raise ValueError(f"the key has at least {SINK_KEY_BYTES} bytes, not {len(master)}")
    return hmac.digest(master, b"shopbell/v1/sink" + sink.encode(), "sha256")


def customer_key(
    person: PersonId, external_ids: Mapping[str, str], wanted_kind: str | None, sink_key: bytes
) -> CustomerKey:
    """Return how a sink knows `person`: by her `wanted_kind` of external id if she has one.

    Raises ValueError for a sink key that is too short to keep its ids apart from guesses.
    """
    if len(sink_key) < SINK_KEY_BYTES:
        raise ValueError(f"a sink's key has at least {SINK_KEY_BYTES} bytes, not {len(sink_key)}")
    pairwise = hmac.digest(sink_key, b"shopbell/v1/customer" + person.encode(), "sha256")[:16].hex()
    known = external_ids.get(wanted_kind) if wanted_kind is not None else None
    if wanted_kind is None or not known:
        return CustomerKey(kind=PAIRWISE, id=pairwise, pairwise=pairwise)
    return CustomerKey(kind=wanted_kind, id=known, pairwise=pairwise)
