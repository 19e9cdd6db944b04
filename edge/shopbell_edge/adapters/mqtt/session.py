"""One connection to the broker: one paho client, from CONNECT to the end.

Owns: paho's thread and callbacks; all of them come through `_tell` onto the event loop.
Never: a second connection. paho would send its own queue by itself after a reconnect, so whoever
wants another connection makes another Session.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from paho.mqtt.enums import MQTTErrorCode

from shopbell_edge.adapters.mqtt.broker import TlsSocket, context, password
from shopbell_edge.adapters.mqtt.client import GuardedClient
from shopbell_edge.core.allowance import Allowance
from shopbell_edge.ports import UplinkLostError
from shopbell_wire.codec import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from shopbell_edge.adapters.mqtt.broker import Broker

_QOS: Final = 1

_CONNACK: Final = 0
"""Stands for CONNACK among the message ids that are waited for; those begin at 1."""

_BUSY: Final = frozenset({"Server unavailable", "Server busy"})
"""A broker that says so has nothing against us."""

_MOST_WAITING: Final = 256
"""Messages on their way to the event loop. Of a broker that sends faster than they are read the rest is lost,
which costs nothing: an acknowledgement that was not read is given again when its batch is."""

_BYTES_PER_S: Final = 131_072
"""Of messages. Nine hundred acknowledgements: more batches no disk seals in a second. The costliest message
takes 42 ms of the event loop (64 KiB, measured), so a broker that floods has a twelfth of a server's time,
less than half of a Raspberry Pi's, and radios are heard beside it. What is over is lost, as above."""

_BYTES_AT_ONCE: Final = 262_144
"""Answers to a full window, and settings of the greatest length beside them."""

_FAREWELL_S: Final = 2.0
"""For DISCONNECT to reach the socket; after that the socket is cut."""


class RefusedError(Exception):
    """The broker knows who asks and will not have it: a password, a certificate, a right is wrong."""


class BusyError(UplinkLostError):
    """The broker has nothing against us, and no room now."""


class UntakenError(UplinkLostError):
    """The broker is there, and refuses a message; one of MQTT 3.1.1 cannot say so."""


