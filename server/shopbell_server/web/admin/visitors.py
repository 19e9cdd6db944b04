"""Who opens operators' pages, and how a page is made for them.

Owns: who gets in, the frame of every page, and the name by which a form is carried out once.
Never: what a page shows.

Operators see and act; auditors see. For everybody else there are no such pages. Whoever is not signed in is
led to the door.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Request

from shopbell_server.core.access.credentials import id_of
from shopbell_server.core.audit.chain import Actor
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.access.who import Here, PerhapsSignedIn  # noqa: TC001  (FastAPI reads them)
from shopbell_server.web.admin.moments import Moments
from shopbell_server.web.http.forms import fields_of
from shopbell_server.web.http.problems import Fault, ProblemError, invalid, not_found
from shopbell_server.web.http.rendering import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Response

    from shopbell_server.catalogues import Voice
    from shopbell_server.core.registry import Staff
    from shopbell_server.web.services import Services

_READERS: Final = frozenset({"operator", "auditor"})

ONCE_BYTES: Final = 16
"""As random as an Idempotency-Key that a client draws."""

ONCE: Final = "once"
"""The field of a form that holds its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who may read operators' pages."""

    staff: Staff
    secret: str = field(repr=False)
    voice: Voice
    now: Moments

    @property
    def may_act(self) -> bool:
        """Return whether they may change something: operators, not auditors."""
        return self.staff.role == "operator"

    @property
    def actor(self) -> Actor:
        """Return as whom the audit knows them."""
        credential = id_of(self.secret)
        return Actor(kind="staff", name=self.staff.id, role=self.staff.role, credential=credential)


def visitor(request: Request, here: Here, found: PerhapsSignedIn) -> Visitor:
    """Let operators and auditors in."""
    if found is None:
        headers = {"Location": "/login?next=/admin"}
        raise ProblemError(303, "not-signed-in", "Sign in at /login.", headers=headers)
    if found.role not in _READERS:
        raise not_found("page")
    voice = here.catalogues.voice(found.language)
    return Visitor(
        staff=found,
        secret=STAFF_COOKIE.secret(request),
        voice=voice,
        now=Moments(voice, here.clock.now_ms()),
    )


def acting(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """Let operators in who change something."""
    if not found.may_act:
        detail = f"This is for operators; you are signed in as {found.staff.role}."
        raise ProblemError(403, "not-an-operator", detail)
    return found


Reading = Annotated[Visitor, Depends(visitor)]
Acting = Annotated[Visitor, Depends(acting)]


def page(
    request: Request,
    here: Services,
    found: Visitor,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> Response:
    """Return a page of operators."""
    frame = {
        "staff": found.staff,
        "may_act": found.may_act,
        "now": found.now,
        "once": here.entropy.token(ONCE_BYTES).hex(),
        "demo": here.site.demo,
    }
    return render(request, found.voice, template, {**frame, **context}, status)


def form_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form. Raises ProblemError for what is none."""
    try:
        return fields_of(body)
    except ValueError:
        raise not_as_described("body") from None


def not_as_described(name: str) -> ProblemError:
    """Return the answer to a form that no page of ours sends."""
    return invalid([Fault(field=name, got="something else", allowed="what the page offers")])
