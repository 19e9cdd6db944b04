"""A connection of a load, to a real broker."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from shopbell_sim.adapters.load_line import Broker, Line, NoLineError, Will
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.certificates import Authority
from tests.rigs.ports import free_port
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WILL = Will(topic="shop/will", payload=b"gone")


@dataclass
class Heard:
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def hear(self, topic: str, payload: bytes) -> None:
        self.messages.append((topic, payload))


def broker_of(port: int, *, password: str = "edge-secret", ca: Path | None = None) -> Broker:
    return Broker(
        host="127.0.0.1", port=port, tls=ca is not None, username="edge", password=password, ca=ca
    )


@contextmanager
def a_line(broker: Broker, name: str = "one") -> Iterator[tuple[Line, Heard]]:
    heard = Heard()
    line = Line(broker, name, WILL, hears=heard.hear, taken=heard.taken.append)
    try:
        yield line, heard
    finally:
        line.drop()


async def test_what_is_said_is_taken_and_heard(mosquitto: MosquittoBroker) -> None:
    with a_line(broker_of(mosquitto.port)) as (line, heard):
        await line.open(["shop/a", "shop/b"])
        first = line.publish("shop/a", b"1")
        second = line.publish("shop/b", b"2" * 100_000)
        await until("both came back", lambda: len(heard.messages) == 2)
        await until("both are taken", lambda: sorted(heard.taken) == [first, second])
        line.look_after()
    assert line.over.is_set()


async def test_more_topics_than_a_packet_should_hold(mosquitto: MosquittoBroker) -> None:
    with a_line(broker_of(mosquitto.port)) as (line, heard):
        await line.open([f"shop/{number}" for number in range(250)])
        for number in (0, 249):
            line.publish(f"shop/{number}", b"1")
        await until("both came back", lambda: len(heard.messages) == 2)


async def test_the_will_is_said_of_who_is_gone_without_a_word_and_of_nobody_else(
    mosquitto: MosquittoBroker,
) -> None:
    broker = broker_of(mosquitto.port)
    with a_line(broker, "listens") as (listens, heard):
        await listens.open([WILL.topic])
        with a_line(broker, "leaves") as (leaves, _):
            await leaves.open(["shop/a"])
            leaves.close()
        with a_line(broker, "says") as (says, _):
            await says.open(["shop/a"])
            says.publish(WILL.topic, b"between")
            await until("it is heard", lambda: bool(heard.messages))
            says.drop()
        await until("the will is heard", lambda: len(heard.messages) == 2)
    assert [payload for _, payload in heard.messages] == [b"between", b"gone"]


async def test_a_connection_that_breaks_is_over_and_says_so(mosquitto: MosquittoBroker) -> None:
    with a_line(broker_of(mosquitto.port)) as (line, _):
        await line.open(["shop/a"])
        mosquitto.kill()
        async with asyncio.timeout(20):
            await line.over.wait()
        assert line.why.startswith("the connection broke")


async def test_a_wrong_password_is_said(mosquitto: MosquittoBroker) -> None:
    with (
        a_line(broker_of(mosquitto.port, password="wrong")) as (line, _),
        pytest.raises(NoLineError, match="Not authorized"),
    ):
        await line.open(["shop/a"])


async def test_a_broker_that_is_not_there_is_said() -> None:
    with a_line(broker_of(free_port())) as (line, _), pytest.raises(NoLineError, match="refused"):
        await line.open(["shop/a"])


async def test_tls_carries_what_is_longer_than_a_record(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    authority.issue("server", common_name="broker")
    with (
        MosquittoBroker(tmp_path / "mosquitto", tls=tmp_path / "tls") as mosquitto,
        a_line(broker_of(mosquitto.port, ca=authority.ca)) as (line, heard),
    ):
        await line.open(["shop/#"])
        for number in range(50):
            line.publish(f"shop/{number}", bytes(10_000))
        await until("all came back", lambda: len(heard.messages) == 50)


async def test_a_certificate_of_a_stranger_is_refused(tmp_path: Path) -> None:
    Authority(tmp_path / "tls").issue("server", common_name="broker")
    stranger = Authority(tmp_path / "stranger")
    with (
        MosquittoBroker(tmp_path / "mosquitto", tls=tmp_path / "tls") as mosquitto,
        a_line(broker_of(mosquitto.port, ca=stranger.ca)) as (line, _),
        pytest.raises(NoLineError, match="certificate verify failed"),
    ):
        await line.open(["shop/a"])
