"""A connection to the broker, for one edge of a load or for several: paho, without a thread.

Owns: that bytes go and come on the event loop, and what a connection says first and last.
Never: what is sent, or when again.

paho lets an event loop read and write for it (`on_socket_open` and the like), so five thousand
connections are five thousand sockets of one thread. To connect takes a thread, for moments.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from shopbell_program.mqtt_client import EndableClient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

KEEPALIVE_S: Final = 30
"""As an edge has it."""

ANSWER_S: Final = 30.0
"""For each step of connecting: a broker that meets five thousand at once takes its time."""

_UNDONE: Final = 65_535
"""Messages that the broker has not taken yet, at the most: as many as MQTT can number."""


class NoLineError(OSError):
    """There is no connection, or there is none any more; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the edges' broker is, and as whom they log in."""

    host: str
    port: int
    tls: bool
    username: str | None
    ca: Path | None
    """Who vouches for the broker; None: whoever this machine trusts."""
    password: str | None = field(repr=False)


class Traffic(NamedTuple):
    """What went over sockets: TCP's payload each way, TLS included, and packets both ways together."""

    sent_bytes: int
    received_bytes: int
    packets: int


_TCP_INFO: Final = struct.Struct("=120xQQII")
"""Linux's `struct tcp_info`: bytes that were acknowledged and received, segments out and in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker says in our name when we are gone without a word; it is retained."""

    topic: str
    payload: bytes


class Line:
    """One connection: `open` it once, `close` it at the end. All calls come from the event loop."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        will: Will,
        *,
        hears: Callable[[str, bytes], None],
        taken: Callable[[int], None],
    ) -> None:
        """`hears` is told (topic, payload) of every message, `taken` each number that `publish` gave."""
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._greeted: asyncio.Future[None] = self._loop.create_future()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self._hears = hears
        self._taken = taken
        self._mine: socket.socket | None = None
        self.over = asyncio.Event()
        self.why = ""
        self._client = client = EndableClient(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set_context(_context(broker))
        client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.max_inflight_messages_set(_UNDONE)
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    async def open(self, topics: Sequence[str]) -> None:
        """Connect and subscribe. Raises NoLineError."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await asyncio.to_thread(
                    self._client.connect, self._broker.host, self._broker.port, KEEPALIVE_S
                )
                await self._greeted
                # So many filters fit into a packet that every broker takes.
                for begin in range(0, len(topics), _FILTERS):
                    self._subscribed = self._loop.create_future()
                    self._client.subscribe(
                        [(topic, 1) for topic in topics[begin : begin + _FILTERS]]
                    )
                    await self._subscribed
        except TimeoutError:
            raise NoLineError(f"no answer within {ANSWER_S:.0f} s") from None
        except OSError as error:
            raise NoLineError(str(error) or type(error).__name__) from error

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Send with QoS 1; return the number under which `taken` will hear of it."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def traffic(self) -> Traffic:
        """Return what went over this connection so far; nothing once it is over, or where nobody counts."""
        try:
            if self._mine is not None:
                size = _TCP_INFO.size
                told = self._mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
                sent, received, out, into = _TCP_INFO.unpack(told)
                return Traffic(sent, received, out + into)
        except (OSError, struct.error):
            pass  # a kernel that counts less
        return Traffic(0, 0, 0)

    def look_after(self) -> None:
        """Do what time alone asks for: pings, and noticing that nobody answers them."""
        self._client.loop_misc()

    def close(self) -> None:
        """Say goodbye, and let go of the socket; the will is not said then."""
        self._client.disconnect()
        self._client.loop_write()
        self._drop()

    def drop(self) -> None:
        """Let go of the socket without a word."""
        self._drop()

    def _drop(self) -> None:
        mine, self._mine = self._mine, None
        if mine is not None:
            self._loop.remove_reader(mine)
            self._loop.remove_writer(mine)
            mine.close()
        # paho looks at its socket once more when it is forgotten, and our loop may have ended by then.
        client = self._client
        client.on_socket_close = client.on_socket_register_write = None
        client.on_socket_unregister_write = client.on_disconnect = None
        self._end("closed")

    def _end(self, why: str) -> None:
        if not self.over.is_set():
            self.why = why
            self.over.set()
        for waits in (self._greeted, self._subscribed):
            if not waits.done():
                waits.set_exception(NoLineError(why))
                waits.exception()  # it may be that nobody waits

    def _read(self) -> None:
        self._client.loop_read()
        mine = self._mine
        # What TLS has read ahead is not the socket's any more, so nobody would call us for it.
        while isinstance(mine, ssl.SSLSocket) and mine is self._mine and mine.pending():
            self._client.loop_read()

    # What follows is called by paho: on the event loop, but for what `connect` does in its thread.

    def _here(self, what: Callable[..., Any], *values: object) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._loop.call_soon_threadsafe(what, *values)
        else:
            what(*values)

    def _on_socket_open(self, _client: Client, _data: object, mine: Any) -> None:  # noqa: ANN401  # as paho has it
        mine.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._here(self._opened, mine)

    def _opened(self, mine: socket.socket) -> None:
        self._mine = mine
        if self.over.is_set():
            self._drop()
        else:
            self._loop.add_reader(mine, self._read)

    def _on_socket_close(self, _client: Client, _data: object, mine: Any) -> None:  # noqa: ANN401  # as above
        self._here(self._closed, mine)

    def _closed(self, mine: socket.socket) -> None:
        if self._mine is mine:
            self._mine = None
            self._loop.remove_reader(mine)
            self._loop.remove_writer(mine)

    def _on_register_write(self, _client: Client, _data: object, _mine: object) -> None:
        self._here(self._writes)

    def _writes(self) -> None:
        if self._mine is not None:
            self._loop.add_writer(self._mine, self._client.loop_write)

    def _on_unregister_write(self, _client: Client, _data: object, _mine: object) -> None:
        self._here(self._writes_no_more)

    def _writes_no_more(self) -> None:
        if self._mine is not None:
            self._loop.remove_writer(self._mine)

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._end(f"the broker refuses us: {reason}")
        elif not self._greeted.done():
            self._greeted.set_result(None)

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._end(
                "the broker refuses a subscription: may this user read shopbell/v1/+/+/down/#? NATS takes "
                "63 a connection, three for each edge, and 1000 in all unless default_max_consumers says more"
            )
        elif not self._subscribed.done():
            self._subscribed.set_result(None)

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._here(self._end, f"the connection broke: {reason}")

    def _on_publish(
        self, _client: Client, _data: object, mid: int, _reason: object, _properties: object
    ) -> None:
        self._taken(mid)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._hears(message.topic, bytes(message.payload))


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, where paho would leave it open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # as in ssl
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _context(broker: Broker) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=broker.ca)
    made.sslsocket_class = _TlsSocket
    return made


_FILTERS: Final = 100
"""Of 60 bytes: 6 KB."""
