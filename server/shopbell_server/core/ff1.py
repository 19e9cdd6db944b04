"""Format-preserving encryption FF1 (NIST SP 800-38G): a permutation of short numbers under a key.

Owns: the algorithm, for any radix, and a fast form for an even number of binary digits.
Never: the block cipher itself. AES is handed in as a function, so that no library is needed here.

Format-preserving, because a token on the air has 32 or 64 bits and no room for more; a permutation,
because then two devices never share a token.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Encrypt = Callable[[bytes], bytes]
"""The forward block cipher under one key: 16 bytes to 16 bytes."""

ROUNDS: Final = 10
"""Of the Feistel network; fixed by the standard. Each costs one block here."""

MIN_DOMAIN: Final = 1_000_000
"""Fewer texts than this can be told apart by brute force; the standard refuses them (SP 800-38G r1)."""

BLOCK_BYTES: Final = 16

_LOW_HALF: Final = Struct(">4xL8x").unpack
"""Of the last block's first 8 bytes, which are the round's result, the 32 bits that can matter."""


class BinaryFf1:
    """FF1 of radix 2 over `2 * half_bits` digits with a 4-byte tweak, on integers.

    Costs ten calls of `aes` per number (and one when it is made, for the block that never changes).
    As safe to share between threads as `aes` is.
    """

    __slots__ = ("_aes", "_fixed", "_half_bits", "_mask", "_pack", "_rounds", "_tail_bits")

    def __init__(self, aes: Encrypt, half_bits: Literal[16, 32]) -> None:
        self._aes = aes
        self._half_bits = half_bits
        self._mask = (1 << half_bits) - 1
        first = aes(_first_block(radix=2, u=half_bits, digits=2 * half_bits, tweak_bytes=4))
        self._fixed = int.from_bytes(first)
        # The round's number stands before the half, which fills the block's last bytes. Only this
        # tail differs between rounds; the rest of the block is packed once for all of them.
        self._rounds = tuple(number << half_bits for number in range(ROUNDS))
        self._tail_bits = 2 * half_bits
        self._pack = Struct(">12sL" if half_bits == 16 else ">8sQ").pack  # noqa: PLR2004  (16 or 32)

    def encrypt(self, tweak: int, value: int) -> int:
        """Return the image of `value` (0 <= value < 4**half_bits) under `tweak` (32 bits)."""
        aes, pack, half_bits, mask = self._aes, self._pack, self._half_bits, self._mask
        head, tail = self._parts(tweak)
        a, b = value >> half_bits, value & mask
        for number in self._rounds:
            (y,) = _LOW_HALF(aes(pack(head, tail ^ number ^ b)))
            a, b = b, (a + y) & mask
        return a << half_bits | b

    def decrypt(self, tweak: int, value: int) -> int:
        """Return the number whose image under `tweak` is `value`."""
        aes, pack, half_bits, mask = self._aes, self._pack, self._half_bits, self._mask
        head, tail = self._parts(tweak)
        a, b = value >> half_bits, value & mask
        for number in reversed(self._rounds):
            (y,) = _LOW_HALF(aes(pack(head, tail ^ number ^ a)))
            a, b = (b - y) & mask, a
        return a << half_bits | b

    def _parts(self, tweak: int) -> tuple[bytes, int]:
        """Return the block under `tweak` without round and half: what stays, and its tail."""
        block = self._fixed ^ (tweak << 96)
        head = (block >> self._tail_bits).to_bytes(BLOCK_BYTES - self._tail_bits // 8)
        return head, block & ((1 << self._tail_bits) - 1)


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
