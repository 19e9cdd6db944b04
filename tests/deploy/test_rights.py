"""The rights of brokers as they are shipped: who may say and hear what, tried on real ones."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from paho.mqtt.enums import CallbackAPIVersion

from shopbell_program.mqtt_client import EndableClient
from shopbell_server.core.ids import PersonId, StoreId
from shopbell_server.ingest.account import Credentials
from shopbell_server.ingest.board_changes import BoardChanges
from shopbell_server.ingest.nats_line import NatsLine
from shopbell_server.ingest.subscriber import Subscriber
from shopbell_wire.messages import Ack
from tests.rigs.brokers import MosquittoBroker, NatsBroker

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from paho.mqtt.client import Client, MQTTMessage

    from tests.rigs.brokers import BrokerProcess

BROKER: Final = Path(__file__).parents[2] / "deploy" / "broker"
EDGE: Final = "acme/ams01-door"
USERS: Final = {"server": "server-secret", EDGE: "edge-secret"}
OWN: Final = f"shopbell/v1/{EDGE}"
LIMIT_S: Final = 40.0


class Shipped(NatsBroker):
    """A node with the rights that are shipped."""

    def _command(self) -> Sequence[str | Path]:
        command = super()._command()
        rights = (BROKER / "rights.conf").read_text()
        for variable, user in (("SERVER", "server"), ("DOOR", EDGE)):
            rights = rights.replace(f"$SHOPBELL_{variable}_PASSWORD", f'"{USERS[user]}"')
        (self.folder / "nats.conf").write_text(
            f'server_name: "test"\nlisten: "127.0.0.1:{self.client_port}"\n'
            f'jetstream {{ store_dir: "{self.folder / "jetstream"}" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.port}" }}\n{rights}'
        )
        return command


@pytest.fixture(params=["nats", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerProcess]:
    made: BrokerProcess
    if request.param == "nats":
        made = Shipped(tmp_path / "nats", users=USERS)
    else:
        acl = (BROKER / "mosquitto.acl").read_text()
        made = MosquittoBroker(tmp_path / "mosquitto", users=USERS, acl=acl)
    with made as running:
        yield running


@contextmanager
def line_of(
    broker: BrokerProcess,
    heard: Callable[[StoreId, Collection[PersonId]], None],
    name: str = "acme_server_1",
) -> Iterator[Subscriber | NatsLine]:
    secret = Credentials(username="server", password=USERS["server"])
    changes = BoardChanges("acme", heard)
    line: Subscriber | NatsLine
    if isinstance(broker, NatsBroker):
        places = [("127.0.0.1", broker.client_port)]
        line = NatsLine("acme", places, secret, name, changes=changes)
    else:
        places = [("127.0.0.1", broker.port)]
        line = Subscriber("acme", places, "5", secret, name, changes=changes)
    with line:
        until(lambda: line.listening, "the server is let in")
        yield line


class Edge:
    """An edge as the broker knows it, or whoever has its password."""

    def __init__(self, broker: BrokerProcess) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.answered: list[bool] = []
        self._connected = threading.Event()
        client = self.client = EndableClient(CallbackAPIVersion.VERSION2, client_id="acme_door")
        client.username_pw_set(EDGE, USERS[EDGE])
        client.on_connect = lambda *_: self._connected.set()
        client.on_message = self._on_message
        client.on_subscribe = lambda *_: self.answered.append(True)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        assert self._connected.wait(LIMIT_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        # Without its way back to us it is freed, and its inner sockets closed, in order.
        self.client.on_connect = self.client.on_message = self.client.on_subscribe = None

    def listens(self, topic: str) -> None:
        before = len(self.answered)
        self.client.subscribe(topic, qos=1)
        until(lambda: len(self.answered) > before, "an answer to a subscription")

    def say(self, topic: str, payload: bytes) -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(LIMIT_S)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))


@pytest.fixture
def edge(broker: BrokerProcess) -> Iterator[Edge]:
    made = Edge(broker)
    yield made
    made.close()


def until(true: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < limit, f"{what}: not within {LIMIT_S:.0f} s"
        time.sleep(0.005)


def test_an_edge_is_heard_and_gets_its_answers(broker: BrokerProcess, edge: Edge) -> None:
    with line_of(broker, lambda *_: None) as line:
        edge.listens(f"{OWN}/down/ack")
        edge.say(f"{OWN}/up/live", b"batch")
        (message,) = line.gather(1, 0.0, LIMIT_S)
        assert (message.topic, message.payload) == (f"{OWN}/up/live", b"batch")
        line.answer("ams01-door", Ack(stream="0" * 32, committed=(), refused=(), server_ms=1))
        until(lambda: bool(edge.heard), "the answer")


def test_an_edge_can_neither_hear_nor_say_what_processes_tell_of_boards(
    broker: BrokerProcess, edge: Edge
) -> None:
    boards: list[StoreId] = []
    with (
        line_of(broker, lambda store, _: boards.append(store)) as line,
        line_of(broker, lambda *_: None, "acme_server_2") as other,
    ):
        for topic in ("shopbell/v1/acme/_board/+", "shopbell/v1/acme/_board/ams-01", "#"):
            edge.listens(topic)
        edge.listens(f"{OWN}/down/ack")
        forged = b'{"by":"edge","persons":["ada"]}'
        edge.say("shopbell/v1/acme/_board/forged", forged)
        until(lambda: _told(other, boards), "a change that a process told")
        line.answer("ams01-door", Ack(stream="0" * 32, committed=(), refused=(), server_ms=1))
        until(lambda: bool(edge.heard), "the answer, which came after the change")
    assert set(boards) == {"ams-01"}
    assert {topic for topic, _ in edge.heard} == {f"{OWN}/down/ack"}


def _told(other: Subscriber | NatsLine, boards: Sequence[StoreId]) -> bool:
    other.changed(StoreId("ams-01"), [PersonId("ada")])
    return bool(boards)


def test_an_edge_speaks_for_no_other(broker: BrokerProcess, edge: Edge) -> None:
    with line_of(broker, lambda *_: None) as line:
        for name in ("ams01-till", "ams01-door/x", "_board"):
            edge.say(f"shopbell/v1/acme/{name}/up/live", b"forged")
        edge.say(f"shopbell/v1/acme/{EDGE}/down/ack", b"forged")
        edge.say(f"{OWN}/up/live", b"batch")
        (message,) = line.gather(1, 0.0, LIMIT_S)
    assert message.payload == b"batch"
