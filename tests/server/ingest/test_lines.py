"""Every way to a broker: several servers share what edges send, and all hear of statuses and boards."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.enums import CallbackAPIVersion
from structlog.testing import capture_logs

from shopbell_program.mqtt_client import EndableClient
from shopbell_server.core.ids import PersonId, StoreId
from shopbell_server.ingest.account import BrokerCertificatesError, Credentials
from shopbell_server.ingest.board_changes import BoardChanges
from shopbell_server.ingest.nats_line import NatsLine
from shopbell_server.ingest.subscriber import Subscriber
from shopbell_wire import codec
from shopbell_wire.messages import Ack
from tests.rigs.brokers import MosquittoBroker, NatsBroker
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from paho.mqtt.client import Client, MQTTMessage

    from shopbell_server.ingest.waiting import Incoming
    from tests.rigs.brokers import BrokerProcess

LIMIT_S = 40.0
TENANT = "acme"
STORE = StoreId("ams-01")
ADA = PersonId("ada")
UP = "shopbell/v1/acme/door/up"
WAYS = ("nats", "mosquitto 5", "mosquitto 3.1.1", "nats 3.1.1")
SHARING = WAYS[:2]


def wait_until(true: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < limit, f"{what}: not within {LIMIT_S:.0f} s"
        time.sleep(0.005)


@dataclass
class Process:
    """A server process, as far as the broker sees it."""

    line: Subscriber | NatsLine
    boards: list[tuple[str, ...]]
    heard: list[Incoming] = field(default_factory=list)

    def gather(self) -> bool:
        """Take what waits, and let the broker forget it."""
        some = self.line.gather(1_000, 0.0, 0.01)
        self.line.done(some)
        self.heard += some
        return True

    def batches(self) -> list[bytes]:
        return [each.payload for each in self.heard if each.topic == f"{UP}/live"]

    def statuses(self) -> set[bytes]:
        return {each.payload for each in self.heard if each.topic == f"{UP}/status"}


class Site:
    """A broker, and who is there."""

    def __init__(self, way: str, broker: BrokerProcess, stack: ExitStack) -> None:
        self.way = way
        self.broker = broker
        self._stack = stack
        self._number = 0

    def process(self, *, edges: bool = True, dead_first: bool = False) -> Process:
        """Return a process that is connected."""
        boards: list[tuple[str, ...]] = []

        def hear(store: StoreId, persons: Collection[PersonId]) -> None:
            boards.append((store, *persons))

        self._number += 1
        changes = BoardChanges(TENANT, hear)
        line = self.line(f"acme_{self._number}", changes, edges=edges, dead_first=dead_first)
        self._stack.enter_context(line)
        wait_until(lambda: line.listening, "listening")
        return Process(line, boards)

    def line(
        self, name: str, changes: BoardChanges, *, edges: bool = True, dead_first: bool = False
    ) -> Subscriber | NatsLine:
        secret = Credentials(username="server", password=self.broker.users["server"])
        port = self.broker.port
        if isinstance(self.broker, NatsBroker) and self.way == "nats":
            port = self.broker.client_port
        places = [("127.0.0.1", port)]
        if dead_first:
            places.insert(0, ("127.0.0.1", free_port()))
        if self.way == "nats":
            mqtt = [("127.0.0.1", self.broker.port)]
            return NatsLine(TENANT, places, secret, name, edges=edges, changes=changes, mqtt=mqtt)
        version = self.way.split()[1]
        return Subscriber(TENANT, places, version, secret, name, edges=edges, changes=changes)

    @contextmanager
    def client(self, user: str = "edge") -> Iterator[EndableClient]:
        """Connect somebody, an edge as a rule, who speaks MQTT."""
        client = EndableClient(CallbackAPIVersion.VERSION2)
        client.username_pw_set(user, self.broker.users[user])
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def say(self, topic: str, *payloads: bytes, retain: bool = False) -> None:
        with self.client() as edge:
            said = [edge.publish(topic, each, qos=1, retain=retain) for each in payloads]
            for each in said:
                each.wait_for_publish(LIMIT_S)


@contextmanager
def site_of(way: str, folder: Path, **more: str) -> Iterator[Site]:
    kind = NatsBroker if way.startswith("nats") else MosquittoBroker
    with kind(folder, **more) as broker, ExitStack() as stack:  # type: ignore[arg-type]  # of one of them
        yield Site(way, broker, stack)


@pytest.fixture(params=WAYS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with site_of(request.param, tmp_path / "broker") as made:
        yield made


@pytest.fixture(params=SHARING)
def sharing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with site_of(request.param, tmp_path / "broker") as made:
        yield made


def test_workers_share_batches_and_each_hears_how_edges_do(sharing: Site) -> None:
    workers = [sharing.process(), sharing.process()]
    sent = [b"%d" % number for number in range(100)]
    sharing.say(f"{UP}/status", b"online", retain=True)

    def taken() -> list[bytes]:
        for each in workers:
            each.gather()
        return [payload for each in workers for payload in each.batches()]

    for payload in sent:  # one by one, so that both have room
        sharing.say(f"{UP}/live", payload)
    wait_until(lambda: len(taken()) >= len(sent), "all batches")
    assert sorted(taken()) == sorted(sent), "each of them once"
    assert all(each.batches() for each in workers), "both have work"
    wait_until(lambda: bool(taken()) and all(each.statuses() for each in workers), "the status")


def test_a_will_is_heard_by_every_worker(sharing: Site) -> None:
    workers = [sharing.process(), sharing.process()]
    edge = EndableClient(CallbackAPIVersion.VERSION2)
    edge.username_pw_set("edge", sharing.broker.users["edge"])
    edge.will_set(f"{UP}/status", b"offline", qos=1, retain=True)
    connected = threading.Event()
    edge.on_connect = lambda *_: connected.set()
    edge.connect("127.0.0.1", sharing.broker.port)
    edge.loop_start()
    assert connected.wait(LIMIT_S)
    wire = edge.socket()
    assert wire is not None
    wire.close()  # as of one whose power fails

    def known() -> bool:
        for each in workers:
            each.gather()
        return all(b"offline" in each.statuses() for each in workers)

    try:
        wait_until(known, "the will")
    finally:
        edge.disconnect()
        edge.loop_stop()


@pytest.mark.parametrize("way", SHARING)
def test_a_worker_that_comes_late_learns_retained_statuses(way: str, tmp_path: Path) -> None:
    """A shared subscription is told of none, and NATS' own protocol knows none: it is asked over MQTT."""
    with site_of(way, tmp_path / "broker") as site:
        site.say(f"{UP}/status", b"online", retain=True)
        late = site.process()
        wait_until(lambda: late.gather() and bool(late.statuses()), "the retained status")


