"""A keyboard with a US layout, as a scanner pretends to be one: text becomes the kernel's events.

The layout is written down here once more, from a keyboard and not from the code under test.
"""

from __future__ import annotations

EV_SYN, EV_KEY = 0, 1
LEFT_SHIFT, ENTER, CTRL = 42, 28, 29

_KEYS = {
    "1!": 2, "2@": 3, "3#": 4, "4$": 5, "5%": 6, "6^": 7, "7&": 8, "8*": 9, "9(": 10, "0)": 11,
    "-_": 12, "=+": 13, "qQ": 16, "wW": 17, "eE": 18, "rR": 19, "tT": 20, "yY": 21, "uU": 22,
    "iI": 23, "oO": 24, "pP": 25, "[{": 26, "]}": 27, "aA": 30, "sS": 31, "dD": 32, "fF": 33,
    "gG": 34, "hH": 35, "jJ": 36, "kK": 37, "lL": 38, ";:": 39, "'\"": 40, "`~": 41, "\\|": 43,
    "zZ": 44, "xX": 45, "cC": 46, "vV": 47, "bB": 48, "nN": 49, "mM": 50, ",<": 51, ".>": 52,
    "/?": 53, "  ": 57,
}  # fmt: skip
PLAIN = {pair[0]: code for pair, code in _KEYS.items()}
SHIFTED = {pair[1]: code for pair, code in _KEYS.items()}

Event = tuple[int, int, int]


def press(code: int) -> tuple[Event, ...]:
    """Return what one press of a key sends."""
    return ((EV_KEY, code, 1), (EV_SYN, 0, 0), (EV_KEY, code, 0), (EV_SYN, 0, 0))


def events_of(text: str) -> list[Event]:
    """Return what a scanner sends for `text`: Enter for CR, Ctrl and a letter for 0x01 to 0x1a."""
    events: list[Event] = []
    for character in text:
        if character == "\r":
            events += press(ENTER)
        elif character in PLAIN:
            events += press(PLAIN[character])
        elif character in SHIFTED:
            events += [(EV_KEY, LEFT_SHIFT, 1), *press(SHIFTED[character]), (EV_KEY, LEFT_SHIFT, 0)]
        else:
            letter = PLAIN[chr(ord(character) + 0x60)]
            events += [(EV_KEY, CTRL, 1), *press(letter), (EV_KEY, CTRL, 0)]
    return events
