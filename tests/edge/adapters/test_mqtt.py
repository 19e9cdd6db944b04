"""What the MQTT uplink says of itself, and how it takes refusal, silence and nonsense."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from paho.mqtt.client import MQTTMessage
from structlog.testing import capture_logs

from shopbell_edge.adapters.mqtt.broker import Broker
from shopbell_edge.adapters.mqtt.session import Session
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.ports import UplinkLostError
from shopbell_wire import codec
from shopbell_wire.codec import MAX_BYTES
from tests.edge.adapters.test_uplink import (
    ROOT,
    WAIT_S,
    account,
    acknowledgement,
    describe,
    running,
)
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.listener import Listener
from tests.rigs.ports import free_port
from tests.rigs.tcp_proxy import TcpProxy, Weather
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence
    from pathlib import Path
    from typing import Any

    from tests.rigs.brokers import BrokerProcess, NatsBroker

    Logs = Sequence[MutableMapping[str, Any]]


async def logged(logs: Logs, event: str, count: int = 1) -> MutableMapping[str, Any]:
    """Return the log line `event` once there are `count` of it."""
    for _ in range(int(WAIT_S / 0.01)):
        lines = [line for line in logs if line["event"] == event]
        if len(lines) >= count:
            return lines[-1]
        await asyncio.sleep(0.01)
    raise AssertionError(f"no {event} in {logs}")


async def up(uplink: MqttUplink) -> None:
    async with asyncio.timeout(WAIT_S):
        await uplink.connected()


async def test_the_status_is_retained_and_its_connection_number_rises(
    nats: NatsBroker, tmp_path: Path
) -> None:
    uplink = MqttUplink(account(nats, tmp_path), describe)
    async with running(uplink):
        await up(uplink)
        await asyncio.to_thread(nats.restart)
        async with asyncio.timeout(WAIT_S):
            await uplink.lost()
        await up(uplink)
        async with Listener(nats, f"{ROOT}/up/status") as late:
            await late.until(lambda: bool(late.heard))
        topic, payload, retained = late.heard[0]
        assert retained
        assert codec.decode_status(payload) == describe(2, "online")
        assert topic == f"{ROOT}/up/status"


async def test_whoever_leaves_says_so(nats: NatsBroker, tmp_path: Path) -> None:
    async with Listener(nats, f"{ROOT}/up/status") as listener:
        uplink = MqttUplink(account(nats, tmp_path), describe)
        async with running(uplink):
            await up(uplink)
        await listener.until(lambda: len(listener.heard) == 2)
    said = [codec.decode_status(payload) for payload in listener.payloads("status")]
    assert said == [describe(1, "online"), describe(1, "offline")]


async def test_the_broker_says_so_for_whoever_vanishes(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    """Another client under the same id throws the first off: to the broker, it vanished."""
    async with Listener(mosquitto, f"{ROOT}/up/status") as listener:
        first = MqttUplink(account(mosquitto, tmp_path), describe)
        async with running(first):
            await up(first)
            thief = MqttUplink(account(mosquitto, tmp_path), describe)
            async with running(thief):
                await up(thief)
                await listener.until(
                    lambda: (
                        describe(1, "offline")
                        in [codec.decode_status(payload) for payload in listener.payloads("status")]
                    )
                )


async def test_an_edge_goes_over_to_the_next_node_and_stays_there(
    nats: NatsBroker, tmp_path: Path
) -> None:
    """The first address is nobody's: what a cluster looks like whose first node is dead."""
    dead = free_port()
    known = account(nats, tmp_path, port=dead, fallbacks=(("127.0.0.1", nats.port),))
    with capture_logs() as logs:
        async with running(MqttUplink(known, describe)) as uplink:
            await up(uplink)
            assert (await logged(logs, "uplink_connected"))["port"] == nats.port
    assert [line["port"] for line in logs if line["event"] == "uplink_unreachable"] == [dead]


def test_addresses_take_turns_and_keep_the_account(nats: NatsBroker, tmp_path: Path) -> None:
    known = account(nats, tmp_path, host="a", port=1, fallbacks=(("b", 2), ("c", 3)))
    nodes = [known.node(number) for number in range(4)]
    assert [(each.host, each.port) for each in nodes] == [("a", 1), ("b", 2), ("c", 3), ("a", 1)]
    assert {each.client_id for each in nodes} == {known.client_id}
    assert {each.username for each in nodes} == {"edge"}


