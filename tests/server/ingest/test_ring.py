"""The whole ring: an edge publishes, the loop takes it into SQLite, the edge hears that it is committed."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Self

import pytest
from paho.mqtt.enums import CallbackAPIVersion
from structlog.testing import capture_logs

from shopbell_program.mqtt_client import EndableClient
from shopbell_server.core.ids import TenantId
from shopbell_server.ingest.account import Credentials
from shopbell_server.ingest.edges import Edges
from shopbell_server.ingest.embedded_broker import EmbeddedBroker, Login
from shopbell_server.ingest.loop import Ingest
from shopbell_server.ingest.subscriber import Subscriber
from shopbell_server.ports.database import DatabaseLostError
from shopbell_wire.codec import decode_ack
from shopbell_wire.messages import StreamStarted
from shopbell_wire.topics import EdgeTopic, Kind, to_edge
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.databases import open_sql
from tests.rigs.ports import free_port
from tests.server.ingest.pieces import Bells, FailingDatabase, StandingClock
from tests.server.usecases.floor import EDGES, STORE, Floor, batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from paho.mqtt.client import Client, MQTTMessage

    from shopbell_server.ports.batches import BatchRecord
    from shopbell_server.usecases.intake.take import Message
    from shopbell_wire.messages import Ack

LIMIT_S = 40.0
STARTED = StreamStarted(previous=None, previous_last_seq=None, software="0.1.0")
TENANT = "acme"


def wait_until(true: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < limit, f"{what}: not within {LIMIT_S:.0f} s"
        time.sleep(0.005)


class PlainEdge:
    """An edge without a spool: says batches again until they are answered, as every edge does."""

    def __init__(self, port: int, user: str, password: str, edge: str = EDGES[0]) -> None:
        self.acks: list[Ack] = []
        self._edge = edge
        self._port = port
        self._ready = threading.Event()
        self._client = client = EndableClient(
            CallbackAPIVersion.VERSION2, client_id=f"{TENANT}_{edge}"
        )
        client.username_pw_set(user, password)
        client.reconnect_delay_set(1, 1)
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_disconnect = lambda *_: self._ready.clear()
        client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect_async("127.0.0.1", self._port)
        self._client.loop_start()
        self.wait_until_connected()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_until_connected(self) -> None:
        assert self._ready.wait(LIMIT_S)

    def say(self, *messages: Message, kind: Kind = Kind.LIVE, retain: bool = False) -> None:
        topic = str(EdgeTopic(tenant=TENANT, edge=self._edge, kind=kind))
        for message in messages:
            self._client.publish(topic, message.payload, qos=1, retain=retain)

    def committed(self) -> set[int]:
        return {
            seq
            for ack in list(self.acks)
            for low, high in ack.committed
            for seq in range(low, high + 1)
        }

    def insist(self, *messages: Message) -> None:
        """Say `messages` until all are committed; 1, 2, 3 … are their numbers."""
        wanted = set(range(1, len(messages) + 1))
        limit = time.monotonic() + LIMIT_S
        while missing := wanted - self.committed():
            assert time.monotonic() < limit, f"{len(missing)} are not committed"
            self.say(*(messages[seq - 1] for seq in sorted(missing)))
            pause = time.monotonic() + 1.0
            while time.monotonic() < pause and wanted - self.committed():
                time.sleep(0.005)

    def _on_connect(self, client: Client, *_: object) -> None:
        client.subscribe(to_edge(TENANT, self._edge), qos=1)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.acks.append(decode_ack(bytes(message.payload)))


class Ring:
    """A broker, a database, and the loop between them in a thread."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.fails: Callable[[Sequence[BatchRecord]], None] = lambda _: None
        self.bells = Bells()
        self.edges = Edges()
        self._stop = threading.Event()
        self._stack = ExitStack()
        self._login: Login | None = None

    def __enter__(self) -> Self:
        database = self._stack.enter_context(closing(open_sql(self.url, TenantId(TENANT))))
        self.floor = Floor(database, self.url)
        whole = self.floor.database
        self.floor.database = FailingDatabase(whole, self._record)
        intake = self.floor.worker()
        self.floor.database = whole
        self.port = free_port()
        self.start_broker()
        credentials = Credentials(
            username=self.broker.login.username, password=self.broker.login.password
        )
        self.subscriber = Subscriber(
            TENANT, [("127.0.0.1", self.port)], "3.1.1", credentials, "acme_server", most_waiting=8
        )
        self._stack.enter_context(self.subscriber)
        wait_until(lambda: self.subscriber.listening, "listening")
        self._ingest = Ingest(
            subscriber=self.subscriber,
            intake=intake,
            edges=self.edges,
            announcer=self.bells,
            clock=StandingClock(),
            most=64,
            wait_s=0.02,
        )
        self._thread = threading.Thread(target=self._ingest.run, args=[self._stop])
        self._thread.start()
        return self

    def start_broker(self) -> None:
        self.broker = EmbeddedBroker(
            self.folder / "broker", "127.0.0.1", self.port, self.folder / "edge.password"
        )
        # The server's password is new with every broker; here the server outlives one.
        self._login = self.broker.login = self._login or self.broker.login
        self.broker.__enter__()

    def _record(self, records: Sequence[BatchRecord]) -> None:
        self.fails(records)

    def stop_broker(self) -> None:
        self.broker.__exit__()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive()
        self._stack.close()
        self.broker.__exit__()

    def edge(self, name: str = EDGES[0]) -> PlainEdge:
        return PlainEdge(self.port, "edge", self.broker.edge_password, name)


