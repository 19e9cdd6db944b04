"""Format-preserving encryption FF1 (NIST SP 800-38G): a permutation of short numbers under a key.

Owns: the algorithm, for any radix, and a fast form for many numbers of an even number of binary digits.
Never: the block cipher itself. AES is handed in as a function, so that no library is needed here.

Format-preserving, because a token on the air has 32 or 64 bits and no room for more; a permutation,
because then two devices never share a token.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Encrypt = Callable[[bytes], bytes]
"""The forward block cipher under one key: any number of blocks, each on its own (16 bytes to 16 bytes)."""

ROUNDS: Final = 10
"""Of the Feistel network; fixed by the standard. Each costs one block per number here."""

MIN_DOMAIN: Final = 1_000_000
"""Fewer texts than this can be told apart by brute force; the standard refuses them (SP 800-38G r1)."""

BLOCK_BYTES: Final = 16


class BinaryFf1:
    """FF1 of radix 2 over `2 * half_bits` digits with 4-byte tweaks, on many numbers at once.

    Each number has a block of its own, and all blocks lie side by side in one integer: what a round does
    to a half it then does to all of them in one operation, and `aes` takes them in one call. A thousand
    numbers cost 1.4 µs each, one alone 15. Ten calls of `aes`, and one when it is made, for the block
    that never changes. As safe to share between threads as `aes` is.
    """

    __slots__ = ("_aes", "_fixed", "_half_bits", "_rounds")

    def __init__(self, aes: Encrypt, half_bits: Literal[16, 32]) -> None:
        self._aes = aes
        self._half_bits = half_bits
        first = aes(_first_block(radix=2, u=half_bits, digits=2 * half_bits, tweak_bytes=4))
        self._fixed = int.from_bytes(first)
        # The round's number stands before the half, which fills the block's last bytes.
        self._rounds = tuple(number << half_bits for number in range(ROUNDS))

    def encrypt(self, tweaks: Sequence[int], values: Sequence[int]) -> tuple[int, ...]:
        """Return the image of each value (0 <= value < 4**half_bits) under its tweak (32 bits)."""
        if not values:
            return ()
        blocks = self._blocks(tweaks, values)
        a, b = blocks.halves
        for number in self._rounds:
            a, b = b, (a + self._round(blocks, number, b)) & blocks.mask
        return self._joined(a, b, len(values))

    def decrypt(self, tweaks: Sequence[int], values: Sequence[int]) -> tuple[int, ...]:
        """Return of each value the number whose image it is under its tweak."""
        if not values:
            return ()
        blocks = self._blocks(tweaks, values)
        a, b = blocks.halves
        # Nothing is borrowed from the block before: a half that is too small is lent a bit first.
        lent = blocks.ones << self._half_bits
        for number in reversed(self._rounds):
            a, b = (b + lent - self._round(blocks, number, a)) & blocks.mask, a
        return self._joined(a, b, len(values))

    def _blocks(self, tweaks: Sequence[int], values: Sequence[int]) -> _Blocks:
        if len(tweaks) != len(values):
            raise ValueError(f"{len(tweaks)} tweaks for {len(values)} numbers")
        ones = int.from_bytes((1).to_bytes(BLOCK_BYTES) * len(values))
        mask = ones * ((1 << self._half_bits) - 1)
        whole = int.from_bytes(b"".join([value.to_bytes(BLOCK_BYTES) for value in values]))
        tweaked = int.from_bytes(b"".join([tweak.to_bytes(4) + _AFTER_TWEAK for tweak in tweaks]))
        return _Blocks(
            count=len(values),
            ones=ones,
            mask=mask,
            head=tweaked ^ (ones * self._fixed),
            halves=(whole >> self._half_bits & mask, whole & mask),
        )

    def _round(self, blocks: _Blocks, number: int, halves: int) -> int:
        """Return what a round adds to the other halves."""
        text = blocks.head ^ (blocks.ones * number) ^ halves
        secret = self._aes(text.to_bytes(BLOCK_BYTES * blocks.count))
        # The result is the first 8 bytes of each block; only as many of their bits as a half has matter.
        return int.from_bytes(secret) >> _AFTER_RESULT_BITS & blocks.mask

    def _joined(self, a: int, b: int, count: int) -> tuple[int, ...]:
        whole = (a << self._half_bits | b).to_bytes(BLOCK_BYTES * count)
        return struct.unpack(">" + count * "8xQ", whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blocks:
    """Numbers in the making: each integer has one block of 128 bits for each of them."""

    count: int
    ones: int
    """1 in every block: times a number, that number in every block."""
    mask: int
    """The bits of a half."""
    head: int
    """What is encrypted in each round, without the round's number and the half."""
    halves: tuple[int, int]


