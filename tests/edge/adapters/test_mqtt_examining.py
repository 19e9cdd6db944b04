"""The way to the server, over real brokers: with TLS and without, with rights and without."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING, Literal

import pytest

from shopbell_edge.adapters.mqtt.broker import Broker, Tls
from shopbell_edge.adapters.mqtt.examining import Letter, Way, ask, own_certificates, reach
from shopbell_wire import codec
from shopbell_wire.messages import Batch, Status, StreamStarted
from tests.fakes.clock import FakeClock
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.certificates import Authority
from tests.rigs.committing_server import CommittingServer
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.brokers import BrokerProcess

STREAM = "7" * 32
DAY_MS = 86_400_000


def letter() -> Letter:
    clock = FakeClock().now()
    started = StreamStarted(previous=None, previous_last_seq=None, software="test")
    batch = Batch(edge="door", stream=STREAM, seq=1, clock=clock, dropped={}, events=(started,))
    will = Status(
        edge="door",
        stream=STREAM,
        conn=0,
        state="offline",
        version="",
        config="",
        clock=clock,
        scanners=(),
    )
    return Letter(stream=STREAM, batch=codec.encode(batch), will=codec.encode(will))


def account(tmp_path: Path, broker: BrokerProcess, word: str = "edge-secret") -> Broker:
    (tmp_path / "word").write_text(word)
    return Broker(
        host="127.0.0.1", port=broker.port, tenant="acme", edge="door", username="edge",
        password_file=tmp_path / "word", answer_s=5.0,
    )  # fmt: skip


async def climbed(broker: Broker, way: Way | None = None) -> list[tuple[str, str | None]]:
    way = way or Way()
    steps = [each async for each in reach(broker, way)]
    if all(each.problem is None for each in steps):
        asked = ask(broker, letter(), lambda: FakeClock().now().wall_ms, way)
        steps += [each async for each in asked]
    return [(each.step, each.problem) for each in steps]


async def test_a_way_that_leads_to_the_server(tmp_path: Path, mosquitto: MosquittoBroker) -> None:
    way = Way()
    async with CommittingServer(mosquitto, tenant="acme", edge="door") as server:
        assert await climbed(account(tmp_path, mosquitto), way) == [
            (step, None)
            for step in ("broker-name", "broker-port", "broker-login", "broker-rights", "server")
        ]
        (batch,) = server.batches()
    assert batch.stream == STREAM
    assert way.server_off_ms == 0


async def test_every_version_is_spoken(tmp_path: Path, mosquitto: MosquittoBroker) -> None:
    broker = dataclasses.replace(account(tmp_path, mosquitto), version="3.1.1")
    async with CommittingServer(mosquitto, tenant="acme", edge="door"):
        assert (await climbed(broker))[-1] == ("server", None)


async def test_a_password_that_is_wrong(tmp_path: Path, mosquitto: MosquittoBroker) -> None:
    assert (await climbed(account(tmp_path, mosquitto, "wrong")))[-1] == ("broker-login", "login")


async def test_a_password_that_cannot_be_read(tmp_path: Path, mosquitto: MosquittoBroker) -> None:
    broker = dataclasses.replace(account(tmp_path, mosquitto), password_file=tmp_path / "none")
    assert (await climbed(broker))[-1] == ("broker-login", "files")


@pytest.mark.parametrize(("version", "says"), [("5", "publish"), ("3.1.1", "unanswered")])
async def test_no_right_to_publish_is_said_by_some_and_kept_silent_by_others(
    tmp_path: Path, version: Literal["3.1.1", "5"], says: str
) -> None:
    acl = "user server\ntopic readwrite #\nuser edge\ntopic read shopbell/v1/acme/door/down/+\n"
    with MosquittoBroker(tmp_path / "mosquitto", acl=acl) as mosquitto:
        broker = dataclasses.replace(account(tmp_path, mosquitto), version=version)
        async with CommittingServer(mosquitto, tenant="acme", edge="door"):
            assert (await climbed(broker))[-1] == ("server", says)


async def test_a_host_that_nobody_knows() -> None:
    broker = Broker(host="shopbell.invalid", port=1, tenant="acme", edge="door")
    assert await climbed(broker) == [("broker-name", "unresolved")]


async def test_a_port_at_which_nobody_listens() -> None:
    broker = Broker(host="127.0.0.1", port=free_port(), tenant="acme", edge="door")
    assert (await climbed(broker))[-1] == ("broker-port", "refused")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "tls")
    made.issue("server", common_name="broker")
    return made


def secured(tmp_path: Path, broker: BrokerProcess, tls: Tls, host: str = "127.0.0.1") -> Broker:
    return dataclasses.replace(account(tmp_path, broker), tls=tls, host=host)


async def test_the_brokers_certificate_says_how_long_it_is_good(
    tmp_path: Path, authority: Authority
) -> None:
    way = Way()
    with MosquittoBroker(tmp_path / "mosquitto", tls=authority.folder) as mosquitto:
        broker = secured(tmp_path, mosquitto, Tls(ca=authority.ca))
        steps = [each async for each in reach(broker, way)]
    assert [(each.step, each.problem) for each in steps][-1] == ("broker-tls", None)
    assert steps[-1].detail == "TLSv1.3"
    assert way.broker_until_ms is not None
    assert 0 < way.broker_until_ms - time.time_ns() // 1_000_000 <= DAY_MS


async def test_what_can_be_wrong_with_certificates(tmp_path: Path, authority: Authority) -> None:
    stranger = Authority(tmp_path / "stranger")
    with MosquittoBroker(tmp_path / "mosquitto", tls=authority.folder) as mosquitto:
        other = secured(tmp_path, mosquitto, Tls(ca=stranger.ca))
        assert (await climbed(other))[-1] == ("broker-tls", "untrusted")
        named = secured(tmp_path, mosquitto, Tls(ca=authority.ca), host="localhost")
        assert (await climbed(named))[-1] == ("broker-tls", "other_host")
        unread = secured(tmp_path, mosquitto, Tls(ca=tmp_path / "none.pem"))
        assert (await climbed(unread))[-1] == ("broker-tls", "files")


async def test_a_broker_that_wants_our_certificate_too(
    tmp_path: Path, authority: Authority
) -> None:
    certificate, key = authority.issue("edge", common_name="acme_door")
    with MosquittoBroker(
        tmp_path / "mosquitto", tls=authority.folder, client_certificates=True
    ) as mosquitto:
        without = secured(tmp_path, mosquitto, Tls(ca=authority.ca))
        assert (await climbed(without))[-1] == ("broker-login", "wants_certificate")
        tls = Tls(ca=authority.ca, certificate=certificate, key=key)
        assert (await climbed(secured(tmp_path, mosquitto, tls)))[2:4] == [
            ("broker-tls", None),
            ("broker-login", None),
        ]
    assert [each.whose for each in own_certificates(tls)] == ["ca", "edge"]


async def test_a_port_without_tls(tmp_path: Path, authority: Authority) -> None:
    with MosquittoBroker(tmp_path / "mosquitto") as mosquitto:
        broker = secured(tmp_path, mosquitto, Tls(ca=authority.ca))
        assert (await climbed(broker))[-1] == ("broker-tls", "no_tls")


async def test_somebody_who_hangs_up_is_no_broker() -> None:
    serving = await asyncio.start_server(
        lambda _reader, writer: writer.close(), "127.0.0.1", free_port()
    )
    async with serving:
        port = serving.sockets[0].getsockname()[1]
        broker = Broker(host="127.0.0.1", port=port, tenant="acme", edge="door", answer_s=3.0)
        assert (await climbed(broker))[-1] == ("broker-login", "lost")


def test_certificates_that_cannot_be_read_are_the_handshakes_matter(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    assert own_certificates(Tls(ca=tmp_path / "ca.pem", certificate=tmp_path / "none")) == []