@pytest.fixture
def ring(tmp_path: Path, sqlite_url: str) -> Iterator[Ring]:
    with Ring(tmp_path, sqlite_url) as running:
        yield running


def test_an_answer_comes_after_the_commit(ring: Ring) -> None:
    ada = ring.floor.enrol("ada", 1)
    with ring.edge() as edge, ring.edge(EDGES[1]) as other:
        edge.say(batch(ring.floor.presence(ada)))
        wait_until(lambda: edge.committed() == {1}, "the answer")
        (visit,) = ring.floor.visits(ada)
        assert visit.store == STORE
        # Boards are told after edges: the answer may be here before the bell rings.
        wait_until(lambda: STORE in {store for store, *_ in list(ring.bells.rung)}, "the bell")
        assert other.acks == []


def test_statuses_are_heard_and_retained_batches_are_not(ring: Ring) -> None:
    with ring.edge() as edge:
        edge.say(batch(STARTED, seq=9), retain=True)
        # While it is subscribed a broker passes it on as a live one; later ones come retained.
        wait_until(lambda: edge.committed() == {9}, "the live copy")
    ring.stop_broker()
    ring.start_broker()
    wait_until(lambda: ring.subscriber.listening, "listening")
    with ring.edge() as edge:
        edge.insist(batch(STARTED, seq=1))
        assert edge.committed() == {1}


def test_a_broker_that_was_killed_costs_nothing(ring: Ring) -> None:
    people = [ring.floor.enrol(f"p{number}", number) for number in range(1, 21)]
    messages = [
        batch(ring.floor.presence(each), ring.floor.shows_pass(each), seq=seq)
        for seq, each in enumerate(people, 1)
    ]
    with ring.edge() as edge:
        edge.say(*messages[:10])
        ring.stop_broker()
        wait_until(lambda: not ring.subscriber.listening, "noticing that it is gone")
        ring.start_broker()
        edge.wait_until_connected()
        edge.insist(*messages)
    assert all(len(ring.floor.visits(each)) == 1 for each in people)


def test_a_database_that_is_lost_and_comes_back_costs_nothing(ring: Ring) -> None:
    ada = ring.floor.enrol("ada", 1)
    away = threading.Event()
    asked = threading.Event()
    away.set()

    def fails(_: Sequence[BatchRecord]) -> None:
        if away.is_set():
            asked.set()
            raise DatabaseLostError("SQLite's disk is full")

    ring.fails = fails
    with ring.edge() as edge:
        edge.say(batch(ring.floor.shows_pass(ada)))
        assert asked.wait(LIMIT_S)
        assert edge.acks == []
        away.clear()
        wait_until(lambda: edge.committed() == {1}, "the answer")
    assert len(ring.floor.visits(ada)) == 1


def test_more_than_the_queue_holds_is_let_go_and_comes_again(ring: Ring) -> None:
    held = threading.Event()
    working = threading.Event()

    def fails(_: Sequence[BatchRecord]) -> None:
        working.set()
        assert held.wait(LIMIT_S)

    ring.fails = fails
    messages = [batch(STARTED, seq=seq) for seq in range(1, 101)]
    with ring.edge() as edge:
        edge.say(messages[0])
        assert working.wait(LIMIT_S)
        edge.say(*messages[1:])
        wait_until(lambda: ring.subscriber.is_full, "a full queue")
        held.set()
        edge.insist(*messages)


def test_a_broker_that_forbids_our_topic_is_said_and_asked_again(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker", "127.0.0.1", 0, tmp_path / "password") as broker:
        # An edge may not hear what edges say.
        credentials = Credentials(username="edge", password=broker.edge_password)
        address = ("127.0.0.1", broker.port)
        with (
            capture_logs() as logs,
            Subscriber(
                TENANT, [address], "3.1.1", credentials, "acme", ask_again_s=0
            ) as subscriber,
        ):
            wait_until(lambda: subscriber.forbidden, "hearing that it is forbidden")
            assert not subscriber.listening
            assert subscriber.gather(1, 0, 0.01) == []
            wait_until(lambda: len(logs) > 1, "hearing it again")
            assert {entry["event"] for entry in logs} == {"broker_forbids_topic"}


def test_a_broker_that_does_not_know_us_is_said(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker", "127.0.0.1", 0, tmp_path / "password") as broker:
        credentials = Credentials(username="server", password="wrong")
        with (
            capture_logs() as logs,
            Subscriber(TENANT, [("127.0.0.1", broker.port)], "3.1.1", credentials, "acme"),
        ):
            wait_until(lambda: len(logs) > 0, "hearing that it is refused")
            assert logs[0]["event"] == "broker_refused_us"


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_broker_that_comes_later_is_waited_for(tmp_path: Path, protocol: str) -> None:
    port = free_port()
    credentials = Credentials(username="server", password="server-secret")
    with Subscriber(TENANT, [("127.0.0.1", port)], protocol, credentials, "acme") as subscriber:
        assert not subscriber.listening
        with MosquittoBroker(tmp_path / "mosquitto", port=port) as broker:
            wait_until(lambda: subscriber.listening, "listening")
            with PlainEdge(port, "edge", broker.users["edge"]) as edge:
                edge.say(batch(STARTED))
                wait_until(lambda: len(subscriber.gather(1, 0.0, 1.0)) == 1, "the batch")
        wait_until(lambda: not subscriber.listening, "noticing that it is gone")
