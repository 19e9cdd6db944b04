"""The server's end of MQTT: what edges say comes out of a queue, answers go back.

Owns: the connection to the broker, and telling the broker that a message is done with.
Never: what a message means, or whether it is well formed.

The broker keeps what is not done with (QoS 1), so a server that is slow holds the broker back and not
its own memory. Nothing rests on it: what a broker loses, the edges send again.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import structlog

from shopbell_server.ingest.account import client_as
from shopbell_wire import codec, topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from shopbell_server.ingest.account import Credentials
    from shopbell_wire.messages import Ack

log = structlog.get_logger()

_MOST_WAITING: Final = 4096
"""Messages in the queue. Brokers hand out at most 20 (Mosquitto) to 1024 (NATS) undone ones, so this is
never reached by default. Of a broker that hands out more, the rest is let go: the edges send it again."""

_MOST_ANSWERS: Final = 1_000
"""Answers on their way to a broker that is slow: an edge that gets none asks again."""

_ASK_AGAIN_S: Final = 30.0
"""After a broker forbade our topic: somebody may be mending its rights."""

_KEEPALIVE_S: Final = 30
"""A broker that died without a word is noticed within one and a half of these."""

_RETRY_S: Final = (1, 30)
"""Least and most seconds between attempts to connect; paho doubles in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message as it came. `mid` is the broker's number for it."""

    topic: str
    payload: bytes
    retained: bool
    mid: int
    connection: int


class Subscriber:
    """Connected while its context is open; reconnects by itself for as long as that is."""

    def __init__(  # noqa: PLR0913  (whom to speak to as whom, and how patiently)
        self,
        tenant: str,
        address: tuple[str, int],
        protocol: str,
        credentials: Credentials,
        client_id: str,
        *,
        most_waiting: int = _MOST_WAITING,
        ask_again_s: float = _ASK_AGAIN_S,
    ) -> None:
        """Bound the queue by `most_waiting`; ask a broker that forbids us again after `ask_again_s`.

        Raises BrokerCertificatesError.
        """
        self._tenant = tenant
        self._address = address
        self._waiting: queue.Queue[Incoming] = queue.Queue(most_waiting)
        self._is_full = False
        self._ask_again_s = ask_again_s
        self._subscribed = threading.Event()
        self._forbidden_at: float | None = None
        self._reached = True
        self._connection = 0
        self._client = client = client_as(client_id, protocol, credentials, manual_ack=True)
        client.reconnect_delay_set(*_RETRY_S)
        client.max_queued_messages_set(_MOST_ANSWERS)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message

    def __enter__(self) -> Self:
        # Not connect(): a broker that is not there yet is waited for, like one that went away.
        self._client.connect_async(*self._address, keepalive=_KEEPALIVE_S)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._subscribed.clear()  # first: to leave is not to lose the broker
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def listening(self) -> bool:
        """Whether edges are heard right now."""
        return self._subscribed.is_set()

    @property
    def forbidden(self) -> bool:
        """Whether the broker let us in and does not let us hear; it is asked again in a while."""
        return self._forbidden_at is not None

    @property
    def is_full(self) -> bool:
        """Whether the last message that came found no room."""
        return self._is_full

    def gather(self, most: int, wait_s: float, idle_s: float) -> list[Incoming]:
        """Return up to `most` messages: those within `wait_s` of the first; none after `idle_s`."""
        gathered: list[Incoming] = []
        self._ask_again()
        try:
            gathered.append(self._waiting.get(timeout=idle_s))
            until = time.monotonic() + wait_s
            while len(gathered) < most:
                left_s = until - time.monotonic()
                gathered.append(
                    self._waiting.get(timeout=left_s) if left_s > 0 else self._waiting.get_nowait()
                )
        except queue.Empty:
            pass
        return gathered

    def answer(self, edge: str, ack: Ack) -> None:
        """Tell an edge what is committed. If it does not arrive, the edge asks by sending again."""
        if self._client.is_connected():
            topic = topics.EdgeTopic(tenant=self._tenant, edge=edge, kind=topics.Kind.ACK)
            self._client.publish(str(topic), codec.encode(ack), qos=1)

    def done(self, messages: Sequence[Incoming]) -> None:
        """Let the broker forget `messages`; those of an earlier connection it has forgotten itself."""
        for message in messages:
            if message.connection == self._connection:
                self._client.ack(message.mid, 1)

    def _on_connect(
        self,
        client: Client,
        _data: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.warning("broker_refused_us", reason=str(reason))
            return
        self._reached = True
        self._connection += 1
        client.subscribe(topics.from_edges(self._tenant), qos=1)

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        if self._reached:
            self._reached = False
            log.warning("broker_unreachable", host=self._address[0], port=self._address[1])

    def _ask_again(self) -> None:
        """Subscribe once more if the broker forbade it a while ago."""
        at = self._forbidden_at
        if at is not None and time.monotonic() - at >= self._ask_again_s:
            self._forbidden_at = None
            self._client.subscribe(topics.from_edges(self._tenant), qos=1)

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            # Some brokers allow the connection and forbid the topic; without it we are deaf.
            log.error("broker_forbids_topic", topic=topics.from_edges(self._tenant))
            self._forbidden_at = time.monotonic()
            return
        log.info("broker_connected", host=self._address[0], port=self._address[1])
        self._subscribed.set()

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._subscribed.is_set():
            log.warning("broker_lost", reason=str(reason))
        self._subscribed.clear()
        self._forbidden_at = None

    def _on_message(self, client: Client, _data: object, message: MQTTMessage) -> None:
        incoming = Incoming(
            topic=message.topic,
            payload=bytes(message.payload),
            retained=message.retain,
            mid=message.mid,
            connection=self._connection,
        )
        if message.qos == 0:
            return  # no edge of ours sends so; nothing could be answered for
        try:
            self._waiting.put_nowait(incoming)
        except queue.Full:
            # Let go of it: what is never done with would narrow the broker's window for good.
            client.ack(message.mid, message.qos)
            if not self._is_full:
                self._is_full = True
                log.warning("ingest_queue_full", waiting=self._waiting.maxsize)
        else:
            self._is_full = False
