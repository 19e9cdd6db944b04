from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.config.reading import read_settings
from shopbell_server.ingest.account import Credentials
from shopbell_server.ingest.courier import BrokerUnreachableError, Courier
from shopbell_server.ingest.embedded_broker import BrokerFailedError, EmbeddedBroker, running_broker
from shopbell_wire import codec
from tests.edge.adapters.test_uplink import describe
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.listener import Listener
from tests.rigs.ports import free_port
from tests.server.test_commands import SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.brokers import BrokerProcess

DOWN = "shopbell/v1/acme/edge-1/down"
UP = "shopbell/v1/acme/{}/up/status"


def courier(broker: BrokerProcess, protocol: str, password: str | None = None) -> Courier:
    return Courier(
        "acme",
        ("127.0.0.1", broker.port),
        protocol,
        Credentials(username="server", password=password or broker.users["server"]),
        "acme_operator_1",
    )


@pytest.fixture(params=["nats 3.1.1", "mosquitto 3.1.1", "mosquitto 5"])
def way(request: pytest.FixtureRequest) -> tuple[BrokerProcess, str]:
    name, protocol = request.param.split()
    return request.getfixturevalue(name), protocol


async def test_settings_stay_with_the_broker_and_commands_do_not(
    way: tuple[BrokerProcess, str],
) -> None:
    broker, protocol = way
    async with Listener(broker, f"{DOWN}/#") as there:
        with courier(broker, protocol) as carrying:
            carrying.deliver("edge-1", "config", b"settings")
            carrying.deliver("edge-1", "command", b"blink")
        await there.until(lambda: len(there.heard) == 2)
    async with Listener(broker, f"{DOWN}/#") as late:
        await late.until(lambda: bool(late.heard))
        assert late.heard == [(f"{DOWN}/config", b"settings", True)]


async def test_what_edges_said_of_themselves_last_is_read_as_far_as_it_can_be(
    way: tuple[BrokerProcess, str],
) -> None:
    broker, protocol = way
    status = codec.encode(describe(3, "online"))
    async with Listener(broker, UP.format("+")) as there:
        for edge, payload in (("edge-1", status), ("edge-2", status), ("edge-3", b"{")):
            there.say(UP.format(edge), payload, retain=True)
        await there.until(lambda: len(there.heard) == 3)
        with courier(broker, protocol) as asking:
            assert asking.statuses() == {"edge-1": describe(3, "online")}


def test_without_any_edge_there_is_nothing_to_read(way: tuple[BrokerProcess, str]) -> None:
    with courier(*way) as asking:
        assert asking.statuses() == {}


def test_a_wrong_password_is_said_and_not_repeated(way: tuple[BrokerProcess, str]) -> None:
    with (
        pytest.raises(BrokerUnreachableError, match=r"127\.0\.0\.1:\d+ cannot be used") as raised,
        courier(*way, password="swordfish"),
    ):
        pass
    assert "swordfish" not in str(raised.value)


def test_a_broker_that_is_away_is_said_to_be() -> None:
    away = Courier("acme", ("127.0.0.1", free_port()), "5", Credentials(), "x")
    with pytest.raises(BrokerUnreachableError, match="refused"), away:
        pass


def test_a_broker_that_forbids_an_order_says_so(tmp_path: Path) -> None:
    acl = "user server\ntopic read #\n"
    with (
        MosquittoBroker(tmp_path / "mosquitto", acl=acl) as broker,
        courier(broker, "5") as carrying,
        pytest.raises(BrokerUnreachableError, match="did not take the order: Not authorized"),
    ):
        carrying.deliver("edge-1", "command", b"blink")


def test_the_embedded_broker_of_another_process_is_found(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path))
    settings = read_settings(path)
    with pytest.raises(BrokerFailedError, match="it was never started"):
        running_broker(settings)
    with EmbeddedBroker(tmp_path / "broker", "127.0.0.1", 0, tmp_path / "edge-password") as running:
        assert running_broker(settings) == (running.port, running.login)
    running.config_file.write_text("{}")
    with pytest.raises(BrokerFailedError, match="cannot be read: KeyError"):
        running_broker(settings)
