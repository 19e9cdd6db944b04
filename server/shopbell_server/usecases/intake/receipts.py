"""A till says that something was bought, and with whose card.

Owns: once and only once for ever; whose purchase may be known; what that changes in her visit.
Never: which visit it belongs to (`core.visits.purchases`), or what was bought: nobody needs it here.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.dating import AHEAD_MS
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.acceptance import allowed, knowable, span_of
from shopbell_server.core.recognition.passes import named_card
from shopbell_server.core.visits.ending import converted
from shopbell_server.core.visits.purchases import early_ms, session_of
from shopbell_server.ports.receipts import TillReceipt
from shopbell_server.usecases.groups import NONE, head_of, hold, ledgers
from shopbell_server.usecases.visits.recompute import circumstances, tell, write

if TYPE_CHECKING:
    from shopbell_server.core.ids import PersonId, ReceiptId, StoreId
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.groups import Groups
    from shopbell_server.usecases.visits.recompute import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A receipt as a till sent it, as far as it matters here."""

    receipt: ReceiptId
    store: StoreId
    till: str
    at_ms: Millis
    card: str | None = field(repr=False)  # may be a pass, whose code no traceback should show
    is_return: bool
    """Goods or money went back: nothing was bought."""
    request_mac: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """`joined`: it belongs to a visit that was known when it first came. `person` is whose visit changed."""

    joined: bool
    person: PersonId | None = field(default=None, compare=False)


class NotBooked(Enum):
    """Why a receipt is not taken."""

    UNKNOWN_STORE = auto()
    FROM_THE_FUTURE = auto()
    """Its till's clock is wrong by more than any clock should be."""
    ANOTHER = auto()
    """There is another one of that name."""


def book(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, *, sale: Sale, terms: Terms
) -> Booked | NotBooked:
    """Keep the receipt, and convert the visit that it belongs to.

    A visit that comes to light later converts by itself, since receipts are kept (`recompute`). Without
    her consent, then and now, nothing of the buyer is kept. Where others are joined with her, it is in a
    visit only if all of them allowed that. Asked again it says the same again.
    """
    before = work.receipts.recall(sale.receipt)
    if before is not None:
        if not hmac.compare_digest(before.request_mac, sale.request_mac):
            return NotBooked.ANOTHER
        return Booked(joined=before.joined)
    if work.registry.store(sale.store) is None:
        return NotBooked.UNKNOWN_STORE
    if sale.at_ms > now_ms + AHEAD_MS:
        return NotBooked.FROM_THE_FUTURE
    person, groups = (None, NONE) if sale.is_return else _buyer(work, sale, now_ms)
    visit = None if person is None else _visit(work, person, groups, sale, terms)
    work.receipts.keep(
        TillReceipt(
            receipt=sale.receipt,
            store=sale.store,
            till=sale.till,
            at_ms=sale.at_ms,
            person=person,
            request_mac=sale.request_mac,
            joined=visit is not None,
        )
    )
    if visit is not None:
        _convert(work, entropy, now_ms, visit, groups, terms)
    return Booked(joined=visit is not None, person=None if visit is None else visit.person)


def _buyer(work: UnitOfWork, sale: Sale, now_ms: Millis) -> tuple[PersonId | None, Groups]:
    """Return whose card it is, if she may be known, and who is joined with her; they are held."""
    ref = None if sale.card is None else named_card(sale.card)
    card = None if ref is None else work.people.cards([ref]).get(ref)
    if card is None:
        return None, NONE
    # Held before anything is decided, so that a withdrawal is wholly before or wholly after.
    groups = hold(work, [card.person])
    enrolment = work.people.enrolments([card.person]).get(card.person)
    if enrolment is None:  # she was forgotten while she was waited for
        return None, NONE
    works_here = bool(work.people.staff_among([enrolment.profile]))
    ledger = work.ledger.entries([card.person]).get(card.person, ())
    spans = knowable(allowed(enrolment, ledger, works_here=works_here), now_ms)
    return (None if span_of(spans, sale.at_ms) is None else card.person), groups


def _visit(
    work: UnitOfWork, person: PersonId, groups: Groups, sale: Sale, terms: Terms
) -> Visit | None:
    """Return the stored visit or candidate in which she bought it."""
    group = groups.get(person)
    if group is not None and not group.covers(sale.at_ms):
        return None
    from_ms = Millis(sale.at_ms - terms.rules.widest_reach_ms)
    to_ms = Millis(sale.at_ms + early_ms(terms.rules))
    visits = work.visits.touching(head_of(groups, person), sale.store, from_ms, to_ms)
    session = session_of(sale.at_ms, [visit.session for visit in visits], terms.rules)
    return next((visit for visit in visits if visit.session is session), None)


def _convert(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    visit: Visit,
    groups: Groups,
    terms: Terms,
) -> None:
    around = circumstances(
        work,
        entropy,
        visit.store,
        now_ms,
        live=True,
        rules=terms.rules,
    )
    made = converted(visit, around)
    write(work, [made])
    ledger = ledgers(work, [visit.person], groups)
    tell(work, made.facts, ledger, terms.sinks, now_ms)
