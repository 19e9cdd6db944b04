from __future__ import annotations

import asyncio
import threading

import httpx2
from argon2 import PasswordHasher

from shopbell_server.web.access.passwords import Argon2Passwords
from shopbell_server.web.http.limits import PASSWORDS_AT_ONCE
from tests.server.web.conftest import HOST
from tests.server.web.shop import Shop


class CrowdedPasswords(Argon2Passwords):
    """Counts how many are checked at once; each check waits a moment for one too many."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.too_many = threading.Event()
        self.checked = 0
        self._now = 0
        self._lock = threading.Lock()

    def match(self, password_hash: str | None, password: str) -> bool:
        with self._lock:
            self._now += 1
            self.checked += 1
            if self._now > PASSWORDS_AT_ONCE:
                self.too_many.set()
        self.too_many.wait(0.05)
        with self._lock:
            self._now -= 1
        return super().match(password_hash, password)


async def test_a_crowd_that_guesses_is_checked_a_few_at_a_time() -> None:
    crowded = CrowdedPasswords()
    transport = httpx2.ASGITransport(app=Shop(passwords=crowded).app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        guesses = [{"staff": f"s{number}", "password": "x"} for number in range(12)]
        answers = await asyncio.gather(
            *(client.post("/login", json=each, headers={"Origin": HOST}) for each in guesses)
        )
    assert {answer.status_code for answer in answers} == {401}
    assert crowded.checked == len(guesses)
    assert not crowded.too_many.is_set()
