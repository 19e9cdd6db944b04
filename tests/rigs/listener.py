"""A plain MQTT client for tests: hears what an edge says, and says what a server would."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Self

from paho.mqtt.enums import CallbackAPIVersion

from shopbell_edge.adapters.mqtt.broker import context
from shopbell_program.mqtt_client import EndableClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

    from shopbell_edge.adapters.mqtt.broker import Tls
    from tests.rigs.brokers import BrokerProcess

WAIT_S = 40.0


class Listener:
    """Subscribed to `topics` once entered; `heard` grows by (topic, payload, retained).

    paho brings its connection back when the broker was away.
    """

    def __init__(
        self, broker: BrokerProcess, *topics: str, user: str = "server", tls: Tls | None = None
    ) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Condition()
        self._subscribed = asyncio.Event()
        self._topics = topics
        self._broker = broker
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = EndableClient(CallbackAPIVersion.VERSION2, client_id=f"listener-{id(self)}")
        self._client.username_pw_set(user, broker.users[user])
        if tls is not None:
            self._client.tls_set_context(context(tls))
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self.on_message: Callable[[str, bytes], None] | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._client.connect, "127.0.0.1", self._broker.port)
        self._client.loop_start()
        await self.subscribed()
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        # Without its way back to us the client is freed, and its inner sockets closed, now.
        self._client.on_connect = None
        self._client.on_disconnect = None
        self._client.on_subscribe = None
        self._client.on_message = None

    async def subscribed(self) -> None:
        """Return once it hears: at once, or when it is back after the broker was away."""
        async with asyncio.timeout(WAIT_S):
            await self._subscribed.wait()

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish `payload`; whether it arrives is the broker's affair."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    async def until(self, true: Callable[[], bool]) -> None:
        """Return once `true` holds; it is asked again after each message."""
        async with asyncio.timeout(WAIT_S), self._more:
            await self._more.wait_for(true)

    def payloads(self, ending: str) -> list[bytes]:
        """Return what came on topics that end in `ending`."""
        return [payload for topic, payload, _ in self.heard if topic.endswith(ending)]

    async def _take(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.heard.append((topic, payload, retained))
        if self.on_message is not None:
            self.on_message(topic, payload)
        async with self._more:
            self._more.notify_all()

    def _schedule(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001  # by call_soon
        task = self._loop.create_task(self._take(topic, payload, retained=retained))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_connect(
        self,
        client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not reason.is_failure:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: object,
        _mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._subscribed.set)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._subscribed.clear)

    def _on_message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(
            self._schedule, message.topic, bytes(message.payload), message.retain
        )


def _send_at_once(_client: Client, _userdata: object, wire: object) -> None:
    """Turn Nagle's algorithm off, as the server does."""
    if isinstance(wire, socket.socket):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
