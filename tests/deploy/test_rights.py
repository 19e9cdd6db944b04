"""Brokers as they are shipped, settings and rights: who may say and hear what, over TLS, on real ones."""

from __future__ import annotations

import os
import re
import socket
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
from shopbell_wire.topics import to_edge
from tests.rigs.brokers import MosquittoBroker, NatsBroker
from tests.rigs.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from paho.mqtt.client import Client, MQTTMessage

    from tests.rigs.brokers import BrokerProcess

BROKER: Final = Path(__file__).parents[2] / "deploy" / "broker"
EDGE: Final = "acme/ams01-door"
USERS: Final = {"server": "server-secret", EDGE: "edge-secret"}
OWN: Final = f"shopbell/v1/{EDGE}"
LIMIT_S: Final = 40.0


class ShippedNode(NatsBroker):
    """A node of NATS with the settings and the rights that are shipped, in a folder of its own."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority.folder, users=USERS)

    def _command(self) -> Sequence[str | Path]:
        command = super()._command()
        settings = _in(self.folder, (BROKER / "nats.conf").read_text(), "/etc/nats/shopbell")
        settings = re.sub(r"routes: .*", "routes: []", settings)
        for address, ours in {
            "0.0.0.0:4222": f"127.0.0.1:{self.client_port}",
            "0.0.0.0:8883": f"127.0.0.1:{self.port}",
            "0.0.0.0:6222": "127.0.0.1:-1",
            "/var/lib/nats": str(self.folder / "jetstream"),
            # One node alone elects nobody: of a cluster there is tests/e2e/test_cluster.
            "stream_replicas: 3": "stream_replicas: 1",
        }.items():
            assert address in settings
            settings = settings.replace(address, ours)
        settings = re.sub(r"(?s)\ncluster \{.*?\n\}\n", "\n", settings)
        rights = (BROKER / "rights.conf").read_text()
        for variable, user in (("SERVER", "server"), ("DOOR", EDGE)):
            rights = rights.replace(f"$SHOPBELL_{variable}_PASSWORD", f'"{USERS[user]}"')
        (self.folder / "nats.conf").write_text(settings)
        (self.folder / "rights.conf").write_text(rights)
        return command


class ShippedMosquitto(MosquittoBroker):
    """Mosquitto with the settings and the rights that are shipped, in a folder of its own."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(authority.folder, users=USERS)
        (self.folder / "revoked.pem").write_bytes(authority.revoke().read_bytes())

    def _command(self) -> Sequence[str | Path]:
        command = super()._command()
        settings = (BROKER / "mosquitto.conf").read_text()
        settings = _in(self.folder, settings, "/etc/mosquitto/shopbell")
        settings = settings.replace("listener 8883", f"listener {self.port} 127.0.0.1")
        settings += f"persistence_location {self.folder}/\n"
        if os.geteuid() == 0:
            settings += "user root\n"
        (self.folder / "mosquitto.conf").write_text(settings)
        rights = self.folder / "rights.acl"
        rights.write_text((BROKER / "mosquitto.acl").read_text())
        rights.chmod(0o600)
        return command


def _in(folder: Path, settings: str, shipped: str) -> str:
    assert shipped in settings
    return settings.replace(shipped, str(folder))


@pytest.fixture(params=[ShippedNode, ShippedMosquitto])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerProcess]:
    authority = Authority(tmp_path / "broker")
    authority.issue("broker", common_name="broker")
    authority.issue("server", common_name="server")
    authority.issue("edge", common_name=EDGE)
    with request.param(authority) as running:
        yield running


@contextmanager
def line_of(
    broker: BrokerProcess,
    heard: Callable[[StoreId, Collection[PersonId]], None],
    name: str = "acme_server_1",
) -> Iterator[Subscriber | NatsLine]:
    changes = BoardChanges("acme", heard)
    line: Subscriber | NatsLine
    if isinstance(broker, NatsBroker):
        places = [("127.0.0.1", broker.client_port)]
        secret = Credentials(
            username="server", password=USERS["server"], ca_file=str(broker.folder / "ca.pem")
        )
        mqtt = [("127.0.0.1", broker.port)]
        line = NatsLine("acme", places, secret, name, changes=changes, mqtt=mqtt)
    else:
        places = [("127.0.0.1", broker.port)]
        secret = Credentials(
            ca_file=str(broker.folder / "ca.pem"),
            cert_file=str(broker.folder / "server.pem"),
            key_file=str(broker.folder / "server.key"),
        )
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
        folder = broker.folder
        client.tls_set(str(folder / "ca.pem"), str(folder / "edge.pem"), str(folder / "edge.key"))
        if isinstance(broker, NatsBroker):
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
        edge.listens(to_edge("acme", "ams01-door"))
        edge.say(f"{OWN}/up/live", b"batch")
        (message,) = line.gather(1, 0.0, LIMIT_S)
        assert (message.topic, message.payload) == (f"{OWN}/up/live", b"batch")
        line.answer("ams01-door", Ack(stream="0" * 32, committed=(), refused=(), server_ms=1))
        until(lambda: bool(edge.heard), "the answer")


def test_a_server_that_comes_later_learns_how_edges_do(broker: BrokerProcess, edge: Edge) -> None:
    edge.client.publish(f"{OWN}/up/status", b"online", qos=1, retain=True).wait_for_publish(LIMIT_S)
    with line_of(broker, lambda *_: None) as line:
        (message,) = line.gather(1, 0.0, LIMIT_S)
        assert (message.topic, message.payload, message.retained) == (
            f"{OWN}/up/status",
            b"online",
            True,
        )


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


def test_a_server_that_expects_tls_tells_its_password_to_nobody_without(tmp_path: Path) -> None:
    """Who stands in between may say that no TLS is wanted; it is not even asked."""
    authority = Authority(tmp_path / "ca")
    secret = Credentials(username="server", password="hunter2", ca_file=str(authority.ca))
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as between:
        between.settimeout(LIMIT_S)
        place = ("127.0.0.1", between.getsockname()[1])
        with NatsLine("acme", [place], secret, "acme_server_1"):
            wire, _ = between.accept()
            with wire:
                wire.settimeout(LIMIT_S)
                wire.sendall(b'INFO {"server_id":"x","version":"2.11.0","max_payload":131072}\r\n')
                heard.append(wire.recv(4096))
    assert heard[0][:1] == b"\x16", "the beginning of a handshake"
    assert b"hunter2" not in heard[0]


def test_an_edge_speaks_for_no_other(broker: BrokerProcess, edge: Edge) -> None:
    with line_of(broker, lambda *_: None) as line:
        for name in ("ams01-till", "ams01-door/x", "_board"):
            edge.say(f"shopbell/v1/acme/{name}/up/live", b"forged")
        edge.say(f"shopbell/v1/acme/{EDGE}/down/ack", b"forged")
        edge.say(f"{OWN}/up/live", b"batch")
        (message,) = line.gather(1, 0.0, LIMIT_S)
    assert message.payload == b"batch"
