"""Loyalty numbers: claims that anybody can make, opened, and bounded so that nobody can try them all.

Owns: what a sealed number is bound to, what counts as one, and how many unknown ones a scanner may read.
Never: a cipher or a key (handed in), or whose number it is.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis

OpenSealed = Callable[[bytes, bytes, bytes], "bytes | None"]
"""(sealed, info, aad) → what was sealed, None if that cannot be opened (`shopbell_program.hpke`)."""

INFO: Final = b"shopbell/number/1"
"""What the sealed bytes are, as edges say: nothing else under the key can be taken for a number."""

MOST_UNKNOWN: Final = 10
"""Unknown numbers a minute and scanner: a till reads a few wrong ones, who reads more is trying."""

MINUTE_MS: Final = 60_000
"""Over which unknown numbers are counted, and for how long a scanner is not believed after that."""

_NUMBER: Final = re.compile(r"[0-9A-Za-z]{1,40}", re.ASCII)
"""What an edge reads (its configuration's limit is 40)."""


def opened(sealed: str, tenant: str, edge: str, open_sealed: OpenSealed) -> str | None:
    """Return the number in the wire's `sealed`; None if it was not sealed to us by that edge.

    `tenant` and `edge` are those of the topic, so that no edge can pass on what another one read.
    """
    try:
        plain = open_sealed(b64decode(sealed, validate=True), INFO, f"{tenant}/{edge}".encode())
        number = "" if plain is None else plain.decode("ascii")
    except ValueError:
        return None
    return number if _NUMBER.fullmatch(number) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """Unknown numbers that one scanner read lately, oldest first, and until when it is not believed."""

    unknown_ms: tuple[Millis, ...] = ()
    refused_until_ms: int = 0


def is_refused(guesses: Guesses, at_ms: Millis) -> bool:
    """Return whether a number read at `at_ms` is not even looked up."""
    return guesses.refused_until_ms - MINUTE_MS <= at_ms < guesses.refused_until_ms


def with_unknown(guesses: Guesses, at_ms: Millis) -> Guesses:
    """Return what follows from one more unknown number, read at `at_ms`, in whatever order they come."""
    times = sorted((*guesses.unknown_ms, at_ms))[-MOST_UNKNOWN:]
    if len(times) == MOST_UNKNOWN and times[-1] - times[0] < MINUTE_MS:
        # Counting begins anew after the minute.
        return Guesses(refused_until_ms=times[-1] + 1 + MINUTE_MS)
    return Guesses(unknown_ms=tuple(times), refused_until_ms=guesses.refused_until_ms)
