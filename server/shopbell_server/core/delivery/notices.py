"""What somebody's phones are told that did not happen on them.

Owns: which notices there are, what they say, and how long they wait to be read.
Never: anything about another person. In a household several people share a profile: a notice says that a
phone was added to it, and neither whose nor anything that would tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from shopbell_server.core.ids import PersonId

KIND: Final = "device_added"
"""The only kind yet: another phone was enrolled for the same profile."""

KEPT_MS: Final = 30 * 86_400_000
"""A phone fetches tokens every other day. One that lies in a drawer for a month has nobody who reads it."""

HOUR_MS: Final = 3_600_000
"""The time of a notice is that of the hour: enough to ask oneself "was that me?"."""

PhoneClass = Literal["iphone", "android", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That a phone was added. `at_ms` is the hour, `person` who is told."""

    id: str
    person: PersonId
    at_ms: Millis
    phone: PhoneClass
    expires_ms: Millis
    read_ms: Millis | None = None
    """When one of her phones said that it showed this to her. Her page goes on showing it."""


def phone_class(model: str | None) -> PhoneClass:
    """Return of which of the two kinds a phone is that calls itself `model`; no model says whose it is."""
    if model is None:
        return "unknown"
    return "iphone" if model.lower().startswith(("iphone", "ipad", "ipod")) else "android"


def device_added(notice: str, to: PersonId, model: str | None, at_ms: Millis) -> Notice:
    """Return what the phone of `to` is told when another one, of `model`, is enrolled at `at_ms`."""
    return Notice(
        id=notice,
        person=to,
        at_ms=Millis(at_ms - at_ms % HOUR_MS),
        phone=phone_class(model),
        expires_ms=Millis(at_ms + KEPT_MS),
    )