def test_an_answer_reaches_its_edge(site: Site) -> None:
    worker = site.process()
    ack = Ack(stream="0" * 32, committed=((1, 1),), refused=(), server_ms=1)
    heard: list[bytes] = []
    subscribed = threading.Event()

    def hear(_client: Client, _data: object, message: MQTTMessage) -> None:
        heard.append(bytes(message.payload))

    with site.client() as edge:
        edge.on_message = hear
        edge.on_subscribe = lambda *_: subscribed.set()
        edge.subscribe("shopbell/v1/acme/door/down/ack", qos=1)
        assert subscribed.wait(LIMIT_S)
        worker.line.answer("door", ack)
        wait_until(lambda: bool(heard), "the answer")
    assert codec.decode_ack(heard[0]) == ack


def test_boards_of_other_processes_are_told_and_not_ones_own(site: Site) -> None:
    worker, web = site.process(), site.process(edges=False)

    def told() -> bool:
        worker.line.changed(STORE, [ADA])  # again until it is heard: of QoS 0 one may be lost
        return bool(web.boards)

    wait_until(told, "the change")
    assert set(web.boards) == {("ams-01", "ada")}
    assert worker.boards == []


def test_who_has_only_boards_takes_no_batch_from_workers(sharing: Site) -> None:
    web, worker = sharing.process(edges=False), sharing.process()
    sharing.say(f"{UP}/live", *(b"%d" % number for number in range(10)))
    wait_until(lambda: worker.gather() and len(worker.batches()) == 10, "all batches")
    web.gather()
    assert web.heard == []


