"""Events as signed HTTP requests (CloudEvents in Standard Webhooks).

Owns: one endpoint: requests, their signatures and time limit.
Never: when to try again, which address may be spoken to (`pinned`), or what an answer means (`exchange`).

httpcore2 itself, not the client over it: that one logs every URL, which may hold a secret, follows
redirects and obeys proxies from the environment unless told not to, and cannot be told where to connect.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import httpcore2

from shopbell_server.cdp.exchange import LOST, outcome_of, throw_away, why
from shopbell_server.cdp.pinned import network_to, system_resolver
from shopbell_server.core.delivery.cloud_events import CONTENT_TYPE
from shopbell_server.core.delivery.webhook_signature import signatures
from shopbell_server.ports.sinks import Outcome

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from shopbell_server.cdp.pinned import Resolve
    from shopbell_server.ports.sinks import Letter
    from shopbell_server.ports.world import ServerClock

AT_ONCE: Final = 8
"""Requests under way: 80 events a second to a receiver that takes 100 ms, and no flood to a small one."""

IDLE_S: Final = 4.0
"""How long a connection is kept for the next event. Node and uvicorn close theirs after 5 s; when it is
us who close first, no event goes into a closing connection."""


class WebhookSink:
    """Posts to `url`: https, or http where `allow_loopback` lets it reach this machine.

    `tls`: whose certificates to believe; by default the system's authorities.
    """

    def __init__(  # noqa: PLR0913  (each by name)
        self,
        *,
        name: str,
        url: str,
        secrets: Sequence[bytes],
        timeout_s: float,
        clock: ServerClock,
        allow_loopback: bool = False,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolver,
    ) -> None:
        self._name = name
        self._url = url
        self._secrets = tuple(secrets)
        self._timeout_s = timeout_s
        self._clock = clock
        self._network = network_to(url, allow_loopback=allow_loopback, resolve=resolve)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls or httpcore2.default_ssl_context(),
            max_connections=AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            keepalive_expiry=IDLE_S,
            network_backend=self._network,
        )
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"webhook-{name}")

    @property
    def name(self) -> str:
        """Return what deliveries and metrics call it."""
        return self._name

    @property
    def at_once(self) -> int:
        """Return AT_ONCE."""
        return AT_ONCE

    @property
    def patience_s(self) -> float:
        """Return the time limit: requests run side by side. A resolver that hangs may add to it."""
        return self._timeout_s

    def deliver(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Post each letter in a request of its own, side by side."""
        return list(self._threads.map(self._post, letters))

    def close(self) -> None:
        """Close connections and threads, after what is under way."""
        self._threads.shutdown()
        self._pool.close()

    def _post(self, letter: Letter) -> Outcome:
        now_s = self._clock.now_ms() // 1000
        headers: dict[bytes | str, bytes | str] = {
            "content-type": CONTENT_TYPE,
            "user-agent": "shopbell",
            "webhook-id": letter.event,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signatures(self._secrets, letter.event, now_s, letter.body),
        }
        try:
            with (
                self._network.within(self._timeout_s),
                self._pool.stream(
                    "POST", self._url, headers=headers, content=letter.body
                ) as answer,
            ):
                throw_away(answer)
                return outcome_of(answer, now_s)
        except LOST as error:
            return Outcome(kind="retry", reason=why(error))
