"""A broker that was taken over: what it says breaks nothing, blinds nobody and fills no memory."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import pytest
from paho.mqtt.client import MQTTMessage
from structlog.testing import capture_logs

from shopbell_edge.adapters.mqtt.broker import Broker
from shopbell_edge.adapters.mqtt.session import Session
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
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
from tests.rigs.listener import Listener
from tests.rigs.lying_broker import LyingBroker, message
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.brokers import MosquittoBroker

ACK = f"{ROOT}/down/ack".encode()


def account_at(port: int, version: Literal["3.1.1", "5"] = "3.1.1") -> Broker:
    return Broker(
        host="127.0.0.1",
        port=port,
        tenant="acme",
        edge="edge-1",
        version=version,
        first_retry_s=0.01,
        most_retry_s=0.01,
    )


@pytest.mark.parametrize(
    "lie",
    [
        message(b"\xff\xfe", b"a topic that is no UTF-8"),
        b"\x30\x01\x00",  # a topic without a length
        b"\x40\x01\x00",  # a PUBACK of half a message
        b"\x90\x01\x00",  # a SUBACK of nothing
        b"\xf0\x00",  # a packet that there is not
        b"\x30\xff\xff\xff\xff\xff",  # a length without an end
        b"\x30\xff\xff\xff\x7f" + bytes(100),  # the first of 256 MB
        b"\x34\x07\x00\x03ack\x00\x01",  # a message of QoS 2, to be kept until another word
    ],
)
async def test_what_paho_cannot_read_ends_the_connection_and_the_next_one_is_made(
    lie: bytes,
) -> None:
    async with LyingBroker(lie) as broker:
        with capture_logs() as logs:
            async with running(MqttUplink(account_at(broker.port), describe)):
                await until("it comes again", lambda: broker.connections > 1)
    assert "uplink_lost" in [line["event"] for line in logs]
    assert "\\xff" not in repr(logs)


async def test_acks_of_the_greatest_length_take_little_of_the_loops_time() -> None:
    heard: list[int] = []
    session = Session(
        account_at(1), will=("will", b""), heard=lambda _topic, payload: heard.append(len(payload))
    )
    flood = MQTTMessage(topic=b"down/ack")
    flood.payload = b"x" * MAX_BYTES
    on_message = session._client.on_message  # noqa: SLF001  no broker floods to order
    assert on_message is not None
    for _ in range(10_000):
        on_message(session._client, None, flood)  # noqa: SLF001  as above
    await until("what was let in is read", lambda: len(heard) >= 4)
    # Four at once, two a second; a machine that stops for ten seconds meanwhile would let in twenty more.
    assert len(heard) <= 24
    with ThreadPoolExecutor(1) as thread:
        await session.close(thread)


async def test_of_what_is_longer_than_a_message_mqtt_5_keeps_us_free(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    uplink = MqttUplink(account(mosquitto, tmp_path), describe)
    async with Listener(mosquitto, f"{ROOT}/up/#") as listener, running(uplink):
        async with asyncio.timeout(WAIT_S):
            await uplink.connected()
            listener.say(ACK.decode(), b"x" * 10_000_000)
            listener.say(ACK.decode(), codec.encode(acknowledgement(7)))
            async for ack in uplink.acks():
                assert ack == acknowledgement(7)
                break
        assert uplink.malformed_acks == 0
