"""The uplink over MQTT.

Owns: that there is a connection whenever there can be one, and what each of them says first.
Never: what to send or when to send it again; nothing is queued here.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import structlog

from shopbell_edge.adapters.mqtt.broker import CredentialsError
from shopbell_edge.adapters.mqtt.session import RefusedError, Session
from shopbell_edge.core.complaint_pace import once_more
from shopbell_edge.ports import UplinkLostError
from shopbell_wire import codec, orders
from shopbell_wire.malformed import MalformedError
from shopbell_wire.topics import EdgeTopic, Kind, to_edge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from shopbell_edge.adapters.mqtt.broker import Broker
    from shopbell_edge.core.batching import Lane
    from shopbell_edge.core.complaint_pace import Trouble
    from shopbell_wire.messages import Ack, Status

_T = TypeVar("_T")

_ACKS_HELD: Final = 1_000
"""Acks not yet read. Past it the oldest goes: its batches are sent again and acknowledged again."""

_ORDERS_HELD: Final = 32
"""Orders not yet read. A server sends one at a time; of somebody who sends more the oldest are dropped."""

_ORDERS: Final[Mapping[Kind, orders.Kind]] = {Kind.CONFIG: "config", Kind.COMMAND: "command"}

_STOOD_S: Final = 10.0
"""How long a connection has to stand before the next failure counts as the first. Two edges of one name end
each other's as soon as they are made: without this they would do so every half second, for ever."""

_PASSING: Final = frozenset({"uplink_unreachable", "uplink_lost"})
"""What goes by without anybody; the rest waits for a person."""

log = structlog.get_logger()


