"""Connections that lead only where they may, and end in time.

Owns: looking an endpoint's name up, choosing an address that may be spoken to, connecting to exactly
that one, and a limit on the time that a whole request takes.
Never: requests, signatures, or what an answer means.

The address that was judged is the address that is connected to, so a name that resolves to something else
a moment later (DNS rebinding) gains nothing. TLS still asks for the certificate of the name.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpcore2

from shopbell_server.core.delivery.public_addresses import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Resolve = Callable[[str, int], Sequence[str]]
    """Returns the addresses of a host, best first; raises OSError if it has none."""

LEAST_S: Final = 0.001
"""A socket's timeout of 0 would mean "do not wait" instead of "too late"."""


class UnreachableError(httpcore2.ConnectError):
    """There is no connection; the text says why, and nothing of the URL but the host at most."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the system. Takes as long as its resolver does: seconds when name servers are silent."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def network_to(
    url: str, *, allow_loopback: bool = False, resolve: Resolve = system_resolver
) -> PinnedBackend:
    """Return the way to `url`. Without TLS it leads to this machine at most: others could read it."""
    return PinnedBackend(
        allow_loopback=allow_loopback,
        only_loopback=urlsplit(url).scheme != "https",
        resolve=resolve,
    )


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to public addresses, and to this machine where that is allowed."""

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        only_loopback: bool = False,
        resolve: Resolve = system_resolver,
    ) -> None:
        """`only_loopback`: for an endpoint without TLS, whose events others on the way could read."""
        self._allowed = {"public"} - ({"public"} if only_loopback else set())
        self._allowed |= {"loopback"} if allow_loopback else set()
        self._resolve = resolve
        self._system = httpcore2.SyncBackend()
        self._limit = _Limit()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let everything that this thread reads, writes and connects meanwhile take so long in all.

        What does not raises one of httpcore2's timeouts.
        """
        self._limit.end_s = time.monotonic() + seconds
        try:
            yield
        finally:
            self._limit.end_s = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of `host` that may be spoken to and answers.

        They share the time, so that an address that swallows everything does not use it up.
        """
        failed: httpcore2.ConnectError | httpcore2.ConnectTimeout | None = None
        addresses = self._addresses(host, port)
        for tried, address in enumerate(addresses):
            left_s = self._limit.left_s(timeout)
            try:
                stream = self._system.connect_tcp(
                    address,
                    port,
                    timeout=left_s and left_s / (len(addresses) - tried),
                    local_address=local_address,
                    socket_options=socket_options or [],
                )
            except httpcore2.ConnectTimeout as error:
                failed = error
            except httpcore2.ConnectError as error:
                failed = UnreachableError(_why(error.__cause__))
            else:
                return _Timed(stream, self._limit)
        raise failed or UnreachableError(
            "the endpoint's address is in a private or special network"
        )

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            found = self._resolve(host, port)
        except OSError as error:
            raise UnreachableError("the endpoint's name does not resolve") from error
        return [address for address in found if reach(address) in self._allowed]


class _Limit(threading.local):
    """Until when the request of this thread may take."""

    end_s: float | None = None

    def left_s(self, timeout: float | None) -> float | None:
        if self.end_s is None:
            return timeout
        left_s = max(self.end_s - time.monotonic(), LEAST_S)
        return left_s if timeout is None else min(timeout, left_s)


class _Timed(httpcore2.NetworkStream):
    """A stream whose every step is held to what is left of the time."""

    def __init__(self, stream: httpcore2.NetworkStream, limit: _Limit) -> None:
        self._stream = stream
        self._limit = limit

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._limit.left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._limit.left_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left_s = self._limit.left_s(timeout)
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, left_s)
        except httpcore2.ConnectError as error:
            raise UnreachableError(_why(error.__cause__)) from error
        return _Timed(stream, self._limit)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  (as httpcore2 declares it)
        return self._stream.get_extra_info(info)


def _why(cause: BaseException | None) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {cause.verify_message}"
        case ssl.SSLError():
            return f"no TLS connection: {cause.reason}"
        case OSError(strerror=str(said)):
            return f"no connection: {said}"
        case _:
            return "no connection"
