from __future__ import annotations

import pytest

from shopbell_server.core.access.credentials import (
    MOST_CHARACTERS,
    SECRET_BYTES,
    Kind,
    credential,
    credential_id,
    fingerprint,
    id_of,
    is_a,
    why_guessable,
)


@pytest.mark.parametrize("kind", Kind)
def test_a_secret_says_what_it_is_for_and_fits_a_header(kind: Kind) -> None:
    secret = credential(kind, bytes(range(SECRET_BYTES)))
    assert secret.startswith(f"{kind}_")
    assert secret.isascii()
    assert "=" not in secret
    assert len(secret) <= MOST_CHARACTERS


def test_one_random_makes_different_secrets_of_different_kinds() -> None:
    prints = {fingerprint(credential(kind, bytes(SECRET_BYTES))) for kind in Kind}
    assert len(prints) == len(Kind)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_secret_is_as_random_as_it_must_be(size: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        credential(Kind.SESSION, bytes(size))


def test_a_credential_is_named_by_a_part_of_its_fingerprint() -> None:
    named = credential_id(fingerprint("sbk_x"))
    assert named == fingerprint("sbk_x").hex()[: len(named)]
    assert named != credential_id(fingerprint("sbk_y"))
    assert id_of("sbk_x") == named


def test_a_secret_of_one_kind_is_none_of_another() -> None:
    secret = credential(Kind.LINK, bytes(SECRET_BYTES))
    assert [kind for kind in Kind if is_a(kind, secret)] == [Kind.LINK]
    assert not is_a(Kind.LINK, secret + "x" * MOST_CHARACTERS)


@pytest.mark.parametrize(
    "secret",
    [
        "hk2QH8hUoF0zC1fWkVqTQw",
        "0123456789abcdef" * 2,
        credential(Kind.API_KEY, bytes(32)[:-8] + b"12345678"),
    ],
)
def test_what_looks_random_may_be_a_key(secret: str) -> None:
    assert why_guessable(secret) is None


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("hk2QH8hUoF0zC1fWkVqTQ", "has 21 characters; a key has 22 or more"),
        ("hk2QH8hUoF0zC1fWkVqTQw" * 6, "has 132 characters; a key has 128 at the most"),
        ("correct horse battery staple", "no header carries them"),
        ("schl\u00fcssel-schl\u00fcssel-1234", "no header carries them"),
        ("passwort" * 4, "is made of 7 different characters"),
    ],
)
def test_what_can_be_guessed_is_no_key(secret: str, said: str) -> None:
    wrong = why_guessable(secret)
    assert wrong is not None
    assert said in wrong
    assert secret not in wrong
