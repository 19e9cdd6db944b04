"""`/v1/pos/…`: what tills call.

A till learns that its receipt belongs to a visit, and neither whose nor which: visits are for the staff of
the floor, by consent and role.
"""

from __future__ import annotations

import hmac
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from shopbell_server.core.ids import ReceiptId, StoreId
from shopbell_server.usecases.intake.receipts import Booked, NotBooked, Sale, book
from shopbell_server.web.access.who import Here, ReceiptKey
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.fields import At, Id, Text
from shopbell_server.web.http.problems import Fault, Problem, ProblemError, invalid
from shopbell_server.web.http.times import millis

if TYPE_CHECKING:
    from shopbell_server.core.ids import PersonId
    from shopbell_server.ports.database import UnitOfWork

MOST_LINES: Final = 2_000
"""A whole trolley has 200; a wholesaler's list ten times that."""

MOST: Final = 10**9
"""Of anything, in any currency: more is a mistake."""

Number = Annotated[Decimal, Field(ge=-MOST, le=MOST, max_digits=18, allow_inf_nan=False)]


class TillLineIn(BaseModel):
    """An article. It is read to tell a repeated receipt from another one, and not kept."""

    sku: Annotated[Text, StringConstraints(max_length=128)] | None = None
    quantity: Number | None = None
    amount: Number | None = None


class TillReceiptIn(BaseModel):
    """A receipt. Of it are kept: its id, store, till and time, and whose card it was, by consent."""

    receipt_id: Id
    """One of its name in all stores, for ever."""
    store: Id
    till: Id
    at: At
    card: Annotated[Text, StringConstraints(min_length=1, max_length=128)] | None = Field(
        default=None, repr=False
    )
    """`card_ref` of the enrolment, or the text of the pass (`SB1.…`). Other cards are nobody's."""
    lines: Annotated[list[TillLineIn], Field(max_length=MOST_LINES)]
    total: Number
    """Below 0 is a return: it converts no visit."""

    def sale(self, secret: str) -> Sale:
        """Return it as the use case takes it; `secret` is the credential that sent it."""
        text = b"shopbell/v1/receipt\n" + self.model_dump_json().encode()
        return Sale(
            receipt=ReceiptId(self.receipt_id),
            store=StoreId(self.store),
            till=self.till,
            at_ms=millis(self.at),
            card=self.card,
            is_return=self.total < 0,
            request_mac=hmac.digest(secret.encode(), text, "sha256"),
        )


class TillReceiptOut(BaseModel):
    """The receipt is taken. A repeated one gets the same answer."""

    receipt_id: str
    joined: bool
    """It belongs to a visit that was known when it came. Otherwise it counts when one is."""


routes: Final = APIRouter(
    prefix="/v1/pos",
    tags=["pos"],
    responses={status: {"model": Problem} for status in (400, 401, 409, 413, 415, 422, 429, 503)},
)


@routes.post(
    "/receipts",
    openapi_extra=DESCRIBED,
    status_code=201,
    response_model=TillReceiptOut,
    responses={403: {"model": Problem, "description": "The API key has not the scope receipts."}},
)
def post_receipt(request: Request, body: TillReceiptIn, caller: ReceiptKey, here: Here) -> Response:
    """Say that something was bought: the visit in which it was is converted, now or once it is known.

    The same receipt may be sent again at any time, with the same key, and counts once.
    """
    sale = body.sale(caller.secret)
    buyer: PersonId | None = None

    def act(work: UnitOfWork) -> bytes | NotBooked:
        nonlocal buyer
        booked = book(work, here.entropy, here.clock.now_ms(), sale=sale, terms=here.site.terms)
        if not isinstance(booked, Booked):
            return booked
        buyer = booked.person
        out = TillReceiptOut(receipt_id=sale.receipt, joined=booked.joined)
        return out.model_dump_json().encode()

    outcome = carry_out(here, request, caller.secret, body, act)
    if isinstance(outcome, NotBooked):
        raise _refused(outcome)
    if buyer is not None:
        here.live.changed(sale.store, [buyer])
    return Response(outcome, 201, media_type="application/json")


def _refused(why: NotBooked) -> ProblemError:
    if why is NotBooked.ANOTHER:
        detail = "Another receipt has this receipt_id, or it was sent with another key."
        return ProblemError(409, "receipt-differs", detail)
    return invalid([_FAULTS[why]])


_FAULTS: Final = {
    NotBooked.UNKNOWN_STORE: Fault(
        field="store", got="a store that is not known here", allowed="the id of a store"
    ),
    NotBooked.FROM_THE_FUTURE: Fault(
        field="at",
        got="a time in the future",
        allowed="at most 5 minutes ahead: set the till's clock",
    ),
}
