from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from shopbell_server.web.access.passwords import Argon2Passwords


@pytest.fixture
def passwords() -> Argon2Passwords:
    return Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def test_only_the_password_itself_matches(passwords: Argon2Passwords) -> None:
    stored = passwords.hashed("correct horse")
    assert stored.startswith("$argon2id$")
    assert passwords.match(stored, "correct horse")
    assert not passwords.match(stored, "Correct horse")


def test_nobodys_password_is_never_right(passwords: Argon2Passwords) -> None:
    assert not passwords.match(None, "")
    assert not passwords.match(None, "correct horse")


def test_a_hash_that_is_none_matches_nothing(passwords: Argon2Passwords) -> None:
    assert not passwords.match("plain text", "plain text")


def test_the_same_password_is_stored_differently_each_time(passwords: Argon2Passwords) -> None:
    assert passwords.hashed("x") != passwords.hashed("x")