async def test_a_broker_that_is_away_is_unreachable_and_tried_again() -> None:
    nobody = Broker(
        host="127.0.0.1",
        port=free_port(),
        tenant="acme",
        edge="edge-1",
        first_retry_s=0.01,
        most_retry_s=0.02,
    )
    with capture_logs() as logs:
        async with running(MqttUplink(nobody, describe)) as uplink:
            line = await logged(logs, "uplink_unreachable", 3)
            assert uplink.connection == 0
    assert {line["event"] for line in logs} == {"uplink_unreachable"}
    assert "refused" in line["reason"]
    assert [line["times"] for line in logs][:3] == [1, 2, 4], "a night of it must not fill the log"


async def test_two_edges_of_one_name_throw_each_other_off_ever_more_rarely(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    ours = account(mosquitto, tmp_path)
    with capture_logs() as logs:
        both = MqttUplink(ours, describe), MqttUplink(ours, describe)
        async with running(both[0]), running(both[1]):
            await logged(logs, "uplink_lost", 5)
    lost = [line["times"] for line in logs if line["event"] == "uplink_lost"]
    assert set(lost) <= {1, 2, 4, 8, 16}


async def test_nonsense_on_the_ack_topic_is_counted_and_survived(
    nats: NatsBroker, tmp_path: Path
) -> None:
    uplink = MqttUplink(account(nats, tmp_path), describe)
    async with Listener(nats, f"{ROOT}/up/#") as listener, running(uplink):
        await up(uplink)
        for nonsense in (b"", b"{", b"null", b'{"stream":1}', b"\xff" * 70_000):
            listener.say(f"{ROOT}/down/ack", nonsense)
        listener.say(f"{ROOT}/down/ack", codec.encode(acknowledgement(1)))
        async with asyncio.timeout(WAIT_S):
            async for ack in uplink.acks():
                assert ack == acknowledgement(1)
                break
        assert uplink.malformed_acks == 5


async def test_a_broker_that_floods_a_busy_edge_fills_no_memory() -> None:
    heard: list[bytes] = []
    broker = Broker(host="127.0.0.1", port=1, tenant="acme", edge="edge-1")
    session = Session(
        broker, will=("will", b""), heard=lambda _topic, payload: heard.append(payload)
    )
    flood = MQTTMessage(topic=b"down/ack")
    flood.payload = b"x" * 100
    # As paho's thread does while this loop, which is busy here, does not come to read.
    on_message = session._client.on_message  # noqa: SLF001  no broker floods to order
    assert on_message is not None
    for _ in range(1_000):
        on_message(session._client, None, flood)  # noqa: SLF001  as above
    await until("what was kept is read", lambda: len(heard) > 0)
    assert len(heard) == 256
    flood.payload = b"x" * 10_000_000
    on_message(session._client, None, flood)  # noqa: SLF001  as above
    await until("there is room again", lambda: len(heard) > 256)
    assert len(heard[256]) == MAX_BYTES + 1
    with ThreadPoolExecutor(1) as thread:
        await session.close(thread)


async def test_acks_that_nobody_reads_do_not_pile_up(nats: NatsBroker, tmp_path: Path) -> None:
    uplink = MqttUplink(account(nats, tmp_path), describe)
    async with Listener(nats, f"{ROOT}/up/#") as listener, running(uplink):
        await up(uplink)
        with capture_logs() as logs:
            for number in range(1_200):
                listener.say(f"{ROOT}/down/ack", codec.encode(acknowledgement(number)))

            def all_have_come() -> bool:
                listener.say(f"{ROOT}/down/ack", b"nonsense, after all the others")
                return "ack_malformed" in [line["event"] for line in logs]

            await until("the nonsense is noticed", all_have_come)
        listener.say(f"{ROOT}/down/ack", codec.encode(acknowledgement(9_999)))
        heard: list[int] = []
        async with asyncio.timeout(WAIT_S):
            async for ack in uplink.acks():
                heard.append(ack.server_ms)
                if ack.server_ms == 9_999:
                    break
    assert len(heard) <= 1_001
    assert heard == sorted(heard)


@pytest.mark.parametrize("name", ["nats", "mosquitto"])
async def test_retained_settings_await_an_edge_that_comes_later(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    broker: BrokerProcess = request.getfixturevalue(name)
    async with Listener(broker, f"{ROOT}/down/config") as listener:
        listener.say(f"{ROOT}/down/config", b"settings", retain=True)
        await listener.until(lambda: bool(listener.heard))
        async with running(MqttUplink(account(broker, tmp_path), describe)) as uplink:
            async with asyncio.timeout(WAIT_S):
                assert await anext(uplink.orders()) == ("config", b"settings")


async def test_a_flood_of_orders_leaves_the_newest_and_no_order_is_longer_than_a_message(
    nats: NatsBroker, tmp_path: Path
) -> None:
    uplink = MqttUplink(account(nats, tmp_path), describe)
    async with Listener(nats, f"{ROOT}/up/#") as listener, running(uplink):
        await up(uplink)
        for number in range(500):
            listener.say(f"{ROOT}/down/command", b"%d" % number)
        listener.say(f"{ROOT}/down/command", b"x" * 1_000_000)
        with capture_logs() as logs:

            def all_have_come() -> bool:
                listener.say(f"{ROOT}/down/ack", b"nonsense, after all the others")
                return bool(logs)

            await until("the nonsense is noticed", all_have_come)
        listener.say(f"{ROOT}/down/config", b"last")
        came: list[bytes] = []
        async with asyncio.timeout(WAIT_S):
            async for _, payload in uplink.orders():
                came.append(payload)
                if payload == b"last":
                    break
    # 32 are kept; while they are read a few more come in, for a broker keeps no order between topics.
    assert len(came) < 64
    assert max(map(len, came)) == MAX_BYTES + 1


async def test_mqtt_5_tells_that_a_message_was_not_allowed(tmp_path: Path) -> None:
    acl = "user edge\ntopic write shopbell/v1/acme/edge-1/up/status\ntopic read #\n"
    with MosquittoBroker(tmp_path / "mosquitto", acl=acl) as broker:
        async with running(MqttUplink(account(broker, tmp_path), describe)) as uplink:
            await up(uplink)
            with pytest.raises(UplinkLostError, match="refused a message: Not authorized"):
                await uplink.publish("live", b"ding")
            await up(uplink)
            assert uplink.connection == 1


async def test_a_broker_that_goes_silent_is_given_up() -> None:
    """It accepts the connection and says nothing: a process that hangs, a proxy without a broker."""
    quiet = asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await quiet.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    ours = Broker(
        host="127.0.0.1",
        port=server.sockets[0].getsockname()[1],
        tenant="acme",
        edge="edge-1",
        answer_s=0.2,
        first_retry_s=0.01,
    )
    with capture_logs() as logs:
        async with running(MqttUplink(ours, describe)):
            line = await logged(logs, "uplink_unreachable")
    assert line["reason"] == "TimeoutError"
    quiet.set()
    server.close()
    await server.wait_closed()


async def test_a_broker_that_is_there_and_slow_is_waited_for_longer_each_time(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    # To connect, to subscribe and to report, there and back: longer than the first patience of 0.2 s.
    async with TcpProxy(mosquitto.port) as road:
        road.weather = Weather(delay_s=0.1)
        ours = replace(account(mosquitto, tmp_path, answer_s=0.2), port=road.port)
        with capture_logs() as logs:
            async with running(MqttUplink(ours, describe)) as uplink:
                await up(uplink)
        events = [line["event"] for line in logs]
        assert (events[0], "uplink_connected" in events) == ("uplink_unreachable", True)


def test_patience_for_a_login_has_an_end() -> None:
    broker = Broker(host="h", port=1, tenant="acme", edge="edge-1")
    assert [broker.patience_s(slow) for slow in (0, 1, 2, 3, 9_999)] == [10, 20, 40, 80, 80]


async def test_what_a_newer_server_may_say_is_no_malformed_acknowledgement(
    nats: NatsBroker, tmp_path: Path
) -> None:
    uplink = MqttUplink(account(nats, tmp_path), describe)
    async with running(uplink), Listener(nats, f"{ROOT}/up/status") as listener:
        await up(uplink)
        listener.say(f"{ROOT}/down/weather", b"rain")
        listener.say(f"{ROOT}/down/command", b"after it")
        async with asyncio.timeout(WAIT_S):
            assert await anext(uplink.orders()) == ("command", b"after it")
        assert uplink.malformed_acks == 0


async def test_a_broker_that_hangs_is_given_up_and_found_again(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    ours = account(mosquitto, tmp_path, answer_s=0.5)
    async with running(MqttUplink(ours, describe)) as uplink:
        await up(uplink)
        with mosquitto.frozen():
            with pytest.raises(UplinkLostError, match="no answer from the broker"):
                await uplink.publish("live", b"ding")
            with pytest.raises(UplinkLostError, match="no connection"):
                await uplink.publish("live", b"dong")
        await up(uplink)
        await uplink.publish("live", b"ding")


async def test_whoever_leaves_a_broker_that_hangs_does_not_wait_for_it(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    ours = account(mosquitto, tmp_path, answer_s=0.5)
    with ExitStack() as stack:
        logs = stack.enter_context(capture_logs())
        async with running(MqttUplink(ours, describe)) as uplink:
            await up(uplink)
            stack.enter_context(mosquitto.frozen())
    assert [line["event"] for line in logs] == ["uplink_connected", "uplink_lost"]
