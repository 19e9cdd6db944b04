"""How often each credential may ask.

Owns: the allowances, and the buckets of this process. Several processes each grant their own: what these
buckets protect is the process, and every secret that could be guessed has 256 bits, but for passwords.
Never: the arithmetic (`core.allowance`). Credentials are kept as fingerprints.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from shopbell_server.core.allowance import Allowance, Granted, draw
from shopbell_server.core.peers import network_of
from shopbell_server.web.problems import ProblemError

if TYPE_CHECKING:
    from shopbell_server.core.allowance import Bucket, Wait
    from shopbell_server.ports.world import ServerClock

API_KEY: Final = Allowance(burst=200, per_minute=1200)
"""A retailer's whole app: twenty customers who opt in every second, on the day of the campaign."""
DEVICE: Final = Allowance(burst=30, per_minute=30)
"""A phone asks a few times a day; thirty let somebody play with her switches."""
TICKET: Final = Allowance(burst=10, per_minute=10)
STAFF: Final = Allowance(burst=120, per_minute=600)
"""A tablet that reconnects, and systems that poll `present` every second."""
CUSTOMER: Final = Allowance(burst=60, per_minute=120)
"""A page that asks every five seconds whether she is recognised, in a few tabs, and what she taps."""
PASSWORD: Final = Allowance(burst=5, per_minute=5)
"""Per name, counted in the database, so in all processes together:
7 200 guesses a day, against argon2 and a password of 40 bits a matter of ages."""
REFUSED: Final = Allowance(burst=60, per_minute=60)
"""Per peer, drawn on only by credentials that are none. A proxy is one peer, so honest requests
are not counted here."""
STRANGERS: Final = Allowance(burst=300, per_minute=600)
"""Per peer, for what needs no credential yet: a proxy is one peer for all phones of a retailer."""

PASSWORDS_AT_ONCE: Final = 4
"""Argon2 takes 64 MiB for each: 256 MiB a strange crowd may cost us, and the web's other threads stay
free. The rest wait; whoever signs in honestly waits for a tenth of a second a place."""

PEER_KEY_BYTES: Final = 32
"""As long as what SHA-256 gives. There are only 2³² IPv4 addresses to try: it is the key that hides them."""

MOST_BUCKETS: Final = 50_000
"""About 10 MB. The one that was used longest ago goes first: by then it has mostly refilled."""


class Limits:
    """Buckets by credential. Safe to use from several threads, but for `passwords`: the loop's."""

    def __init__(self, clock: ServerClock, key: bytes, most: int = MOST_BUCKETS) -> None:
        """`key` is random and of this process alone: under it peers are known, and never their addresses."""
        self._clock = clock
        self._key = key
        self._most = most
        self._buckets: OrderedDict[tuple[Allowance, bytes], Bucket] = OrderedDict()
        self._lock = Lock()
        self.passwords = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    def peer(self, host: str) -> bytes:
        """Return what stands for whoever holds `host`; nobody finds the address in it, or in memory."""
        return hmac.digest(self._key, network_of(host).encode(), "sha256")

    def draw(self, allowance: Allowance, whose: bytes) -> None:
        """Count one request of `whose`. Raises ProblemError (429, Retry-After) for one too many."""
        key = (allowance, whose)
        with self._lock:
            drawn = draw(self._buckets.get(key), allowance, self._clock.now_ms())
            if isinstance(drawn, Granted):
                self._buckets[key] = drawn.bucket
                self._buckets.move_to_end(key)
                if len(self._buckets) > self._most:
                    self._buckets.popitem(last=False)
                return
        raise too_often(drawn)


def too_often(wait: Wait) -> ProblemError:
    """Return the answer to one request too many."""
    return ProblemError(
        429,
        "too-often",
        f"Too many requests. Try again in {wait.retry_after_s} s.",
        headers={"Retry-After": str(wait.retry_after_s)},
    )
