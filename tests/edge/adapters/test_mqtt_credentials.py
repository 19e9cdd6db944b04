"""Who the uplink is to the broker, and the broker to it: passwords and certificates, right and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from shopbell_edge.adapters.mqtt.broker import Broker, CredentialsError, Tls, context, password
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from tests.edge.adapters.test_mqtt import logged, up
from tests.edge.adapters.test_uplink import (
    account,
    describe,
    running,
)
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.certificates import Authority
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence
    from pathlib import Path
    from typing import Any

    from tests.rigs.brokers import BrokerProcess

    Logs = Sequence[MutableMapping[str, Any]]


@pytest.mark.parametrize("name", ["nats", "mosquitto"])
async def test_a_wrong_password_is_told_apart_from_a_broker_that_is_away(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    broker: BrokerProcess = request.getfixturevalue(name)
    ours = account(broker, tmp_path)
    (tmp_path / "password").write_text("swordfish")
    with capture_logs() as logs:
        async with running(MqttUplink(ours, describe)):
            line = await logged(logs, "uplink_refused")
    assert (line["log_level"], line["port"]) == ("error", broker.port)
    assert not [line for line in logs if line["event"] == "uplink_unreachable"]
    assert "swordfish" not in str(logs)


async def test_a_password_changed_on_disk_is_used_at_the_next_attempt(
    mosquitto: MosquittoBroker, tmp_path: Path
) -> None:
    ours = account(mosquitto, tmp_path)
    (tmp_path / "password").write_text("old")
    with capture_logs() as logs:
        async with running(MqttUplink(ours, describe)) as uplink:
            await logged(logs, "uplink_refused")
            account(mosquitto, tmp_path)
            await up(uplink)


async def test_a_password_that_cannot_be_read_is_named_by_its_file(tmp_path: Path) -> None:
    ours = Broker(
        host="127.0.0.1",
        port=free_port(),
        tenant="acme",
        edge="edge-1",
        username="edge",
        password_file=tmp_path / "nowhere",
    )
    with capture_logs() as logs:
        async with running(MqttUplink(ours, describe)):
            line = await logged(logs, "uplink_unreadable")
    assert line["reason"] == "password_file nowhere: No such file or directory"


def test_the_error_of_a_garbled_password_does_not_quote_it(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"hunter\xff2")
    ours = Broker(
        host="h", port=1, tenant="acme", edge="edge-1", password_file=tmp_path / "password"
    )
    with pytest.raises(CredentialsError, match="password: UnicodeDecodeError") as caught:
        password(ours)
    assert "hunter" not in repr(caught.value)


def test_the_error_of_a_certificate_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"ca ca\.pem: No such file"):
        context(Tls(ca=tmp_path / "ca.pem"))
    ca = Authority(tmp_path).ca
    (tmp_path / "edge.pem").write_text("nonsense")
    with pytest.raises(CredentialsError, match=r"certificate or key edge\.pem"):
        context(Tls(ca=ca, certificate=tmp_path / "edge.pem"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "tls")
    made.issue("server", common_name="broker")
    return made


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_both_ends_prove_who_they_are_over_tls(
    authority: Authority, tmp_path: Path, version: str
) -> None:
    certificate, key = authority.issue("edge", common_name="acme/edge-1")
    folder = tmp_path / "mosquitto"
    with MosquittoBroker(folder, tls=authority.folder, client_certificates=True) as broker:
        tls = Tls(ca=authority.ca, certificate=certificate, key=key)
        ours = account(broker, tmp_path, tls=tls, version=version)
        async with running(MqttUplink(ours, describe)) as uplink:
            await up(uplink)
            await uplink.publish("live", b"x" * 60_000)


async def test_an_edge_without_a_certificate_is_not_let_in(
    authority: Authority, tmp_path: Path
) -> None:
    folder = tmp_path / "mosquitto"
    with MosquittoBroker(folder, tls=authority.folder, client_certificates=True) as broker:
        ours = account(broker, tmp_path, tls=Tls(ca=authority.ca))
        with capture_logs() as logs:
            async with running(MqttUplink(ours, describe)) as uplink:
                # TLS 1.3 tells a client of its missing certificate only after the handshake.
                line = await logged(logs, "uplink_untrusted")
                assert line["reason"] == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
                assert uplink.connection == 0


@pytest.mark.parametrize("fault", ["another CA", "another host"])
async def test_a_broker_that_is_not_ours_is_not_spoken_to(
    authority: Authority, tmp_path: Path, fault: str
) -> None:
    ca = authority.ca
    if fault == "another CA":
        ca = Authority(tmp_path / "other").ca
    else:
        authority.issue("server", common_name="broker", host="127.0.0.2")
    with MosquittoBroker(tmp_path / "mosquitto", tls=authority.folder) as broker:
        ours = account(broker, tmp_path, tls=Tls(ca=ca))
        with capture_logs() as logs:
            async with running(MqttUplink(ours, describe)) as uplink:
                line = await logged(logs, "uplink_untrusted")
                assert uplink.connection == 0
    # Of the same name, as it happens: the signature tells them apart.
    wrong = "signature failure" if fault == "another CA" else "IP address mismatch"
    assert wrong in line["reason"]
