"""How staff call a customer whom they may not name: "Guest 12 ◆ blue".

Owns: shapes, colours, their words in English; whoever says them translates them.
Never: anything about the person. A handle is made of a small number that the store hands out, so it
says nothing about her and is another one next time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.language import N_

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.language import Speech

Shape = Literal["diamond", "circle", "square", "triangle", "star"]
Colour = Literal["blue", "orange", "green", "purple", "yellow", "red", "grey"]

LAST_NUMBER: Final = 99
"""Two digits are said and remembered easily, and a store rarely has a hundred known guests at once."""

_SHAPES: Final[tuple[tuple[Shape, str], ...]] = (
    ("square", "■"),
    ("triangle", "▲"),
    ("diamond", "◆"),
    ("circle", "●"),
    ("star", "★"),
)

_COLOURS: Final[tuple[tuple[Colour, str], ...]] = (
    ("orange", N_("orange")),
    ("green", N_("green")),
    ("purple", N_("purple")),
    ("yellow", N_("yellow")),
    ("red", N_("red")),
    ("blue", N_("blue")),
    ("grey", N_("grey")),
)
"""Seven, because 7 and the 5 shapes share no factor: 35 numbers in a row all look different."""

_COLOUR_WORDS: Final = dict(_COLOURS)

_WORDS: Final = N_("Guest {number} {sign} {colour}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """What the board and her own page show. Number and shape tell handles apart without the colour."""

    number: int
    shape: Shape
    sign: str
    """The shape as one character, drawn in the colour."""
    colour: Colour

    def words(self, speech: Speech) -> str:
        """Return the handle as people say it: "Gast 12 ◆ blauw" or "Guest 12 ◆ blue"."""
        return speech.gettext(_WORDS).format(
            number=self.number, sign=self.sign, colour=speech.gettext(_COLOUR_WORDS[self.colour])
        )


def handle(number: int) -> Handle:
    """Return the handle of `number` (1-99), always the same one.

    35 numbers that follow one another differ in shape or colour; neighbours differ in both.
    """
    if not 1 <= number <= LAST_NUMBER:
        raise ValueError(f"handles are numbered 1 to {LAST_NUMBER}")
    shape, sign = _SHAPES[number % len(_SHAPES)]
    colour, _ = _COLOURS[number % len(_COLOURS)]
    return Handle(number=number, shape=shape, sign=sign, colour=colour)


def next_number(taken: Collection[int], previous: int) -> int | None:
    """Return the number to give next in a store: the first free one after `previous`, going round.

    So a number that somebody just had is given again as late as can be. None when all 99 are taken.
    """
    for step in range(LAST_NUMBER):
        number = (previous + step) % LAST_NUMBER + 1
        if number not in taken:
            return number
    return None