_AFTER_TWEAK: Final = bytes(BLOCK_BYTES - 4)

_AFTER_RESULT_BITS: Final = 64


def encrypt(aes: Encrypt, radix: int, tweak: bytes, numerals: Sequence[int]) -> tuple[int, ...]:
    """Return the image of `numerals`, most significant first, each 0 <= numeral < `radix`.

    Raises ValueError for a domain that the standard refuses. Made for the standard's own vectors
    and as the yardstick of `BinaryFf1`, which is the one to use.
    """
    u, v = _split(radix, numerals)
    prf = _Prf(aes, radix, tweak, digits=u + v, u=u)
    a, b = _number(radix, numerals[:u]), _number(radix, numerals[u:])
    for number in range(ROUNDS):
        width = u if number % 2 == 0 else v
        a, b = b, (a + prf(number, b)) % radix**width
    return _numerals(radix, a, u) + _numerals(radix, b, v)


def decrypt(aes: Encrypt, radix: int, tweak: bytes, numerals: Sequence[int]) -> tuple[int, ...]:
    """Return the numerals whose image is `numerals`; see `encrypt`."""
    u, v = _split(radix, numerals)
    prf = _Prf(aes, radix, tweak, digits=u + v, u=u)
    a, b = _number(radix, numerals[:u]), _number(radix, numerals[u:])
    for number in reversed(range(ROUNDS)):
        width = u if number % 2 == 0 else v
        a, b = (b - prf(number, a)) % radix**width, a
    return _numerals(radix, a, u) + _numerals(radix, b, v)


class _Prf:
    """The round function: CBC-MAC over tweak, round and half, stretched to the digits needed."""

    def __init__(self, aes: Encrypt, radix: int, tweak: bytes, *, digits: int, u: int) -> None:
        self._aes = aes
        self._tweak = tweak
        v = digits - u
        self._half_bytes = ((radix**v - 1).bit_length() + 7) // 8
        self._stretched_bytes = 4 * ((self._half_bytes + 3) // 4) + 4
        self._first = aes(_first_block(radix, u, digits, len(tweak)))

    def __call__(self, number: int, half: int) -> int:
        pad = bytes(-(len(self._tweak) + self._half_bytes + 1) % BLOCK_BYTES)
        text = self._tweak + pad + bytes([number]) + half.to_bytes(self._half_bytes)
        mac = self._first
        for start in range(0, len(text), BLOCK_BYTES):
            mac = self._aes(_xor(mac, text[start : start + BLOCK_BYTES]))
        stretched = mac
        for counter in range(1, -(-self._stretched_bytes // BLOCK_BYTES)):
            stretched += self._aes(_xor(mac, counter.to_bytes(BLOCK_BYTES)))
        return int.from_bytes(stretched[: self._stretched_bytes])


def _first_block(radix: int, u: int, digits: int, tweak_bytes: int) -> bytes:
    return (
        bytes([1, 2, 1])
        + radix.to_bytes(3)
        + bytes([ROUNDS, u % 256])
        + digits.to_bytes(4)
        + tweak_bytes.to_bytes(4)
    )


def _split(radix: int, numerals: Sequence[int]) -> tuple[int, int]:
    digits = len(numerals)
    if not 2 <= radix <= 2**16 or digits < 2 or radix**digits < MIN_DOMAIN:  # noqa: PLR2004  (two halves; the standard's radix)
        raise ValueError(
            f"{digits} digits of radix {radix} are outside FF1: radix 2 to 65536, "
            f"and at least {MIN_DOMAIN} different texts"
        )
    if not all(0 <= numeral < radix for numeral in numerals):
        raise ValueError(f"a numeral is outside radix {radix}")
    return digits // 2, digits - digits // 2


def _number(radix: int, numerals: Sequence[int]) -> int:
    number = 0
    for numeral in numerals:
        number = number * radix + numeral
    return number


def _numerals(radix: int, number: int, width: int) -> tuple[int, ...]:
    numerals = []
    for _ in range(width):
        number, numeral = divmod(number, radix)
        numerals.append(numeral)
    return tuple(reversed(numerals))


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(BLOCK_BYTES)
