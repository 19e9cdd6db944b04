"""Is this JSON that every consumer reads alike? Asked of whatever our own encoder did not write.

Owns: depth, duplicate names, numbers, texts and encoding, in unknown fields as well as in known ones.
Never: fields. Which message it is, and whether its shape is right, is decided by the codec.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Final

from shopbell_wire.malformed import MalformedError, Reason
from shopbell_wire.messages import MAX_COUNT, MAX_TEXT

MAX_DEPTH: Final = 8
"""Containers within containers. The deepest of ours, a loss in an event, is the fourth: as many again
for what later versions add."""

_INTEGER_CHARS: Final = len(str(-MAX_COUNT))
"""Longer ones are out of range unread: parsing digits takes time that grows with their square."""

_BRACKET: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|([\[{])|([\]}])', re.DOTALL)
"""A bracket, or a whole string so that its brackets do not count. The closing quote is optional and
the repetitions never give back, so the time is linear in any text."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")

_OUR_NAME: Final = re.compile(r"[a-z][a-z_]{0,30}[0-9]{0,2}")
"""What a field of ours looks like, and a token, a number or somebody's name rarely does."""


def check(payload: bytes) -> None:
    """Return if `payload` is sound JSON, or raise MalformedError with where the first flaw is.

    Linear in time, whatever the bytes, and never deeper than MAX_DEPTH calls; the caller bounds the size.
    """
    text = _decoded(payload)
    _check_depth(text)
    flaw = _flaw(_parsed(text))
    if flaw is not None:
        raise MalformedError(flaw.reason, f"{flaw.what} at ${flaw.path}")


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        at = error.start
    # Raised out here, so that the error that holds the payload is not chained to ours.
    raise MalformedError("not_utf8", f"byte {at} is not UTF-8; messages are plain UTF-8 JSON")


def _check_depth(text: str) -> None:
    """Come before the parser, which would go as deep as the text does."""
    depth = 0
    for token in _BRACKET.finditer(text):
        opening, closing = token.groups()
        if opening:
            depth += 1
            if depth > MAX_DEPTH:
                at = token.start()
                raise MalformedError("too_deep", f"deeper than {MAX_DEPTH} at character {at}")
        elif closing:
            depth -= 1


def _integer(digits: str) -> float:
    if len(digits) > _INTEGER_CHARS or abs(number := int(digits)) > MAX_COUNT:
        return math.inf
    return number


def _not_a_number(_name: str) -> float:
    return math.nan


_parser: Final = json.JSONDecoder(
    object_pairs_hook=tuple,  # keeps duplicates; arrays stay lists
    parse_int=_integer,
    parse_constant=_not_a_number,
)


def _parsed(text: str) -> object:
    try:
        return _parser.decode(text)
    except json.JSONDecodeError as error:
        at = error.pos
    raise MalformedError("not_json", f"not JSON from character {at} on")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flaw:
    reason: Reason
    what: str
    path: str = ""

    def within(self, step: str) -> _Flaw:
        return replace(self, path=step + self.path)


def _flaw(value: object) -> _Flaw | None:
    if isinstance(value, str):
        return _flaw_of_text(value)
    if isinstance(value, tuple):
        return _flaw_of_object(value)
    if isinstance(value, list):
        for index, item in enumerate(value):
            if (flaw := _flaw(item)) is not None:
                return flaw.within(f"[{index}]")
    if isinstance(value, float) and not math.isfinite(value):
        return _Flaw(reason="number", what=f"not finite, or an integer beyond ±{MAX_COUNT}")
    return None


def _flaw_of_object(members: tuple[tuple[str, object], ...]) -> _Flaw | None:
    seen: set[str] = set()
    for name, value in members:
        if (flaw := _flaw_of_text(name)) is not None:
            return flaw
        if name in seen:
            return _Flaw(reason="duplicate_key", what="one name twice in the object")
        seen.add(name)
        if (flaw := _flaw(value)) is not None:
            # An unknown field's name might be content.
            return flaw.within(f".{name}" if _OUR_NAME.fullmatch(name) else ".*")
    return None


def _flaw_of_text(text: str) -> _Flaw | None:
    if len(text) > MAX_TEXT:
        return _Flaw(
            reason="too_long", what=f"a text of {len(text)} characters, at most {MAX_TEXT}"
        )
    if "\0" in text:
        return _Flaw(reason="nul", what="U+0000, which databases cannot store,")
    if not text.isascii() and _SURROGATE.search(text):
        return _Flaw(reason="surrogate", what="half a surrogate pair")
    return None
