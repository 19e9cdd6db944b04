"""The server's end of a NATS cluster: batches as one of a queue group, answers back to the edges' MQTT.

Owns: the connection to one node after another, in a thread with an event loop of its own.
Never: what a message means. JetStream neither: nothing rests on the cluster.

The nodes take what edges publish over MQTT as messages of their own, a slash for a dot, and hand each to one
worker of the group. No confirmation is asked for: what a node loses when it dies, or hands to a worker that
dies, gets no answer, and its edge sends it again. What is published here reaches edges with QoS 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Self

import nats.errors
import structlog
from nats.aio.client import Client

from shopbell_server.ingest.account import tls_context
from shopbell_server.ingest.subscriber import GROUP, Subscriber
from shopbell_server.ingest.waiting import MOST_WAITING, Incoming, Waiting
from shopbell_wire import codec, topics

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from nats.aio.msg import Msg

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ingest.account import Credentials
    from shopbell_server.ingest.board_changes import BoardChanges
    from shopbell_wire.messages import Ack

log = structlog.get_logger()

_ANSWER_S: Final = 5.0
"""For each answer of a node: to connect, to subscribe."""

_PING_S: Final = 10
"""Two of them without an answer, and a node that died without a word is given up."""

_RETRY_S: Final = (0.5, 15.0)
"""Least and most seconds between attempts; doubled in between. Of three nodes two are there as a rule."""

_FORBIDDEN_S: Final = 30.0
"""After a node forbade what we subscribe to: somebody may be mending its rights."""

_MOST_SAID: Final = 4_096
"""Answers and board changes for a node that is slow. The oldest go: edges ask again, boards look."""


class NatsLine:
    """Connected while its context is open; turns to the next node by itself for as long as that is."""

    def __init__(  # noqa: PLR0913  (whom to speak to as whom, what of, and how patiently)
        self,
        tenant: str,
        addresses: Sequence[tuple[str, int]],
        credentials: Credentials,
        name: str,
        *,
        edges: bool = True,
        changes: BoardChanges | None = None,
        mqtt: Sequence[tuple[str, int]] = (),
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """Hear what edges say if `edges`, each batch one of all who do; tell and hear of boards by `changes`.

        `mqtt` is where the same nodes speak MQTT: they tell there how edges did before we came, which they
        tell nobody else. Raises BrokerCertificatesError.
        """
        self._tenant = tenant
        self._addresses = addresses
        self._credentials = credentials
        self._tls = tls_context(credentials)
        self._name = name
        self._edges = edges
        self._changes = changes
        self._waiting = Waiting(most_waiting)
        self._past: Subscriber | None = None
        if edges and mqtt:
            self._past = Subscriber(
                tenant, mqtt, "3.1.1", credentials, f"{name}_past", statuses_for=self._waiting
            )
        self._said: deque[tuple[str, bytes]] = deque(maxlen=_MOST_SAID)
        self._listening = threading.Event()
        self._forbidden = False
        self._reached = True
        self._loop = asyncio.new_event_loop()
        self._woken = asyncio.Event()
        self._leaving = threading.Event()
        self._patience: asyncio.Timeout | None = None
        self._trouble: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="nats")

    def __enter__(self) -> Self:
        self._thread.start()
        if self._past is not None:
            self._past.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._past is not None:
            self._past.__exit__()
        self._leaving.set()
        self._loop.call_soon_threadsafe(self._leave)
        self._thread.join()
        self._loop.close()

    @property
    def listening(self) -> bool:
        """Whether edges are heard right now; of who does not hear edges, whether there is a node."""
        return self._listening.is_set()

    @property
    def is_full(self) -> bool:
        """Whether the last message that came found no room."""
        return self._waiting.is_full

    def gather(self, most: int, wait_s: float, idle_s: float) -> list[Incoming]:
        """Return up to `most` messages: those within `wait_s` of the first; none after `idle_s`."""
        if self._past is not None:
            self._past.ask_again()
        return self._waiting.gather(most, wait_s, idle_s)

    def answer(self, edge: str, ack: Ack) -> None:
        """Tell an edge what is committed. If it does not arrive, the edge asks by sending again."""
        topic = topics.EdgeTopic(tenant=self._tenant, edge=edge, kind=topics.Kind.ACK)
        self._say([(str(topic), codec.encode(ack))])

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        """Tell the other processes whose rows changed. From any thread; what is lost costs seconds."""
        if self._changes is not None:
            self._say(list(self._changes.messages(store, persons)))

    def done(self, messages: Sequence[Incoming]) -> None:
        """Let the broker forget statuses of the past; of the rest a node has forgotten what it handed out."""
        if self._past is not None:
            self._past.done(messages)

    def _say(self, messages: Sequence[tuple[str, bytes]]) -> None:
        if self._listening.is_set():  # else nobody hears, and whoever waits asks again
            self._said.extend(messages)
            self._loop.call_soon_threadsafe(self._woken.set)

    # What follows runs in the thread of the event loop.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    def _leave(self) -> None:
        self._woken.set()
        if self._patience is not None:
            self._patience.reschedule(self._loop.time())

    async def _serve(self) -> None:
        turn, pause_s = 0, _RETRY_S[0]
        while not self._leaving.is_set():
            host, port = self._addresses[turn % len(self._addresses)]
            turn += 1
            if await self._one_connection(host, port):
                pause_s = _RETRY_S[0]
            until = self._loop.time() + (_FORBIDDEN_S if self._forbidden else pause_s)
            pause_s = min(2 * pause_s, _RETRY_S[1])
            while not self._leaving.is_set() and self._loop.time() < until:
                self._woken.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(until - self._loop.time()):
                        await self._woken.wait()

    async def _one_connection(self, host: str, port: int) -> bool:
        """Connect and serve until that is over; return whether there was a connection at all."""
        client = Client()
        try:
            if not await self._greet(client, host, port):
                return False
            log.info("broker_connected", host=host, port=port)
            self._reached = True
            self._said.clear()
            self._listening.set()
            await self._speak(client)
        finally:
            self._listening.clear()
            with contextlib.suppress(OSError, nats.errors.Error, TimeoutError):
                async with asyncio.timeout(_ANSWER_S):
                    await client.close()
        return True

    async def _greet(self, client: Client, host: str, port: int) -> bool:
        """Connect and subscribe; return whether all that is needed is granted."""
        self._forbidden = False
        self._trouble = None
        place = f"[{host}]" if ":" in host else host
        try:
            async with asyncio.timeout(_ANSWER_S) as self._patience:
                await client.connect(
                    [f"nats://{place}:{port}"],
                    name=self._name,
                    user=self._credentials.username,
                    password=self._credentials.password,
                    tls=self._tls,
                    # Else whoever stands in between may say that no TLS is wanted, and be told the password.
                    tls_handshake_first=self._tls is not None,
                    allow_reconnect=False,  # `_serve` does it, in its own order
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    ping_interval=_PING_S,
                    max_outstanding_pings=2,
                    error_cb=self._on_error,
                    closed_cb=self._on_closed,
                )
                await self._subscribe(client)
                await client.flush()
        except (OSError, nats.errors.Error, TimeoutError) as error:
            self._unreached(host, port, error)
            return False
        finally:
            self._patience = None
        return not self._forbidden

    async def _subscribe(self, client: Client) -> None:
        if self._edges:
            await client.subscribe(
                _subject(topics.from_edges(self._tenant)), queue=GROUP, cb=self._on_message
            )
            await client.subscribe(_subject(topics.statuses(self._tenant)), cb=self._on_message)
        if self._changes is not None:
            await client.subscribe(_subject(self._changes.filter), cb=self._on_change)

    async def _speak(self, client: Client) -> None:
        """Publish what is to be said until the connection ends, is found to be of no use, or we leave."""
        while not self._leaving.is_set() and client.is_connected and not self._forbidden:
            self._woken.clear()
            while self._said:
                topic, payload = self._said.popleft()
                try:
                    await client.publish(_subject(topic), payload)
                except (OSError, nats.errors.Error):
                    break  # the connection ended, or its buffer is full: who waits asks again
            await self._woken.wait()
        if not self._leaving.is_set() and not self._forbidden:
            log.warning("broker_lost", reason=_why(client.last_error))

    def _unreached(self, host: str, port: int, error: Exception) -> None:
        if not self._reached or self._leaving.is_set():
            return
        self._reached = False
        error = self._trouble or error  # what the client makes of it says less
        if "authorization" in str(error).lower():
            log.warning("broker_refused_us", reason=_why(error))
        else:
            log.warning("broker_unreachable", host=host, port=port, reason=_why(error))

    async def _on_message(self, message: Msg) -> None:
        self._waiting.put(
            Incoming(topic=_topic(message.subject), payload=message.data, retained=False)
        )

    async def _on_change(self, message: Msg) -> None:
        if self._changes is not None:
            self._changes.hear(_topic(message.subject), message.data)

    async def _on_closed(self) -> None:
        self._woken.set()

    async def _on_error(self, error: Exception) -> None:
        said = str(error).lower()
        if "permissions violation for subscription" not in said:
            self._trouble = error  # a connection that fails says so by ending
            return
        if self._changes is not None and _subject(self._changes.filter) in said:
            log.warning("broker_forbids_boards", topic=self._changes.filter)
        else:
            # It may be told of this after `_greet` had its answer.
            self._forbidden = True
            self._listening.clear()
            self._woken.set()
            log.error("broker_forbids_topic", topic=topics.from_edges(self._tenant))


def _subject(topic: str) -> str:
    """Return how NATS calls a topic or a filter of ours, in which there are neither dots nor spaces."""
    return topic.replace("/", ".").replace("+", "*")


def _topic(subject: str) -> str:
    return subject.replace(".", "/")


def _why(error: Exception | None) -> str:
    return "closed" if error is None else str(error) or type(error).__name__
