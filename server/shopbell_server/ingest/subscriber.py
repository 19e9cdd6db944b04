"""The server's end of MQTT: what edges say comes out of a queue, answers go back.

Owns: the connection to the broker, and telling the broker that a message is done with.
Never: what a message means, or whether it is well formed.

The broker keeps what is not done with (QoS 1), so a server that is slow holds the broker back and not
its own memory. Nothing rests on it: what a broker loses, the edges send again.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Self

import structlog

from shopbell_server.ingest.account import client_as
from shopbell_server.ingest.waiting import MOST_WAITING, Incoming, Waiting
from shopbell_wire import codec, topics

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ingest.account import Credentials
    from shopbell_server.ingest.board_changes import BoardChanges
    from shopbell_wire.messages import Ack

log = structlog.get_logger()

GROUP: Final = "ingest"
"""Whoever shares what edges send does so under this name."""

_MOST_ANSWERS: Final = 1_000
"""Answers on their way to a broker that is slow: an edge that gets none asks again."""

_ASK_AGAIN_S: Final = 30.0
"""After a broker forbade our topic: somebody may be mending its rights."""

_KEEPALIVE_S: Final = 30
"""A broker that died without a word is noticed within one and a half of these."""

_RETRY_S: Final = (1, 30)
"""Least and most seconds between attempts to connect; paho doubles in between."""


class Subscriber:
    """Connected while its context is open; reconnects by itself for as long as that is."""

    def __init__(  # noqa: PLR0913  (whom to speak to as whom, what of, and how patiently)
        self,
        tenant: str,
        addresses: Sequence[tuple[str, int]],
        protocol: str,
        credentials: Credentials,
        client_id: str,
        *,
        edges: bool = True,
        changes: BoardChanges | None = None,
        most_waiting: int = MOST_WAITING,
        ask_again_s: float = _ASK_AGAIN_S,
        statuses_for: Waiting | None = None,
    ) -> None:
        """Connect to the first of `addresses` that has us: to the next one after each failure or loss.

        Hears what edges say if `edges`; with MQTT 5 each batch goes to one of all who hear, while everybody
        hears how edges do. Hears and tells other processes of boards by `changes`, if there are others.
        Bounds the queue by `most_waiting`; asks a broker that forbids us again after `ask_again_s`. With
        `statuses_for` it hears only how edges do, of the past too, and puts it there.
        Raises BrokerCertificatesError.
        """
        self._tenant = tenant
        self._addresses = addresses
        self._turn = 0
        self._filters = _filters(tenant, protocol) if edges else []
        if statuses_for is not None:
            self._filters = [(topics.statuses(tenant), 1)]
        self._changes = changes
        self._boards_mid: int | None = None
        self._waiting = Waiting(most_waiting) if statuses_for is None else statuses_for
        self._ask_again_s = ask_again_s
        self._subscribed = threading.Event()
        self._leaving = False
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
        self._client.connect_async(*self._addresses[0], keepalive=_KEEPALIVE_S)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving = True
        self._subscribed.clear()  # first: to leave is not to lose the broker
        client = self._client
        client.disconnect()
        client.loop_stop()
        # Without its way back to us the client is freed, and its inner sockets closed, with us.
        client.on_connect = client.on_connect_fail = client.on_subscribe = None
        client.on_disconnect = client.on_message = None

    @property
    def listening(self) -> bool:
        """Whether edges are heard right now; of who does not hear edges, whether there is a broker."""
        return self._subscribed.is_set()

    @property
    def forbidden(self) -> bool:
        """Whether the broker let us in and does not let us hear; it is asked again in a while."""
        return self._forbidden_at is not None

    @property
    def is_full(self) -> bool:
        """Whether the last message that came found no room."""
        return self._waiting.is_full

    def gather(self, most: int, wait_s: float, idle_s: float) -> list[Incoming]:
        """Return up to `most` messages: those within `wait_s` of the first; none after `idle_s`."""
        self.ask_again()
        return self._waiting.gather(most, wait_s, idle_s)

    def answer(self, edge: str, ack: Ack) -> None:
        """Tell an edge what is committed. If it does not arrive, the edge asks by sending again."""
        if self._client.is_connected():
            topic = topics.EdgeTopic(tenant=self._tenant, edge=edge, kind=topics.Kind.ACK)
            self._client.publish(str(topic), codec.encode(ack), qos=1)

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        """Tell the other processes whose rows changed. From any thread; what is lost costs seconds."""
        if self._changes is not None and self._client.is_connected():
            for topic, payload in self._changes.messages(store, persons):
                self._client.publish(topic, payload, qos=0)

    def done(self, messages: Sequence[Incoming]) -> None:
        """Let the broker forget `messages`; those of an earlier connection it has forgotten itself."""
        for message in messages:
            if message.mid and message.connection == self._connection:
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
        if self._filters:
            client.subscribe(self._filters)
        else:
            self._is_there()
        if self._changes is not None:
            _, self._boards_mid = client.subscribe(self._changes.filter, qos=0)

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        if self._reached:
            self._reached = False
            host, port = self._addresses[self._turn]
            log.warning("broker_unreachable", host=host, port=port)
        self._next()

    def _next(self) -> None:
        """Turn to the next address, if there are several, for the attempt that comes."""
        if len(self._addresses) > 1 and not self._leaving:
            self._turn = (self._turn + 1) % len(self._addresses)
            self._client.connect_async(*self._addresses[self._turn], keepalive=_KEEPALIVE_S)

    def ask_again(self) -> None:
        """Subscribe once more if the broker forbade it a while ago."""
        at = self._forbidden_at
        if at is not None and time.monotonic() - at >= self._ask_again_s:
            self._forbidden_at = None
            self._client.subscribe(self._filters)

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        forbidden = any(reason.is_failure for reason in reasons)
        if mid == self._boards_mid:
            if forbidden:
                log.warning("broker_forbids_boards", topic=topics.between_boards(self._tenant))
        elif forbidden:
            # Some brokers allow the connection and forbid the topic; without it we are deaf.
            log.error("broker_forbids_topic", topic=topics.from_edges(self._tenant))
            self._forbidden_at = time.monotonic()
        else:
            self._is_there()

    def _is_there(self) -> None:
        host, port = self._addresses[self._turn]
        log.info("broker_connected", host=host, port=port)
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
        self._next()

    def _on_message(self, client: Client, _data: object, message: MQTTMessage) -> None:
        payload = bytes(message.payload)
        if self._changes is not None and self._changes.hear(message.topic, payload):
            if message.qos:
                client.ack(message.mid, message.qos)  # by somebody else than us
            return
        if message.qos == 0:
            return  # no edge of ours sends so; nothing could be answered for
        incoming = Incoming(
            topic=message.topic,
            payload=payload,
            retained=message.retain,
            mid=message.mid,
            connection=self._connection,
        )
        if not self._waiting.put(incoming):
            # Let go of it: what is never done with would narrow the broker's window for good.
            client.ack(message.mid, message.qos)


def _filters(tenant: str, protocol: str) -> list[tuple[str, int]]:
    """Return what to subscribe to, with which QoS.

    A shared subscription gets no retained message (MQTT 5, 4.8.2), and each message goes to one who shares:
    so statuses and wills are asked for a second time, for everybody.
    """
    if protocol != "5":
        return [(topics.from_edges(tenant), 1)]
    return [(f"$share/{GROUP}/{topics.from_edges(tenant)}", 1), (topics.statuses(tenant), 1)]
