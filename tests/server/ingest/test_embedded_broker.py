from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from paho.mqtt.enums import CallbackAPIVersion

from shopbell_program.mqtt_client import EndableClient
from shopbell_server.ingest.embedded_broker import BrokerFailedError, EmbeddedBroker
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

LIMIT_S = 20.0


def wait_until(true: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < limit, what
        time.sleep(0.01)


def embedded(folder: Path, port: int = 0) -> EmbeddedBroker:
    return EmbeddedBroker(
        folder / "broker", "127.0.0.1", port, folder / "secrets" / "edge.password"
    )


class Speaker:
    """A plain client, connected while its context is open."""

    def __init__(self, broker: EmbeddedBroker, user: str, password: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.granted: list[bool] = []
        self.refused = threading.Event()
        self.connected = threading.Event()
        self._port = broker.port
        self.client = client = EndableClient(
            CallbackAPIVersion.VERSION2, client_id=f"{user}{id(self)}"
        )
        client.username_pw_set(user, password)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe

    def __enter__(self) -> Self:
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        wait_until(lambda: self.connected.is_set() or self.refused.is_set(), "no answer")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, topic: str) -> bool:
        before = len(self.granted)
        self.client.subscribe(topic, qos=1)
        wait_until(lambda: len(self.granted) > before, "no answer to the subscription")
        return self.granted[-1]

    def publish(self, topic: str, payload: bytes = b"x") -> None:
        self.client.publish(topic, payload, qos=1).wait_for_publish(LIMIT_S)

    def _on_connect(
        self, _c: Client, _d: object, _f: object, reason: ReasonCode, _p: object
    ) -> None:
        (self.refused if reason.is_failure else self.connected).set()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))

    def _on_subscribe(
        self, _c: Client, _d: object, _m: int, reasons: list[ReasonCode], _p: object
    ) -> None:
        self.granted += [not reason.is_failure for reason in reasons]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with embedded(tmp_path_factory.mktemp("embedded")) as running:
        yield running


def edge_password(broker: EmbeddedBroker) -> str:
    return broker.edge_password


def test_the_server_hears_every_edge_and_edges_hear_their_answers(broker: EmbeddedBroker) -> None:
    with (
        Speaker(broker, broker.login.username, broker.login.password) as server,
        Speaker(broker, "edge", edge_password(broker)) as edge,
    ):
        assert server.subscribe("shopbell/v1/acme/+/up/+")
        assert edge.subscribe("shopbell/v1/acme/door/down/+")
        edge.publish("shopbell/v1/acme/door/up/live", b"batch")
        wait_until(lambda: server.heard == [("shopbell/v1/acme/door/up/live", b"batch")], "batch")
        server.publish("shopbell/v1/acme/door/down/ack", b"ack")
        wait_until(lambda: edge.heard == [("shopbell/v1/acme/door/down/ack", b"ack")], "ack")


@pytest.mark.parametrize(
    "topic",
    [
        "shopbell/v1/acme/door/down/ack",
        "shopbell/v1/acme/_board/ams-01",
        "shopbell/v1/acme/_board/up/live",
        "shopbell/v2/acme/door/up/live",
        "$SYS/broker",
        "$CONTROL/x",
        "anything",
    ],
)
def test_an_edge_writes_nothing_but_what_goes_up(broker: EmbeddedBroker, topic: str) -> None:
    with (
        Speaker(broker, broker.login.username, broker.login.password) as server,
        Speaker(broker, "edge", edge_password(broker)) as edge,
    ):
        server.subscribe("#")
        edge.client.publish(topic, b"forbidden", qos=1)
        with Speaker(broker, "edge", edge_password(broker)) as other:
            other.publish("shopbell/v1/acme/door/up/live", b"allowed")
        wait_until(lambda: any(said == b"allowed" for _, said in server.heard), "allowed")
        assert all(said != b"forbidden" for _, said in server.heard)


