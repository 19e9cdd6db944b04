"""The buckets of this process: how often each credential has asked.

Owns: where they are kept, and the answer to one request too many. Several processes each grant their own:
what these buckets protect is the process, and every secret that could be guessed has 256 bits, but for
passwords.
Never: how much is granted (`core.access.request_limits`), or the arithmetic (`core.access.allowance`).
Credentials are kept as fingerprints.
"""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.allowance import Granted, draw
from shopbell_server.core.access.peers import network_of
from shopbell_server.core.access.request_limits import STANDARD
from shopbell_server.web.http.problems import ProblemError

if TYPE_CHECKING:
    from shopbell_server.core.access.allowance import Allowance, Bucket, Wait
    from shopbell_server.core.access.request_limits import Allowances, Limit
    from shopbell_server.ports.world import ServerClock

PASSWORDS_AT_ONCE: Final = 4
"""Argon2 takes 64 MiB for each: 256 MiB a strange crowd may cost us, and the web's other threads stay
free. The rest wait; whoever signs in honestly waits for a tenth of a second a place."""

PEER_KEY_BYTES: Final = 32
"""As long as what SHA-256 gives. There are only 2³² IPv4 addresses to try: it is the key that hides them."""

MOST_BUCKETS: Final = 50_000
"""About 10 MB. The one that was used longest ago goes first: by then it has mostly refilled."""


class Limits:
    """Buckets by credential. Safe to use from several threads, but for `passwords`: the loop's."""

    def __init__(
        self,
        clock: ServerClock,
        key: bytes,
        allowances: Allowances = STANDARD,
        most: int = MOST_BUCKETS,
    ) -> None:
        """`key` is random and of this process alone: under it peers are known, and never their addresses."""
        self._clock = clock
        self._allowances = allowances
        self._key = key
        self._most = most
        self._buckets: OrderedDict[tuple[Limit, bytes], Bucket] = OrderedDict()
        self._lock = Lock()
        self.passwords = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    def peer(self, host: str) -> bytes:
        """Return what stands for whoever holds `host`; nobody finds the address in it, or in memory."""
        return hmac.digest(self._key, network_of(host).encode(), "sha256")

    def allowance(self, limit: Limit) -> Allowance:
        """Return what is granted."""
        return self._allowances[limit]

    def draw(self, limit: Limit, whose: bytes) -> None:
        """Count one request of `whose`. Raises ProblemError (429, Retry-After) for one too many."""
        key = (limit, whose)
        with self._lock:
            drawn = draw(self._buckets.get(key), self._allowances[limit], self._clock.now_ms())
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