class Session:
    """Made on the event loop, used there, and closed there whatever became of it."""

    def __init__(
        self,
        broker: Broker,
        *,
        will: tuple[str, bytes],
        heard: Callable[[str, bytes], None],
        patience_s: float | None = None,
    ) -> None:
        """Prepare a connection whose last will is the retained (topic, payload) `will`.

        `heard` gets each message's topic and payload on the event loop. Each answer of a broker that can be
        reached is waited for `patience_s`, `answer_s` if None. Raises CredentialsError.
        """
        self.patience_s = broker.answer_s if patience_s is None else patience_s
        self.over = asyncio.Event()
        self.ended_by = "closed"
        self._loop = asyncio.get_running_loop()
        self._heard = heard
        self._answers: dict[int, asyncio.Future[ReasonCode]] = {}
        self._started = False
        self._wire: object = None
        self._places = threading.Semaphore(_MOST_WAITING)
        self._intake = Allowance(at_once=_BYTES_AT_ONCE, per_s=_BYTES_PER_S)
        self._client = GuardedClient(broker)
        self._client.failed = self._on_failure
        self._client.connect_timeout = broker.answer_s
        if broker.username is not None:
            self._client.username_pw_set(broker.username, password(broker))
        if broker.tls is not None:
            self._client.tls_set_context(context(broker.tls))
        self._client.will_set(*will, qos=_QOS, retain=True)
        self._client.on_socket_open = self._on_socket_open
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message

    @property
    def is_reached(self) -> bool:
        """Whether somebody took our connection, TLS included; what was said then is another matter."""
        return self._wire is not None

    async def open(self, thread: Executor) -> None:
        """Connect. Raises RefusedError, BusyError, ssl.SSLError, or OSError where nobody answers."""
        with self._answer_to(_CONNACK) as answer:
            await self._loop.run_in_executor(thread, self._client.greet)
            self._client.loop_start()
            self._started = True
            reason = await answer
        if reason.getName() in _BUSY:
            raise BusyError(str(reason))
        if reason.is_failure:
            raise RefusedError(str(reason))

    async def subscribe(self, *topics: str) -> None:
        """Return once the broker delivers all of `topics`; RefusedError if it will not deliver one."""
        code, mid = self._client.subscribe([(topic, _QOS) for topic in topics])
        reason = await self._answered(code, mid)
        if reason.is_failure:
            raise RefusedError(f"{reason} (may not subscribe to {', '.join(topics)})")

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Return once the broker has taken it; UplinkLostError if it has not, UntakenError if it will not."""
        sent = self._client.publish(topic, payload, _QOS, retain=retain)
        reason = await self._answered(sent.rc, sent.mid)
        if reason.is_failure:
            raise UntakenError(f"the broker refused a message: {reason}")

    async def close(self, thread: Executor) -> None:
        """End the connection in good order if there is one, and paho's thread in any case."""
        if self._started:
            wire = self._client.socket()
            self._client.disconnect()
            try:
                async with asyncio.timeout(_FAREWELL_S):
                    await self.over.wait()
            except TimeoutError:
                _cut(wire)
            await self._loop.run_in_executor(thread, self._client.loop_stop)
        else:
            # A connect that was given up may still be under way in `thread`; this comes after it.
            await self._loop.run_in_executor(thread, self._client.disconnect)
        self._end("closed")
        # Without its way back to us the client is freed, and its inner sockets closed, now.
        self._wire = None
        self._client.failed = None
        self._client.on_socket_open = None
        self._client.on_connect = None
        self._client.on_disconnect = None
        self._client.on_subscribe = None
        self._client.on_publish = None
        self._client.on_message = None

    async def _answered(self, code: MQTTErrorCode, mid: int | None) -> ReasonCode:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            self._end(str(code))
            raise UplinkLostError(f"the connection broke: {self.ended_by}")
        with self._answer_to(mid) as answer:
            try:
                async with asyncio.timeout(self.patience_s):
                    return await answer
            except TimeoutError:
                self._end("no answer in time")
                raise UplinkLostError(
                    f"no answer from the broker within {self.patience_s:g} s"
                ) from None

    @contextmanager
    def _answer_to(self, mid: int) -> Iterator[asyncio.Future[ReasonCode]]:
        answer: asyncio.Future[ReasonCode] = self._loop.create_future()
        if self.over.is_set():
            raise UplinkLostError(f"the connection broke: {self.ended_by}")
        self._answers[mid] = answer
        try:
            yield answer
        finally:
            del self._answers[mid]
            answer.cancel()

    def _answer(self, mid: int, reason: ReasonCode) -> None:
        answer = self._answers.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(reason)

    def _end(self, reason: str) -> None:
        if self.over.is_set():
            return
        self.ended_by = reason
        self.over.set()
        for mid, answer in self._answers.items():
            if not answer.done():
                answer.set_exception(self._why(mid, reason))

    def _why(self, mid: int, reason: str) -> OSError:
        """Return what to tell whoever waits; one that connects is told how the broker refused our TLS."""
        wire = self._wire
        if mid == _CONNACK and isinstance(wire, TlsSocket) and wire.refusal is not None:
            return wire.refusal
        return UplinkLostError(f"the connection broke: {reason}")

    def _hear(self, topic: str, payload: bytes) -> None:
        self._places.release()
        self._heard(topic, payload)

    # What follows is called on paho's thread.

    def _tell(self, what: Callable[..., None], *values: object) -> None:
        self._loop.call_soon_threadsafe(what, *values)

    def _on_socket_open(self, _client: Client, _userdata: object, wire: object) -> None:
        self._wire = wire
        # Without Nagle's algorithm: a scan behind a PUBACK would wait 40 ms for the broker's TCP ACK.
        if isinstance(wire, socket.socket):
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._tell(self._answer, _CONNACK, reason)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._tell(self._end, str(reason))

    def _on_failure(self, why: str) -> None:
        self._tell(self._end, why)

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        failures = (reason for reason in reasons if reason.is_failure)
        self._tell(self._answer, mid, next(failures, reasons[0]))

    def _on_publish(
        self,
        _client: Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._tell(self._answer, mid, reason)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        # What is longer than any message is cut: refused by its length, and not kept.
        payload = bytes(message.payload[: MAX_BYTES + 1])
        topic = message.topic
        now_ms = time.monotonic_ns() // 1_000_000
        if self._intake.take(len(payload), now_ms) and self._places.acquire(blocking=False):
            self._tell(self._hear, topic, payload)


def _cut(wire: object) -> None:
    """Make paho's thread find the connection broken, so that it ends."""
    if isinstance(wire, socket.socket) and wire.fileno() >= 0:
        wire.shutdown(socket.SHUT_RDWR)
