"""Tokens: what a phone puts on the air, and whom it means.

Owns: making tokens for a device number, and reading them back.
Never: whether the device exists, was issued that token, and has consented. The caller knows, and
must ask: for a random id32 there is always a candidate.

Whoever holds no day key learns nothing from a token. Keys come in, and nothing here keeps them longer
than the ring that was made of them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import DeviceNo, Window
from shopbell_server.core.recognition.ff1 import BinaryFf1
from shopbell_server.core.token_windows import day_of_window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shopbell_server.core.ids import Day
    from shopbell_server.core.recognition.ff1 import Encrypt

MakeAes = Callable[[bytes], "Encrypt"]
"""Makes the AES function of a key (`shopbell_server.crypto.aes_block`)."""

DAY_KEY_BYTES: Final = 32
TOKEN_KEY_BYTES: Final = 16
"""AES-128: fastest, and a day's key is worth nothing after fifteen days."""

ID32_DIGITS: Final = 8
ID64_DIGITS: Final = 16
"""Hexadecimal, as tokens are written on the wire."""


class NoDayKeyError(LookupError):
    """The day has no key: the job that makes them has not run. Issue nothing and tell the operator."""


@dataclass(frozen=True, slots=True)
class DayCiphers:
    """What makes and reads the tokens of one day."""

    id32: BinaryFf1
    id64: BinaryFf1


Asked = tuple[str, "Sequence[int]"]
"""A token (id32 or id64, lower-case hexadecimal), and the windows for which it may have been made, the
likeliest first: `token_windows.candidate_windows` of when it was heard, or `trial_windows` for an id64
of which nobody knows when. An id32 would mean 96 people then, which is nobody."""

KeyRing = Mapping["Day", DayCiphers]
"""The ciphers of every day whose key exists: 15 at most, about 1 KB each.

When a key is made or destroyed, make a new ring and let go of the old one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a phone sends in one window; lower-case hexadecimal. `id32` is major << 16 | minor."""

    window: Window
    id32: str = field(repr=False)  # so that no traceback shows a token
    id64: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Whom a token means if it was made for that window."""

    device_no: DeviceNo
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The token means this device and no other."""

    candidate: Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """The token may mean either: hold it until a later token or a code decides, never guess."""

    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Nobody:
    """The token means nobody we may know: forget it."""


Resolution = Resolved | Ambiguous | Nobody


def key_ring(day_keys: Mapping[Day, bytes], aes: MakeAes) -> KeyRing:
    """Return the ring of these keys (DAY_KEY_BYTES each). Belongs to one thread at a time, as AES does."""
    return {day: _ciphers(key, aes) for day, key in day_keys.items()}


def issue(ring: KeyRing, device_no: DeviceNo, windows: Iterable[int]) -> list[Token]:
    """Return the tokens of a device (1 <= device_no < 2**32) for `windows`, in their order.

    Raises NoDayKeyError where a window's day has no key.
    """
    if not 0 < device_no <= _LOW_32:
        raise ValueError("a device number has 32 bits and is not zero")
    wanted = [Window(window) for window in windows]
    days: dict[Day, list[Window]] = {}
    for window in wanted:
        days.setdefault(day_of_window(window), []).append(window)
    tokens: dict[Window, Token] = {}
    for day, of_day in days.items():
        ciphers = ring.get(day)
        if ciphers is None:
            raise NoDayKeyError(f"no key for day {day}: run the job that makes them")
        id32s = ciphers.id32.encrypt(of_day, [device_no] * len(of_day))
        id64s = ciphers.id64.encrypt(of_day, [device_no << 32] * len(of_day))
        for window, id32, id64 in zip(of_day, id32s, id64s, strict=True):
            tokens[window] = Token(window=window, id32=f"{id32:08x}", id64=f"{id64:016x}")
    return [tokens[window] for window in wanted]


def read(ring: KeyRing, asked: Sequence[Asked]) -> list[tuple[Candidate, ...]]:
    """Return of each token whom it may mean, in the order of its windows.

    For an id64 of ours one candidate, for any other none (chance: 2**-32 per window). For an id32
    one per window, always: accept only devices that exist, were issued tokens for that window and
    have consented, and put what is left to `decide`. Nothing where the day's key is gone.

    All of one kind, time and day are decrypted at once: some 3 µs for each of a thousand.
    """
    alike: dict[tuple[Sequence[int], int], list[int]] = {}
    for place, (token, windows) in enumerate(asked):
        alike.setdefault((windows, len(token)), []).append(place)
    found: list[tuple[Candidate, ...]] = [()] * len(asked)
    for (windows, digits), places in alike.items():
        if digits not in _DIGITS:
            continue
        values = [int(asked[place][0], 16) for place in places]
        for window, device_nos in _decrypted(ring, digits, windows, values):
            for place, device_no in zip(places, device_nos, strict=True):
                if device_no:
                    found[place] += (Candidate(device_no=DeviceNo(device_no), window=window),)
    return found


def decide(accepted: Sequence[Candidate]) -> Resolution:
    """Return what follows from the candidates that the caller found to be issued and consented.

    Two windows of one device are no contradiction: the likeliest window (the first) is hers.
    """
    if not accepted:
        return Nobody()
    if len({candidate.device_no for candidate in accepted}) > 1:
        return Ambiguous(candidates=tuple(accepted))
    return Resolved(candidate=accepted[0])


def _by_day(windows: Iterable[int]) -> Iterable[list[Window]]:
    """Return the windows by the day whose key made their tokens, in their order."""
    days: dict[Day, list[Window]] = {}
    for window in map(Window, windows):
        days.setdefault(day_of_window(window), []).append(window)
    return days.values()


def _decrypted(
    ring: KeyRing, digits: int, windows: Iterable[int], values: Sequence[int]
) -> Iterator[tuple[Window, Sequence[int]]]:
    """Yield each window whose day has a key, and the device number that each value would mean, 0 for none."""
    count = len(values)
    for of_day in _by_day(windows):
        ciphers = ring.get(day_of_window(of_day[0]))
        if ciphers is None:
            continue
        cipher = ciphers.id32 if digits == ID32_DIGITS else ciphers.id64
        tweaks = [window for window in of_day for _ in range(count)]
        plain: Sequence[int] = cipher.decrypt(tweaks, list(values) * len(of_day))
        if digits == ID64_DIGITS:
            plain = [0 if each & _LOW_32 else each >> 32 for each in plain]
        for place, window in enumerate(of_day):
            yield window, plain[place * count : (place + 1) * count]


def _ciphers(day_key: bytes, aes: MakeAes) -> DayCiphers:
    if len(day_key) != DAY_KEY_BYTES:
        raise ValueError(f"a day key has {DAY_KEY_BYTES} bytes, not {len(day_key)}")
    return DayCiphers(
        id32=BinaryFf1(aes(_hkdf(day_key, b"shopbell/v1/id32")), 16),
        id64=BinaryFf1(aes(_hkdf(day_key, b"shopbell/v1/id64")), 32),
    )


def _hkdf(key: bytes, info: bytes) -> bytes:
    """Return HKDF-SHA256 (RFC 5869) without salt, one block of output cut to TOKEN_KEY_BYTES."""
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")[:TOKEN_KEY_BYTES]


_LOW_32: Final = 2**32 - 1

_DIGITS: Final = frozenset({ID32_DIGITS, ID64_DIGITS})
