"""Who does an operator's work: somebody of the staff, or a system with an API key.

Owns: which credentials the routes of operators take, and as whom what they do is written down.
Never: what the routes do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import Depends, Request

from shopbell_server.core.access.api_keys import Scope
from shopbell_server.core.access.credentials import id_of
from shopbell_server.core.audit.chain import Actor
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.access.who import (
    Buckets,
    Caller,
    Here,
    PerhapsSignedIn,
    caller_or_staff,
    own_page,
)
from shopbell_server.web.http.problems import ProblemError

if TYPE_CHECKING:
    from shopbell_server.core.registry import Staff
    from shopbell_server.web.http.limits import Limits
    from shopbell_server.web.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class InCharge:
    """Who does an operator's work: `secret` is what they presented."""

    actor: Actor
    viewer: Literal["operator", "system"]
    """As whom they see customers (`core.board.disclosure`)."""
    secret: str = field(repr=False)


def operator(request: Request, here: Here, buckets: Buckets, found: PerhapsSignedIn) -> InCharge:
    """Let operators in, and API keys with the scope `identity`."""
    return _in_charge(request, here, buckets, found, Scope.IDENTITY)


def profile_reader(
    request: Request, here: Here, buckets: Buckets, found: PerhapsSignedIn
) -> InCharge:
    """Let operators in, and API keys with the scope `profiles`."""
    return _in_charge(request, here, buckets, found, Scope.PROFILES)


def sink_keeper(request: Request, here: Here, buckets: Buckets, found: PerhapsSignedIn) -> InCharge:
    """Let operators in, and API keys with the scope `sinks`."""
    return _in_charge(request, here, buckets, found, Scope.SINKS)


Operator = Annotated[InCharge, Depends(operator)]
ProfileReader = Annotated[InCharge, Depends(profile_reader)]
SinkKeeper = Annotated[InCharge, Depends(sink_keeper)]


def _in_charge(
    request: Request, here: Services, buckets: Limits, found: Staff | None, scope: Scope
) -> InCharge:
    asks = caller_or_staff(request, here, buckets, found, scope)
    if isinstance(asks, Caller):
        actor = Actor(kind="system", name=asks.name, credential=id_of(asks.secret))
        return InCharge(actor=actor, viewer="system", secret=asks.secret)
    if asks.role != "operator":
        detail = f"This is for operators; you are signed in as {asks.role}."
        raise ProblemError(403, "not-an-operator", detail)
    if request.method not in {"GET", "HEAD"}:
        own_page(request, here)
    secret = STAFF_COOKIE.secret(request)
    actor = Actor(kind="staff", name=asks.id, role=asks.role, credential=id_of(secret))
    return InCharge(actor=actor, viewer="operator", secret=secret)
