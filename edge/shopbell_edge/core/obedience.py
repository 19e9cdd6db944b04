"""Whether an order is obeyed.

Owns: for whom it must be, how fresh, and that none is obeyed twice.
Never: the signature (`shopbell_wire.orders` asks for it first), or doing what is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_wire.orders import COMMAND_MOST_MS, kind_of

if TYPE_CHECKING:
    from shopbell_wire.messages import Clock
    from shopbell_wire.orders import Order

EARLY_MS: Final = 60_000
"""An order from the future is one of a server whose clock is wrong, and would live too long. A minute is
more than two clocks that are kept differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeyed:
    """The highest number of each kind that was looked at. Kept on disk before an order is carried out."""

    config: int = 0
    command: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not obeyed, for people. `known`: it was answered already, so nothing is said."""

    reason: str
    known: bool = False


def refusal(order: Order, tenant: str, edge: str, obeyed: Obeyed, now: Clock) -> Refusal | None:
    """Return why `order` is not obeyed at `now`; None if it is.

    Whether something has expired cannot be said by a clock that nobody has set: then nothing is obeyed.
    The server's own answers set it (`clock_state`), so this ends with the first of them.
    """
    kind = kind_of(order.task)
    last = obeyed.config if kind == "config" else obeyed.command
    if (order.tenant, order.edge) != (tenant, edge):
        return Refusal("is for another edge")
    if order.number <= last:
        # A retained document comes with every connection, and a command may come twice.
        return Refusal(f"number {order.number} is not above {last}", known=order.number == last)
    reason = _untimely(order, now)
    return None if reason is None else Refusal(reason)


def answered(order: Order, obeyed: Obeyed) -> Obeyed:
    """Return what to keep once `order` was looked at: it is done or refused, and never looked at again."""
    if kind_of(order.task) == "config":
        return Obeyed(config=max(order.number, obeyed.config), command=obeyed.command)
    return Obeyed(config=obeyed.config, command=max(order.number, obeyed.command))


def _untimely(order: Order, now: Clock) -> str | None:
    if now.state == "unsynced":
        return "this edge does not know the time yet, and an order may be an old one"
    if order.issued_ms > now.wall_ms + now.err_ms + EARLY_MS:
        return "is of the future: one of the two clocks is wrong"
    if order.expires_ms < now.wall_ms - now.err_ms:
        return "has expired"
    if kind_of(order.task) == "command" and order.expires_ms - order.issued_ms > COMMAND_MOST_MS:
        return f"lives longer than {COMMAND_MOST_MS // 60_000} minutes, which none may"
    return None
