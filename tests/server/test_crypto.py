from __future__ import annotations

from shopbell_server.crypto import aes_block


def test_aes_as_in_fips_197() -> None:
    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    aes = aes_block(key)
    assert aes(block).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"
    assert aes(block) == aes(block)  # blocks do not depend on one another
