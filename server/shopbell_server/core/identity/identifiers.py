"""What other systems and devices call a customer.

Owns: how values are written, and which of several of a kind stands for her.
Never: whose a value may be (`guards`), or where it went since (`history`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.ids import LinkId, Millis, ProfileId

KIND: Final = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
"""`loyalty_number`, `email_sha256`, `webshop_id`, `cookie_id`, `crm` …: any word of this form is a kind."""

ENROLMENTS: Final = "enrolment"
"""The kind by which limits speak of phones. They are no identifiers that anybody could say: they enrol."""

HASHES: Final = ("_sha256", "_sha1", "_md5")
"""Kinds whose name ends so hold hashes in hexadecimal: upper and lower case are one."""

EVERY_KIND: Final = "*"
"""In the place of a kind: a value that is nobody's, whatever it is called."""

ANONYMOUS_ID: Final = "anonymous_id"
"""The kind of what Segment's browser library calls a browser. A cookie as any other."""

LOYALTY_NUMBER: Final = "loyalty_number"
"""The kind of the number on a card. Scanners read its digits; people and forms write spaces and dashes."""

Source = Literal["app_ticket", "seed", "operator", "online_channel", "before"]
"""What said that it is hers: the app's backend with a ticket, a seed, an operator, an online channel with a
server key; `before`: it was there before evidence was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An identifier of a profile, and how that is known. Several profiles may have one of the same value."""

    id: LinkId
    kind: str
    value: str = field(repr=False)
    profile: ProfileId
    """Whose it is now."""
    home: ProfileId
    """Of whom it was said: never changes, whatever is merged and split."""
    at_ms: Millis
    """When it was said first."""
    source: Source
    by: str
    """Which of that source: the name of an API key, the id of an operator. Empty where nobody is named."""


def normal(kind: str, value: str) -> str:
    """Return the one way in which `value` is written here, so that the same is found as the same.

    Of every kind: as Unicode's NFKC has it (wide digits are digits, é is one letter however it was typed),
    without spaces around it. Hashes are in small letters and without spaces, a loyalty number is its digits.
    Ids of other systems keep their letters and their inner spaces: only those systems know what these mean.
    EVERY_KIND: as little as two of the same may have in common, without spaces, invisible characters and
    capitals. Letters of one alphabet that look like those of another stay what they are.
    """
    trimmed = unicodedata.normalize("NFKC", value).strip()
    if kind == EVERY_KIND:
        return _folded(trimmed)
    if kind.endswith(HASHES):
        digits = "".join(trimmed.split()).lower()
        small = unicodedata.normalize("NFKC", trimmed.lower())
        return digits if _DIGITS_OF_HASHES.fullmatch(digits) else small
    if kind == LOYALTY_NUMBER:
        grouped = _GROUPED_DIGITS.fullmatch(trimmed)
        return trimmed if grouped is None else re.sub(r"[ -]", "", trimmed)
    return trimmed


def primary(links: Iterable[Link]) -> dict[str, str]:
    """Return, by kind, the value that stands for a profile where only one can: to a sink, in an export.

    Of `links`, all of one profile, its own go before those that a merge or a split brought, and what was said
    last goes before what was said earlier. So a merge changes nothing of what the profile was called before.
    """
    ranked = sorted(links, key=lambda link: (link.home == link.profile, link.at_ms, link.id))
    return {link.kind: link.value for link in ranked}


def _folded(text: str) -> str:
    # Again: what is left out may let its neighbours become one letter, and that has another small form.
    for _ in range(3):
        seen = (each for each in text if not each.isspace() and unicodedata.category(each) != "Cf")
        text = unicodedata.normalize("NFKC", "".join(seen).casefold())
    return text


_DIGITS_OF_HASHES: Final = re.compile(r"[0-9a-f]*")
_GROUPED_DIGITS: Final = re.compile(r"[0-9](?:[ -]*[0-9])*", re.ASCII)
