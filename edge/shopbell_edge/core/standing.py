"""What an edge keeps of the orders that it was given: numbers, settings in force, answers that it owes.

Owns: how a new document proves itself, and what takes its place if it does not.
Never: the disk (`ports.OrderBook` keeps a Book there), or whether an order is obeyed (`obedience`).

A book is kept before what it says is done: so whenever the power fails, nothing is done twice, and what was
cut off is answered as that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.obedience import Obeyed, answered
from shopbell_wire.messages import MAX_TEXT, OrderDone
from shopbell_wire.orders import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from shopbell_wire.orders import Order

PROOF_S: Final = 60.0
"""For so long everything must run with new settings before they are trusted: a scanner that cannot start says
so within seconds, and the watchdog bites after 30 s."""

MOST_STARTS: Final = 3
"""Of everything, with settings that have not proved themselves. The power may fail in that minute once, and
twice; settings under which the process dies each time must not keep it dying."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Settings as they were signed: `payload` is what came, so that it can be verified again."""

    number: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All that is kept. `trial` is in force while there is one, else `proved`, else the file alone."""

    obeyed: Obeyed = field(default_factory=Obeyed)
    proved: Document | None = None
    trial: Document | None = None
    starts: int = 0
    """How often everything was started with `trial`."""
    owed: tuple[OrderDone, ...] = ()
    """Answers that are not in the spool yet."""

    @property
    def in_force(self) -> Document | None:
        """Return the document that is in force; None where the file alone is."""
        return self.trial or self.proved


def owing(
    book: Book, order: Order, result: Literal["done", "refused", "failed"], reason: str
) -> Book:
    """Return the book with `order` looked at, once and for all, and its answer owed.

    Of an order that is about to be carried out: what is to be said should it be cut off.
    """
    done = OrderDone(
        order=kind_of(order.task), number=order.number, result=result, reason=reason[:MAX_TEXT]
    )
    return replace(
        book,
        obeyed=answered(order, book.obeyed),
        owed=(*(each for each in book.owed if not _same(each, done)), done),
    )


def taken_up(book: Book, order: Order, payload: bytes) -> Book:
    """Return the book with the document of `order` in force, which has yet to prove itself."""
    if book.trial is not None:
        book = dropped(book, f"was replaced by number {order.number} before it had proved itself")
    return replace(
        book,
        obeyed=answered(order, book.obeyed),
        trial=Document(number=order.number, payload=payload),
        starts=0,
    )


def started(book: Book) -> Book:
    """Return the book as everything starts once more; settings that never lasted are dropped."""
    if book.trial is None:
        return book
    if book.starts >= MOST_STARTS:
        return dropped(
            book, f"this edge ended {MOST_STARTS} times before they had proved themselves"
        )
    return replace(book, starts=book.starts + 1)


def proved(book: Book) -> Book:
    """Return the book when the settings that are new have lasted for PROOF_S."""
    if book.trial is None:
        return book
    done = OrderDone(order="config", number=book.trial.number, result="done", reason="in force")
    return replace(book, proved=book.trial, trial=None, starts=0, owed=(*book.owed, done))


def dropped(book: Book, reason: str) -> Book:
    """Return the book without the document that is in force: the one before it takes its place."""
    document = book.in_force
    if document is None:
        return book
    said = OrderDone(
        order="config", number=document.number, result="failed", reason=reason[:MAX_TEXT]
    )
    left = replace(book, starts=0, owed=(*book.owed, said))
    return replace(left, proved=None) if book.trial is None else replace(left, trial=None)


def paid(book: Book, answers: Sequence[OrderDone]) -> Book:
    """Return the book when `answers` are in the spool."""
    return replace(book, owed=tuple(each for each in book.owed if each not in answers))


def listed(problems: Sequence[str]) -> str:
    """Return all problems as the reason of an answer: as many as fit, and how many more there are."""
    said = ""
    for index, each in enumerate(problems):
        more = f"; and {len(problems) - index} more"
        grown = f"{said}; {each}" if said else each
        left = MAX_TEXT - len(more) if index + 1 < len(problems) else MAX_TEXT
        if len(grown) > left:
            return said + more if said else grown[:MAX_TEXT]
        said = grown
    return said


def _same(one: OrderDone, other: OrderDone) -> bool:
    return (one.order, one.number) == (other.order, other.number)
