"""One connection to the broker beside the server's: orders out, and what edges say of themselves in.

Owns: the connection, from CONNECT to the end, and how long the broker may take.
Never: the server's own subscription; two that shared a name would throw each other out.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, Self

from paho.mqtt.enums import MQTTErrorCode

from shopbell_server.ingest.account import client_as
from shopbell_wire import codec, topics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from shopbell_server.ingest.account import Credentials
    from shopbell_wire.messages import Status
    from shopbell_wire.orders import Kind

ANSWER_S: Final = 10.0
"""For each answer of the broker; somebody waits at a keyboard."""

QUIET_S: Final = 0.5
"""Retained messages come in one go after SUBACK; nobody says which is the last. A broker far away takes 0.2 s
from one to the next at worst."""

_TOPICS: Final[Mapping[Kind, topics.Kind]] = {
    "config": topics.Kind.CONFIG,
    "command": topics.Kind.COMMAND,
}


class BrokerUnreachableError(ConnectionError):
    """The broker does not answer, or will not have us; the text says which broker, and why."""


class Courier:
    """Connected while its context is open."""

    def __init__(
        self,
        tenant: str,
        address: tuple[str, int],
        protocol: str,
        credentials: Credentials,
        client_id: str,
    ) -> None:
        """Raise BrokerCertificatesError for certificates that are none."""
        self._tenant = tenant
        self._address = address
        self._changed = threading.Condition()
        self._connected: ReasonCode | None = None
        self._subscribed: ReasonCode | None = None
        self._published: dict[int, ReasonCode] = {}
        self._statuses: dict[str, bytes] = {}
        self._heard_at = 0.0
        self._client = client = client_as(client_id, protocol, credentials, reconnects=False)
        client.connect_timeout = ANSWER_S
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def __enter__(self) -> Self:
        """Connect, or raise BrokerUnreachableError."""
        try:
            self._client.connect(*self._address)
        except OSError as error:
            raise self._unreachable(error.strerror or str(error)) from None
        self._client.loop_start()
        self._wait(lambda: self._connected is not None)
        reason = self._connected
        if reason is None or reason.is_failure:
            self._close()
            raise self._unreachable("no answer" if reason is None else f"it says: {reason}")
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def deliver(self, edge: str, kind: Kind, payload: bytes) -> None:
        """Hand an order for `edge` to the broker, who keeps settings for an edge that is away.

        Raises BrokerUnreachableError if it was not taken: then it was not sent.
        """
        topic = topics.EdgeTopic(tenant=self._tenant, edge=edge, kind=_TOPICS[kind])
        sent = self._client.publish(str(topic), payload, qos=1, retain=kind == "config")
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._unreachable("the connection broke")
        if not self._wait(lambda: sent.mid in self._published):
            raise self._unreachable("it did not take the order")
        reason = self._published[sent.mid]
        if reason.is_failure:
            raise self._unreachable(f"it did not take the order: {reason}")

    def statuses(self) -> Mapping[str, Status]:
        """Return the retained status of each edge that ever connected, as far as they can be read."""
        topic = topics.EdgeTopic(tenant=self._tenant, edge="x", kind=topics.Kind.STATUS)
        self._client.subscribe(str(topic).replace("/x/", "/+/"), qos=1)
        if not self._wait(lambda: self._subscribed is not None):
            raise self._unreachable("no answer")
        if self._subscribed is not None and self._subscribed.is_failure:
            raise self._unreachable(f"it does not tell how edges do: {self._subscribed}")
        with self._changed:
            self._heard_at = time.monotonic()
            while (left_s := self._heard_at + QUIET_S - time.monotonic()) > 0:
                self._changed.wait(left_s)
            payloads = dict(self._statuses)
        found: dict[str, Status] = {}
        for edge, payload in payloads.items():
            try:
                status = codec.decode_status(payload)
            except codec.MalformedError:
                continue
            if status.edge == edge:
                found[edge] = status
        return found

    def _wait(self, true: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(true, ANSWER_S)

    def _unreachable(self, why: str) -> BrokerUnreachableError:
        host, port = self._address
        return BrokerUnreachableError(f"the broker at {host}:{port} cannot be used: {why}")

    def _close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    # What follows is called on paho's thread.

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._changed:
            self._connected = reason
            self._changed.notify_all()

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._changed:
            if self._connected is None:
                self._connected = reason
            self._changed.notify_all()

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        with self._changed:
            self._subscribed = reasons[0]
            self._changed.notify_all()

    def _on_publish(
        self,
        _client: Client,
        _data: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._changed:
            self._published[mid] = reason
            self._changed.notify_all()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = topics.parse(message.topic)
        except codec.MalformedError:
            return
        with self._changed:
            if isinstance(topic, topics.EdgeTopic):
                self._statuses[topic.edge] = bytes(message.payload)
            self._heard_at = time.monotonic()
            self._changed.notify_all()