class MqttUplink:
    """An Uplink while `run` runs. All of its state lives on the event loop."""

    def __init__(
        self, broker: Broker, describe: Callable[[int, Literal["online", "offline"]], Status]
    ) -> None:
        """Speak with `broker`; `describe` makes the retained status of a connection's number.

        The offline one is the connection's last will.
        """
        self._broker = broker
        self._node = broker
        self._failures = 0
        self._describe = describe
        self._connection = 0
        self._session: Session | None = None
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._down.set()
        self._trouble: Trouble | None = None
        self._acks: asyncio.Queue[Ack] = asyncio.Queue(maxsize=_ACKS_HELD)
        self._orders: asyncio.Queue[tuple[orders.Kind, bytes]] = asyncio.Queue(_ORDERS_HELD)
        self._kinds = {self._topic(kind): order for kind, order in _ORDERS.items()}
        self._ack_topic = self._topic(Kind.ACK)
        self._slow = 0
        self.malformed_acks = 0
        """Messages on down/ack that were none."""

    @property
    def connection(self) -> int:
        """Rises with every connection made; 0 before the first."""
        return self._connection

    @property
    def online(self) -> bool:
        """Whether there is a connection now."""
        return self._up.is_set()

    async def run(self) -> None:
        """Keep a connection until cancelled; then say that this edge is offline, and leave.

        Of several addresses the one that failed gives way to the next; one that had us for a while is tried
        first again.

        Whatever prevents one is logged and tried again, for an edge on a shelf has nobody to ask:
        `uplink_unreachable`, `uplink_refused` (password, certificate, rights), `uplink_untrusted`
        (TLS), `uplink_unreadable` (our own files), `uplink_lost` (it ended). `times` says how often in a
        row; the same is said the 1st, 2nd, 4th, 8th … time.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mqtt")
        delays = self._broker.backoff.delays(random.uniform)
        try:
            while True:
                self._node = self._broker.node(self._failures)
                stood_s = await self._one_connection(thread)
                if stood_s >= _STOOD_S:
                    self._slow = 0
                    delays = self._broker.backoff.delays(random.uniform)
                else:
                    self._failures += 1
                await asyncio.sleep(next(delays))
        finally:
            thread.shutdown()

    async def connected(self) -> None:
        """Return once there is a connection."""
        await self._up.wait()

    async def lost(self) -> None:
        """Return once there is none."""
        await self._down.wait()

    async def publish(self, lane: Lane, payload: bytes) -> None:
        """Hand `payload` to the broker and wait for its PUBACK, which is flow control and no more."""
        kind = Kind.LIVE if lane == "live" else Kind.BACKLOG
        await self._publish(self._topic(kind), payload, retain=False)

    async def report(self, status: Status) -> None:
        """Publish the retained status."""
        payload = codec.encode(status)
        await self._publish(self._topic(Kind.STATUS), payload, retain=True)

    async def acks(self) -> AsyncIterator[Ack]:
        """Yield the server's acknowledgements, over all connections."""
        while True:
            yield await self._acks.get()

    async def orders(self) -> AsyncIterator[tuple[orders.Kind, bytes]]:
        """Yield what came as orders, over all connections."""
        while True:
            yield await self._orders.get()

    async def _one_connection(self, thread: ThreadPoolExecutor) -> float:
        """Connect, and return when that is over: for how many seconds there was a connection."""
        number = self._connection + 1
        will = (self._topic(Kind.STATUS), codec.encode(self._describe(number, "offline")))
        try:
            patience_s = self._broker.patience_s(self._slow)
            session = Session(self._node, will=will, heard=self._take, patience_s=patience_s)
        except CredentialsError as error:
            self._complain("uplink_unreadable", str(error))
            return 0.0
        try:
            if not await self._greet(session, thread, number):
                return 0.0
            began_s = asyncio.get_running_loop().time()
            await session.over.wait()
            stood_s = asyncio.get_running_loop().time() - began_s
            if stood_s >= _STOOD_S:
                self._trouble = None
            self._complain("uplink_lost", session.ended_by)
        except asyncio.CancelledError:
            if self._session is session and not session.over.is_set():
                await self._take_leave(session, number)
            raise
        finally:
            self._gone()
            await session.close(thread)
        return stood_s

    async def _greet(self, session: Session, thread: ThreadPoolExecutor, number: int) -> bool:
        """Connect, subscribe, report; return whether all of it worked."""
        try:
            async with asyncio.timeout(session.patience_s):
                await session.open(thread)
                # Once for all that it is told: a NATS node keeps a consumer for each subscription.
                await session.subscribe(to_edge(self._broker.tenant, self._broker.edge))
                online = codec.encode(self._describe(number, "online"))
                await session.publish(self._topic(Kind.STATUS), online, retain=True)
        except (RefusedError, OSError) as error:
            # It is there and has much to do. To begin anew as soon as before would give it more, for ever.
            self._slow += isinstance(error, TimeoutError) and session.is_reached
            self._log_failure(error)
            return False
        self._connection = number
        self._session = session
        self._down.clear()
        self._up.set()
        trouble = self._trouble
        if trouble is None or trouble.event != "uplink_lost" or trouble.news:
            log.info("uplink_connected", **self._where(), conn=number)
        return True

    async def _take_leave(self, session: Session, number: int) -> None:
        # A DISCONNECT in good order discards the will, so what it would have said is said here.
        offline = codec.encode(self._describe(number, "offline"))
        try:
            await session.publish(self._topic(Kind.STATUS), offline, retain=True)
        except UplinkLostError as error:
            log.warning("uplink_lost", conn=number, reason=str(error))

    def _log_failure(self, error: RefusedError | OSError) -> None:
        match error:
            case RefusedError():
                self._complain("uplink_refused", str(error))
            case ssl.SSLCertVerificationError():
                self._complain("uplink_untrusted", error.verify_message)
            case ssl.SSLError():
                self._complain("uplink_untrusted", error.reason or str(error))
            case _:
                self._complain("uplink_unreachable", str(error) or type(error).__name__)

    def _complain(self, event: str, reason: str) -> None:
        """Say what is wrong, where that is news."""
        now = self._trouble = once_more(self._trouble, event, reason)
        if now.news:
            say = log.warning if event in _PASSING else log.error
            say(event, **self._where(), conn=self._connection, reason=reason, times=now.times)

    def _where(self) -> dict[str, str | int]:
        return {"host": self._node.host, "port": self._node.port}

    async def _publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        session = self._session
        if session is None:
            raise UplinkLostError("no connection to the broker")
        try:
            await session.publish(topic, payload, retain=retain)
        except UplinkLostError:
            if session.over.is_set() and session is self._session:
                self._gone()  # at once, so that nobody who tries again is told that it is up
            raise

    def _gone(self) -> None:
        self._session = None
        self._up.clear()
        self._down.set()

    def _take(self, topic: str, payload: bytes) -> None:
        if topic == self._ack_topic:
            self._take_ack(payload)
        elif (kind := self._kinds.get(topic)) is not None:
            _put(self._orders, (kind, payload))
        # Else it is of a kind that a newer server may say, and nothing is lost to us.

    def _take_ack(self, payload: bytes) -> None:
        try:
            ack = codec.decode_ack(payload)
        except MalformedError as error:
            self.malformed_acks += 1
            if (
                self.malformed_acks.bit_count() == 1
            ):  # the 1st, 2nd, 4th …: a flood must not fill the log
                log.warning("ack_malformed", reason=error.reason, count=self.malformed_acks)
            return
        _put(self._acks, ack)

    def _topic(self, kind: Kind) -> str:
        return str(EdgeTopic(tenant=self._broker.tenant, edge=self._broker.edge, kind=kind))


def _put(queue: asyncio.Queue[_T], what: _T) -> None:
    """Add to a full queue too: the oldest makes room."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(what)
