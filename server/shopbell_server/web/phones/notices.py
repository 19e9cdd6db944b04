"""`DELETE /v1/app/notices/{id}`: a phone showed what it was told; and the form of a notice."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from shopbell_server.core.delivery.notices import KIND, PhoneClass
from shopbell_server.usecases.customers.notices import NotRead, mark_read
from shopbell_server.web.access.who import Here, OwnPhone
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.problems import Problem, must_be_an_id, not_found
from shopbell_server.web.http.times import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.delivery.notices import Notice
    from shopbell_server.ports.database import UnitOfWork

PROBLEMS: Final[dict[int | str, dict[str, object]]] = {
    status: {"model": Problem} for status in (401, 404, 409, 429, 503)
}

routes: Final = APIRouter(prefix="/v1/app/notices", tags=["app"], responses=PROBLEMS)


class NoticeOut(BaseModel):
    """Another phone was enrolled for the same customer. Show it to her, then DELETE it."""

    notice_id: str
    kind: Literal["device_added"] = KIND
    at: datetime
    """The hour in which it was."""
    phone: PhoneClass


@routes.delete("/{notice_id}", openapi_extra=DESCRIBED, status_code=204, response_class=Response)
def delete_notice(request: Request, notice_id: str, found: OwnPhone, here: Here) -> Response:
    """Say that this notice was shown: it does not come again. Asking again is fine."""
    must_be_an_id(notice_id, "notice")

    def act(work: UnitOfWork) -> bytes | NotRead:
        person = found.enrolment.person
        return mark_read(work, here.clock.now_ms(), person=person, notice=notice_id) or b""

    if isinstance(carry_out(here, request, found.secret, None, act), NotRead):
        raise not_found("notice")
    return Response(status_code=204)


def notices_out(notices: Sequence[Notice]) -> list[NoticeOut]:
    """Return notices as they leave."""
    return [
        NoticeOut(notice_id=each.id, at=moment(each.at_ms), phone=each.phone) for each in notices
    ]
