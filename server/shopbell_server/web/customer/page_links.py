"""`/v1/app/me-link`: the app opens the customer's page in a browser.

Owns: what is asked and answered.
Never: the page (`me_pages`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from shopbell_server.usecases.customers.customer_page import make_page_link
from shopbell_server.web.access.customers import own_address
from shopbell_server.web.access.who import Here, OwnPhone
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.times import moment
from shopbell_server.web.phones.enrolling import PROBLEMS

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork

routes: Final = APIRouter(prefix="/v1/app", tags=["app"], responses=PROBLEMS)

ENTRANCE: Final = "/me/enter"
"""The page that a link leads to. The secret stands behind a `#`, which browsers keep to themselves: so it is
in no log of ours or of a proxy, and in no Referer."""


class PageLinkOut(BaseModel):
    """Opens her page once. Hand `url` to the system's browser."""

    url: str
    expires_at: datetime


@routes.post("/me-link", openapi_extra=DESCRIBED, status_code=201, response_model=PageLinkOut)
def post_me_link(request: Request, found: OwnPhone, here: Here) -> Response:
    """Make a link to the customer's own page: one use, five minutes.

    Looking at it does not use it up, only the button of the page that it opens: previews harm nothing.
    """

    def act(work: UnitOfWork) -> bytes:
        link = make_page_link(work, here.entropy, here.clock.now_ms(), found.enrolment.person)
        out = PageLinkOut(
            url=f"{own_address(request, here.site.origin)}{ENTRANCE}#{link.secret}",
            expires_at=moment(link.expires_ms),
        )
        return out.model_dump_json().encode()

    answer = carry_out(here, request, found.secret, None, act)
    return Response(answer, 201, media_type="application/json")
