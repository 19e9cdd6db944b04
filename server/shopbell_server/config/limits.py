"""Settings of how often each credential may ask. Owns: the table [limits], and what can be wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_program.settings import Fault
from shopbell_server.core.access.allowance import Allowance
from shopbell_server.core.access.request_limits import STANDARD, Allowances, Limit, out_of_bounds

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rate(Struct, frozen=True, kw_only=True):
    """So many requests at once, and so many in the long run."""

    at_once: Annotated[int, Meta(ge=1)]
    per_minute: Annotated[int, Meta(ge=1)]


def _standard(limit: Limit) -> Rate:
    allowance = STANDARD[limit]
    return Rate(at_once=allowance.burst, per_minute=int(allowance.per_minute))


class Limits(Struct, frozen=True, kw_only=True):
    """Beyond it the answer is 429, with Retry-After. Of one process each, but `password`: that is of all.

    What each is for, and the arithmetic of its standard: `core.access.request_limits`.
    """

    api_key: Rate = _standard(Limit.API_KEY)
    device: Rate = _standard(Limit.DEVICE)
    presence: Rate = _standard(Limit.PRESENCE)
    ticket: Rate = _standard(Limit.TICKET)
    staff: Rate = _standard(Limit.STAFF)
    customer: Rate = _standard(Limit.CUSTOMER)
    password: Rate = _standard(Limit.PASSWORD)
    refused: Rate = _standard(Limit.REFUSED)
    strangers: Rate = _standard(Limit.STRANGERS)


def allowances(limits: Limits) -> Allowances:
    """Return what each kind of credential is granted."""
    return Allowances({limit: _allowance(getattr(limits, limit)) for limit in Limit})


def faults_of_limits(limits: Limits) -> Iterator[Fault]:
    """Yield which are so small that honest people are refused, or so large that they limit nothing."""
    for limit, allowance in allowances(limits).items():
        problem = out_of_bounds(limit, allowance)
        if problem is not None:
            yield Fault(key=f"limits.{limit}", problem=problem)


def _allowance(rate: Rate) -> Allowance:
    return Allowance(burst=rate.at_once, per_minute=rate.per_minute)
