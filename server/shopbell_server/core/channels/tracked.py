"""An event of Segment's tracking API, as far as it is looked at here.

Owns: how ids and texts are read, and what is no event.
Never: bytes (`web.systems.tracking`), or what an event means (`allow_list`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, get_args

from shopbell_server.core.channels.own_time import own_time
from shopbell_server.core.identity.identifiers import KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import Millis

Call = Literal["track", "identify", "alias", "group", "page", "screen"]

CALLS: Final[tuple[Call, ...]] = get_args(Call)

MOST_ID: Final = 128
"""Characters of an id. A UUID has 36, an address that is hashed 64."""

MOST_TEXT: Final = 80
"""Characters of a text that staff read: a line of a card."""

MOST_EXTERNAL: Final = 20
"""Ids in one event: more than any profile has of each of five kinds."""


class Dropped(StrEnum):
    """Why of an event nothing is kept. The values are in a metric."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    NOT_ON_THE_LIST = "not_on_the_list"
    INCOMPLETE = "incomplete"
    """On the list, but without the id of what it is about."""
    TIME = "time"
    """Of the future, or so old that it would not be kept any more."""
    UNKNOWN_PERSON = "unknown_person"
    NO_CONSENT = "no_consent"
    NOT_LINKED = "not_linked"
    """A guard refused the identifier, or somebody else has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """One event. Ids are as `id_of` reads them; None: there is none."""

    call: Call
    name: str = ""
    """Of a `track`."""
    message: str
    """By what it is known again: `messageId`, or what stands for it."""
    at_ms: Millis
    user: str | None = field(repr=False)
    previous: str | None = field(repr=False)
    anonymous: str | None = field(repr=False)
    external: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Kind and value of `context.externalIds`."""
    said: Mapping[str, object] = field(repr=False)
    """`traits` of an `identify`, `properties` of a `track`."""


def tracked(
    raw: object, call: Call | None, *, sent: object, received_ms: Millis, stands_for: str
) -> Tracked | Dropped:
    """Return the event in `raw`, or why it is none.

    `call` is what the path says; None: the event says it. `sent` is the `sentAt` of the whole batch.
    `stands_for` is in the place of a `messageId` where there is none.
    """
    if not isinstance(raw, dict):
        return Dropped.MALFORMED
    kind = call or raw.get("type")
    if kind not in CALLS:
        return Dropped.MALFORMED
    context = _object(raw.get("context"))
    name = raw.get("event") if kind == "track" else ""
    if not isinstance(name, str):
        return Dropped.MALFORMED
    at_ms = own_time(
        raw.get("timestamp"), raw.get("originalTimestamp"), raw.get("sentAt") or sent, received_ms
    )
    if at_ms is None:
        return Dropped.TIME
    said = _object(raw.get("traits" if kind == "identify" else "properties"))
    return Tracked(
        call=kind,
        name=name,
        message=id_of(raw.get("messageId")) or stands_for,
        at_ms=at_ms,
        user=id_of(raw.get("userId")),
        previous=id_of(raw.get("previousId")),
        anonymous=id_of(raw.get("anonymousId")),
        external=tuple(_external(context.get("externalIds"))),
        said=said,
    )


def id_of(value: object) -> str | None:
    """Return an id, a text or a whole number; None where there is none that anything could be found by."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if 0 < len(text) <= MOST_ID and text.isprintable() else None


def text_of(value: object) -> str | None:
    """Return a text for staff to read: one line of MOST_TEXT characters, without what cannot be printed."""
    if not isinstance(value, str):
        return None
    line = " ".join(_UNPRINTABLE.sub(" ", value[: 4 * MOST_TEXT]).split())
    clean = "".join(filter(str.isprintable, line))
    return clean[:MOST_TEXT].strip() or None


def _external(value: object) -> list[tuple[str, str]]:
    """Return the ids that Segment's SDKs write as objects with `id` and `type`; others are passed over."""
    found = []
    for each in value[:MOST_EXTERNAL] if isinstance(value, list) else ():
        one = _object(each)
        kind, known = one.get("type"), id_of(one.get("id"))
        if isinstance(kind, str) and KIND.fullmatch(kind) and known is not None:
            found.append((kind, known))
    return found


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
