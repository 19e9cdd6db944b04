from __future__ import annotations

from string import ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.recognition import ff1
from shopbell_server.core.recognition.ff1 import BinaryFf1
from shopbell_server.crypto import aes_block
from tests.shared import vectors

ALPHABET = digits + ascii_lowercase
KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
AES = aes_block(KEY)
NARROW = BinaryFf1(AES, 16)
WIDE = BinaryFf1(AES, 32)

TWEAKS = st.integers(0, 2**32 - 1)


class CountingAes:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, block: bytes) -> bytes:
        self.calls += 1
        return AES(block)


def bits(value: int, width: int) -> tuple[int, ...]:
    return tuple(int(digit) for digit in f"{value:0{width}b}")


def test_nist_samples() -> None:
    for sample in vectors("signals.json")["nist_ff1"]:
        aes, tweak = aes_block(bytes.fromhex(sample["key"])), bytes.fromhex(sample["tweak"])
        plain = tuple(ALPHABET.index(character) for character in sample["plaintext"])
        secret = tuple(ALPHABET.index(character) for character in sample["ciphertext"])
        assert ff1.encrypt(aes, sample["radix"], tweak, plain) == secret
        assert ff1.decrypt(aes, sample["radix"], tweak, secret) == plain


def test_the_standards_first_sample_without_a_file() -> None:
    image = ff1.encrypt(AES, 10, b"", tuple(range(10)))
    assert "".join(map(str, image)) == "2433477484"


@given(st.lists(st.tuples(TWEAKS, st.integers(0, 2**32 - 1)), max_size=5))
def test_32_binary_digits_are_as_the_standard_has_them(asked: list[tuple[int, int]]) -> None:
    tweaks, values = [tweak for tweak, _ in asked], [value for _, value in asked]
    images = NARROW.encrypt(tweaks, values)
    assert [bits(image, 32) for image in images] == [
        ff1.encrypt(AES, 2, tweak.to_bytes(4), bits(value, 32)) for tweak, value in asked
    ]
    assert list(NARROW.decrypt(tweaks, images)) == values


@given(st.lists(st.tuples(TWEAKS, st.integers(0, 2**64 - 1)), max_size=5))
def test_64_binary_digits_are_as_the_standard_has_them(asked: list[tuple[int, int]]) -> None:
    tweaks, values = [tweak for tweak, _ in asked], [value for _, value in asked]
    images = WIDE.encrypt(tweaks, values)
    assert [bits(image, 64) for image in images] == [
        ff1.encrypt(AES, 2, tweak.to_bytes(4), bits(value, 64)) for tweak, value in asked
    ]
    assert list(WIDE.decrypt(tweaks, images)) == values


@given(st.lists(st.tuples(TWEAKS, st.sampled_from([0, 1, 2**32, 2**63, 2**64 - 1])), max_size=40))
def test_a_number_is_the_same_whatever_stands_beside_it(asked: list[tuple[int, int]]) -> None:
    together = WIDE.decrypt([tweak for tweak, _ in asked], [value for _, value in asked])
    assert together == tuple(WIDE.decrypt([tweak], [value])[0] for tweak, value in asked)


def test_every_number_has_its_tweak() -> None:
    with pytest.raises(ValueError, match="2 tweaks for 1 numbers"):
        WIDE.encrypt([1, 2], [3])


@given(
    st.integers(2, 65536).flatmap(
        lambda radix: st.tuples(
            st.just(radix), st.lists(st.integers(0, radix - 1), min_size=20, max_size=60)
        )
    ),
    st.binary(max_size=40),
)
def test_decrypting_undoes_encrypting(text: tuple[int, list[int]], tweak: bytes) -> None:
    radix, numerals = text
    image = ff1.encrypt(AES, radix, tweak, numerals)
    assert len(image) == len(numerals)
    assert all(0 <= numeral < radix for numeral in image)
    assert ff1.decrypt(AES, radix, tweak, image) == tuple(numerals)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_however_many_numbers_cost_ten_calls(count: int) -> None:
    aes = CountingAes()
    cipher = BinaryFf1(aes, 32)
    assert aes.calls == 1
    tweaks = [7] * count
    cipher.decrypt(tweaks, cipher.encrypt(tweaks, range(count)))
    assert aes.calls == 1 + (2 * ff1.ROUNDS if count else 0)


@pytest.mark.parametrize(
    ("radix", "numerals"),
    [(10, (1,) * 5), (1, (0,) * 40), (2**16 + 1, (0, 0)), (2**20, (7,)), (10, ())],
    ids=["too few texts", "radix 1", "radix too large", "one digit", "no digits"],
)
def test_domains_that_the_standard_refuses(radix: int, numerals: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"{len(numerals)} digits of radix {radix} are outside"):
        ff1.encrypt(AES, radix, b"", numerals)


@pytest.mark.parametrize("numeral", [-1, 10])
def test_a_numeral_outside_its_radix_is_refused(numeral: int) -> None:
    with pytest.raises(ValueError, match="outside radix 10"):
        ff1.decrypt(AES, 10, b"", (1, 2, 3, 4, 5, numeral))
