"""Keys that a scanner pretends to press become the characters that it means.

Owns: the US layout, by the key codes of the kernel (input-event-codes.h); shift and caps lock.
Never: a device. A scanner must be set to a US keyboard, which is how each leaves its factory.
"""

from __future__ import annotations

from typing import Final

from shopbell_edge.core.scanned_line import TORN

SPOILS: Final = "\0"
"""Stands for a key that makes no printable character: the line in which it is held is no code."""

EV_SYN: Final = 0
EV_KEY: Final = 1
_SYN_REPORT: Final = 0
_SYN_DROPPED: Final = 3
"""The kernel's buffer ran over: what follows, up to the next report, is not whole."""

_UP, _DOWN = 0, 1
"""A third value is the kernel's repetition of a key that is held; a scanner means it once."""

KEY_ENTER: Final = 28
_KEYPAD_ENTER: Final = 96
_SHIFTS: Final = frozenset({42, 54})
_STEERING: Final = frozenset({29, 97, 56, 100, 125, 126})
"""Ctrl, Alt and Meta, left and right. With one of them held no key makes a character: that is how scanners
send Ctrl-O, or Alt and digits for letters that the layout lacks."""
_CAPS_LOCK: Final = 58
_SILENT: Final = frozenset({69, 70})
"""Num lock and scroll lock: some scanners press them around a code, and they write nothing."""

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (55, "*", "*"),
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),
    (98, "/", "/"),
    (117, "=", "="),
)
"""The first key code of a run, then what the keys write without and with shift."""

_PLAIN: Final = {
    first + at: character for first, row, _ in _ROWS for at, character in enumerate(row)
}
_SHIFTED: Final = {
    first + at: character for first, _, row in _ROWS for at, character in enumerate(row)
}

DIGIT_KEYS: Final = tuple(range(2, 12))
"""The row above the letters: what has them and Enter can write a code."""


class KeyEvents:
    """One scanner's keys: which are held, and whether caps lock is on. Caps lock starts off."""

    __slots__ = ("_caps", "_held", "_torn")

    def __init__(self) -> None:
        self._caps = False
        self._held: set[int] = set()
        self._torn = False

    def take(self, kind: int, code: int, value: int) -> str:
        """Return what one event of the kernel writes: a character, a line's end, SPOILS, TORN, or nothing."""
        if kind == EV_SYN:
            return self._sync(code)
        if kind != EV_KEY or self._torn:
            return ""
        if code in _SHIFTS or code in _STEERING:
            if value == _UP:
                self._held.discard(code)
            else:
                self._held.add(code)
            return ""
        if value != _DOWN or code in _SILENT:
            return ""
        if code == _CAPS_LOCK:
            self._caps = not self._caps
            return ""
        return self._character(code)

    def _sync(self, code: int) -> str:
        if code == _SYN_REPORT:
            self._torn = False
        if code != _SYN_DROPPED:
            return ""
        self._torn = True
        self._held.clear()
        self._caps = False
        return TORN

    def _character(self, code: int) -> str:
        if self._held & _STEERING:
            return SPOILS
        if code in (KEY_ENTER, _KEYPAD_ENTER):
            return "\r"
        character = _PLAIN.get(code, SPOILS)
        shifted = bool(self._held & _SHIFTS)
        if self._caps and character.isalpha():
            shifted = not shifted
        return _SHIFTED[code] if shifted and character != SPOILS else character