@pytest.mark.parametrize(
    "topic",
    ["#", "shopbell/v1/acme/+/up/+", "shopbell/v1/acme/_board/+", "shopbell/v1/acme/_board/down"],
)
def test_an_edge_does_not_hear_what_others_say(broker: EmbeddedBroker, topic: str) -> None:
    with (
        Speaker(broker, "edge", edge_password(broker)) as listening,
        Speaker(broker, "edge", edge_password(broker)) as edge,
        Speaker(broker, broker.login.username, broker.login.password) as server,
    ):
        granted = listening.subscribe(topic)
        listening.subscribe("shopbell/v1/acme/door/down/+")
        edge.publish("shopbell/v1/acme/till/up/live", b"secret")
        server.publish("shopbell/v1/acme/_board/ams-01", b"secret")
        server.publish("shopbell/v1/acme/_board/down", b"secret")
        server.publish("shopbell/v1/acme/door/down/ack", b"answer")
        wait_until(lambda: any(said == b"answer" for _, said in listening.heard), "answer")
        assert all(said != b"secret" for _, said in listening.heard)
        assert not granted


@pytest.mark.parametrize(("user", "password"), [("edge", "wrong"), ("server", ""), ("", "")])
def test_nobody_else_comes_in(broker: EmbeddedBroker, user: str, password: str) -> None:
    with Speaker(broker, user, password) as stranger:
        assert stranger.refused.is_set()


def test_secrets_are_readable_by_this_user_alone(broker: EmbeddedBroker) -> None:
    for path in (broker.config_file, broker.edge_password_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_password_of_edges_is_kept_and_that_of_the_server_is_not(tmp_path: Path) -> None:
    with embedded(tmp_path) as first:
        password = first.edge_password
    with embedded(tmp_path) as second:
        assert second.edge_password == password
        assert second.login != first.login


def test_nothing_is_left_running(tmp_path: Path) -> None:
    with embedded(tmp_path) as running:
        pid, port = running.pid, running.port
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = embedded(tmp_path, port)
        with pytest.raises(BrokerFailedError, match=rf"listen on 127.0.0.1:{port}: .*broker.port"):
            running.__enter__()


def test_a_host_that_is_not_ours_is_said(tmp_path: Path) -> None:
    foreign = EmbeddedBroker(tmp_path / "broker", "192.0.2.1", 18_830, tmp_path / "password")
    with pytest.raises(BrokerFailedError, match=r"192\.0\.2\.1"):
        foreign.__enter__()


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "edge.password").write_text("\n")
    with pytest.raises(BrokerFailedError, match="is empty"):
        embedded(tmp_path).__enter__()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "broker").write_text("no folder")
    with pytest.raises(BrokerFailedError, match=r"broker\": File exists; see \[broker.embedded\]"):
        embedded(tmp_path).__enter__()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "jetstream").write_text("not a folder")
    with pytest.raises(BrokerFailedError, match="it says: "):
        embedded(tmp_path).__enter__()


PARENT = """
import sys, time
from pathlib import Path
from shopbell_server.ingest.embedded_broker import EmbeddedBroker
folder = Path(sys.argv[1])
with EmbeddedBroker(folder / "broker", "127.0.0.1", int(sys.argv[2]), folder / "password") as broker:
    print(broker.pid, flush=True)
    time.sleep(600)
"""


def test_a_server_that_is_killed_takes_it_along(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), str(free_port())], stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait(LIMIT_S)
    wait_until(lambda: not is_alive(pid), "the broker lives on")


def is_alive(pid: int) -> bool:
    """Return whether a process is there that does more than wait for its parent to ask after it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_broker_that_ends_is_noticed_and_one_that_is_to_end_is_not(tmp_path: Path) -> None:
    stop = threading.Event()
    with embedded(tmp_path) as broker:
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        with pytest.raises(BrokerFailedError, match="the embedded broker ended by signal 9"):
            broker.watch(stop)
    with embedded(tmp_path) as broker:
        stop.set()
        broker.watch(stop)


@pytest.mark.faults  # a minute of a busy machine
def test_more_edges_may_listen_than_the_broker_lets_by_itself(tmp_path: Path) -> None:
    # Each subscription is a consumer to the broker, which takes 1000 unless it is told otherwise; and a
    # connection may have 63, whose unacknowledged messages must be numbered in 16 bits.
    with embedded(tmp_path) as broker:
        for one in range(17):
            with Speaker(broker, "edge", broker.edge_password) as edge:
                edge.client.subscribe(
                    [(f"shopbell/v1/acme/edge-{one}-{n}/down/ack", 1) for n in range(60)]
                )
                granted = edge.granted
                wait_until(lambda: len(granted) == 60, "no answer")  # noqa: B023  # called at once
                assert all(granted), f"edge {one}"
