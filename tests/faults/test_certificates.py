"""A certificate is over, revoked, a stranger's or another host's: nobody is spoken to, and the log says why.

Meanwhile the spool keeps everything; it goes on without a restart when the files are mended, for they are
read anew for every connection.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from structlog.testing import capture_logs

from shopbell_edge.adapters.mqtt.broker import Tls
from tests.edge import events
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.certificates import Authority
from tests.rigs.committing_server import CommittingServer
from tests.rigs.road import Journey, edge, emptied, feed, scans
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from structlog.typing import EventDict


pytestmark = pytest.mark.timeout(120)

EDGE: Final = "acme/edge-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with whose certificate, and how the log names it."""

    what: str
    reason: str
    do: Callable[[Authority, Path], object]


def edge_expired(authority: Authority, _elsewhere: Path) -> object:
    return authority.issue("edge", common_name=EDGE, ended=True)


def edge_revoked(authority: Authority, _elsewhere: Path) -> object:
    return authority.revoke(authority.folder / "edge.pem")


def edge_of_a_stranger(authority: Authority, elsewhere: Path) -> None:
    for file in Authority(elsewhere, called="another CA").issue("edge", common_name=EDGE):
        shutil.copy(file, authority.folder / file.name)


def broker_expired(authority: Authority, _elsewhere: Path) -> object:
    return authority.issue("server", common_name="broker", ended=True)


def broker_of_a_stranger(authority: Authority, elsewhere: Path) -> None:
    for file in Authority(elsewhere, called="another CA").issue("server", common_name="broker"):
        shutil.copy(file, authority.folder / file.name)


def broker_of_another_host(authority: Authority, _elsewhere: Path) -> object:
    return authority.issue("server", common_name="broker", host="127.0.0.2")


WRONGS: Final = [
    Wrong(what="edge expired", reason="CERTIFICATE_EXPIRED", do=edge_expired),
    Wrong(what="edge revoked", reason="CERTIFICATE_REVOKED", do=edge_revoked),
    Wrong(what="edge of a stranger", reason="UNKNOWN_CA", do=edge_of_a_stranger),
    Wrong(what="broker expired", reason="expired", do=broker_expired),
    Wrong(what="broker of a stranger", reason="issuer", do=broker_of_a_stranger),
    Wrong(
        what="broker of another host",
        reason="IP address mismatch",
        do=broker_of_another_host,
    ),
]


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.what)
async def test_whoever_is_not_trusted_is_refused_by_name_and_served_once_that_is_mended(
    tmp_path: Path, wrong: Wrong
) -> None:
    authority = Authority(tmp_path / "tls")
    good = [
        *authority.issue("edge", common_name=EDGE),
        *authority.issue("server", common_name="broker"),
    ]
    whole = {file: file.read_bytes() for file in good}
    tls = Tls(ca=authority.ca, certificate=good[0], key=good[1])
    crl = authority.revoke()
    broker = MosquittoBroker(
        tmp_path / "mosquitto", tls=authority.folder, client_certificates=True, revoked=crl
    )
    wrong.do(authority, tmp_path / "elsewhere")
    with broker, capture_logs() as logs:
        async with edge(broker, tmp_path, Journey(tls=tls)) as spool:
            await feed(spool, 0, 20)
            # A broker that closes at once may do so before its word is read; then at the next attempt.
            await until("it is said", lambda: wrong.reason in _untrusted(logs))
            assert (await spool.depth()).unsealed == 20
            for file, content in whole.items():
                file.write_bytes(content)
            authority.revoke()
            broker.restart()
            async with CommittingServer(broker, tenant="acme", edge="edge-1", tls=tls) as server:
                await emptied(spool)
                assert scans(server) == {events.scan(n) for n in range(20)}


def _untrusted(logs: Iterable[EventDict]) -> str:
    return " ".join(str(line["reason"]) for line in logs if line["event"] == "uplink_untrusted")
