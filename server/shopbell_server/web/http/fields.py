"""Kinds of fields that bodies of several routes have.

Owns: their form and limits.
Never: what they mean.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _printable(text: str) -> str:
    """Refuse what is no text: control characters, and what turns the direction of a whole line."""
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in text):
        raise ValueError("must have no control or formatting characters")
    return text


def _written_out(value: object) -> object:
    """Refuse numbers, which would be taken for seconds or milliseconds, and dates without a time."""
    if not isinstance(value, str) or _RFC_3339.fullmatch(value) is None:
        raise ValueError("must be a time with its zone, as 2026-11-21T14:02:11+01:00")
    return value


Text = Annotated[str, AfterValidator(_printable)]
Id = Annotated[
    Text, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\s/](.*[^\s/])?$")
]
Name = Annotated[Text, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
"""BCP 47, as far as apps use it."""

At = Annotated[AwareDatetime, BeforeValidator(_written_out)]
