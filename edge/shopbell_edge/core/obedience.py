"""Whether an order is obeyed.

Owns: for whom it must be, how fresh, and that none is obeyed twice; which of the others are answered.
Never: the signature (`shopbell_wire.orders` asks for it first), or doing what is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_wire.orders import COMMAND_MOST_MS, kind_of

if TYPE_CHECKING:
    from shopbell_edge.core.units import Boottime
    from shopbell_wire.messages import Clock
    from shopbell_wire.orders import Kind, Order

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
    """Why an order is not obeyed, for people, and what becomes of it.

    `final`: its number is used up by it. `stray`: it is somebody's copy, of another edge or of old, and
    its number means nothing here. `known`: it was answered already. `early`: ask again once the time is
    known.
    """

    reason: str
    then: Literal["final", "stray", "known", "early"] = "final"


def refusal(order: Order, tenant: str, edge: str, obeyed: Obeyed, now: Clock) -> Refusal | None:
    """Return why `order` is not obeyed at `now`; None if it is.

    Whether something has expired cannot be said by a clock that nobody has set: then nothing is obeyed.
    The server's own answers set it (`clock_state`), so this ends with the first of them.
    """
    kind = kind_of(order.task)
    last = obeyed.config if kind == "config" else obeyed.command
    if (order.tenant, order.edge) != (tenant, edge):
        return Refusal("is for another edge", "stray")
    if order.number <= last:
        # A retained document comes with every connection, and a command may come twice.
        then: Literal["known", "stray"] = "known" if order.number == last else "stray"
        return Refusal(f"number {order.number} is not above {last}", then)
    if now.state == "unsynced":
        return Refusal("this edge does not know the time yet", "early")
    reason = _untimely(order, now)
    return None if reason is None else Refusal(reason)


def answered(order: Order, obeyed: Obeyed) -> Obeyed:
    """Return what to keep once `order` was looked at: it is done or refused, and never looked at again."""
    if kind_of(order.task) == "config":
        return Obeyed(config=max(order.number, obeyed.config), command=obeyed.command)
    return Obeyed(config=obeyed.config, command=max(order.number, obeyed.command))


def _untimely(order: Order, now: Clock) -> str | None:
    if order.issued_ms > now.wall_ms + now.err_ms + EARLY_MS:
        return "is of the future: one of the two clocks is wrong"
    if order.expires_ms < now.wall_ms - now.err_ms:
        return "has expired"
    if kind_of(order.task) == "command" and order.expires_ms - order.issued_ms > COMMAND_MOST_MS:
        return f"lives longer than {COMMAND_MOST_MS // 60_000} minutes, which none may"
    return None


COMPLAINTS: Final = 8
"""Answers to orders that do not count, each about another number, in COMPLAINTS_MS: whoever has the broker
may send as many as it likes, and each would take room in the spool."""

COMPLAINTS_MS: Final = 3_600_000
"""An hour: who looks at an alarm finds the newest reasons, and a day takes no more than 24 times that."""


@dataclass(frozen=True, slots=True)
class Complaints:
    """Which orders that do not count were answered lately: when, of which kind and number. Oldest first."""

    told: tuple[tuple[Boottime, Kind, int], ...] = ()


def complaint(told: Complaints, kind: Kind, number: int, now: Boottime) -> Complaints | None:
    """Return what to remember if an order that does not count is answered; None if it is not."""
    lately = [each for each in told.told if now - each[0] < COMPLAINTS_MS]
    if len(lately) >= COMPLAINTS or any(each[1:] == (kind, number) for each in told.told):
        return None
    # What is older is still remembered, as far as there is room: a retained one comes again and again.
    return Complaints((*told.told, (now, kind, number))[-4 * COMPLAINTS :])