def test_the_next_address_is_tried_where_the_first_is_dead(site: Site) -> None:
    with capture_logs() as logs:
        worker = site.process(dead_first=True)
    assert {each["event"] for each in logs} == {"broker_unreachable", "broker_connected"}
    site.say(f"{UP}/live", b"batch")
    wait_until(lambda: worker.gather() and worker.batches() == [b"batch"], "the batch")


def test_a_broker_that_comes_back_is_found_again(site: Site) -> None:
    worker = site.process()
    site.broker.kill()
    wait_until(lambda: not worker.line.listening, "loss")
    site.broker.start()
    wait_until(lambda: worker.line.listening, "listening again")
    site.say(f"{UP}/live", b"batch")
    wait_until(lambda: worker.gather() and b"batch" in worker.batches(), "the batch")


def test_a_broker_that_refuses_us_is_told_of_once(site: Site) -> None:
    site.broker.users["server"] = "another"
    line = site.line("acme_x", BoardChanges(TENANT, lambda *_: None))
    with capture_logs() as logs, line:
        wait_until(lambda: any(each["event"] == "broker_refused_us" for each in logs), "refusal")
        assert not line.listening
        line.changed(STORE, [ADA])  # nobody hears, and nothing waits for later
    assert "another" not in str(logs)


RIGHTS = """
server_name: "test"
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{folder}/js" }}
mqtt {{ listen: "127.0.0.1:{mqtt}" }}
authorization {{ users = [
  {{user: "server", password: "server-secret", permissions: {{publish: ">", subscribe: {{deny: "{deny}"}}}}}}
] }}
"""


class Forbidding(NatsBroker):
    """A node whose operator left a right out."""

    def __init__(self, folder: Path, deny: str) -> None:
        super().__init__(folder)
        self._deny = deny

    def _command(self) -> list[str | Path]:
        server, option, conf = super()._command()
        config = RIGHTS.format(
            port=self.client_port, mqtt=self.port, folder=self.folder, deny=self._deny
        )
        (self.folder / "nats.conf").write_text(config)
        return [server, option, conf]


@pytest.mark.parametrize(
    ("deny", "says", "works"),
    [
        ("shopbell.v1.*._board.*", "broker_forbids_boards", True),
        ("shopbell.v1.*.*.up.*", "broker_forbids_topic", False),
    ],
)
def test_a_right_that_is_missing_is_said(
    tmp_path: Path, deny: str, says: str, *, works: bool
) -> None:
    with Forbidding(tmp_path / "broker", deny) as broker, ExitStack() as stack:
        line = Site("nats", broker, stack).line("acme_x", BoardChanges(TENANT, lambda *_: None))
        with capture_logs() as logs, line:
            wait_until(lambda: any(each["event"] == says for each in logs), says)
            if works:
                wait_until(lambda: line.listening, "listening")
            assert line.listening is works


def test_what_finds_no_room_is_let_go_and_said(tmp_path: Path) -> None:
    with NatsBroker(tmp_path / "broker") as broker:
        secret = Credentials(username="server", password=broker.users["server"])
        place = ("127.0.0.1", broker.client_port)
        with (
            capture_logs() as logs,
            ExitStack() as stack,
            NatsLine(TENANT, [place], secret, "acme_x", most_waiting=4) as line,
        ):
            wait_until(lambda: line.listening, "listening")
            Site("nats", broker, stack).say(f"{UP}/live", *[b"x"] * 8)
            wait_until(lambda: line.is_full, "full")
            assert len(line.gather(100, 0.0, 1.0)) == 4
        assert any(each["event"] == "ingest_queue_full" for each in logs)


def test_certificates_that_are_none_are_named_before_anything_runs(tmp_path: Path) -> None:
    files = Credentials(ca_file=str(tmp_path / "ca.pem"))
    with pytest.raises(BrokerCertificatesError, match=r"ca\.pem"):
        NatsLine(TENANT, [("127.0.0.1", 1)], files, "acme_x")


def test_a_line_that_never_connects_ends_at_once(tmp_path: Path) -> None:
    del tmp_path
    with NatsLine(TENANT, [("127.0.0.1", free_port())], Credentials(), "acme_x") as line:
        assert not line.listening
