"""The transit engine of a real OpenBao. What every store of keys does is in sealing/test_key_stores."""

from __future__ import annotations

import json
import socket
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import PersonId, TenantId
from shopbell_server.core.keeping.owners import owner_of_person
from shopbell_server.ports.keys import KeysLostError
from shopbell_server.vault import VaultKeys
from tests.rigs.openbao import ROOT, OpenBaoMissingError, OpenBaoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = owner_of_person(PersonId("canary"))

POLICY = """
path "transit/keys/shopbell-*" { capabilities = ["create", "update", "read", "delete"] }
path "transit/hmac/shopbell-*" { capabilities = ["create", "update"] }
"""
"""As in deploy/README.md."""


def keys(url: str, tenant: str, *tokens: str, mount: str = "transit") -> VaultKeys:
    said = iter(tokens)
    return VaultKeys(
        url=url, tenant=TenantId(tenant), token=lambda: next(said), mount=mount, timeout_s=5.0
    )


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """Be an engine that says the same whatever it is asked."""

    class Engine(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  (its name there)
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Engine) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def sealed() -> Iterator[OpenBaoServer]:
    """Start a server of one's own, which nobody can use any more."""
    try:
        server = OpenBaoServer().__enter__()
    except OpenBaoMissingError as missing:
        pytest.skip(str(missing))
    try:
        server.seal()
        yield server
    finally:
        server.__exit__()


def test_a_destroyed_key_is_gone_from_the_engine(openbao: OpenBaoServer) -> None:
    with closing(keys(openbao.url, "gone", ROOT)) as store:
        store.made([CANARY])
        before = openbao.names()
        store.destroy([CANARY])
        assert len(openbao.names()) == len(before) - 1
        assert store.known([CANARY]) == {}


def test_names_in_the_engine_tell_nobody_who_the_customers_are(openbao: OpenBaoServer) -> None:
    with closing(keys(openbao.url, "names", ROOT)) as store:
        store.made([CANARY])
    hers = [each for each in openbao.names() if each.startswith("shopbell-names-")]
    assert len(hers) == 2
    assert not any("canary" in each for each in hers)


def test_a_rotated_key_still_opens_what_it_sealed(openbao: OpenBaoServer) -> None:
    with closing(keys(openbao.url, "turns", ROOT)) as store:
        made = store.made([CANARY])
        for name in openbao.names():
            if name.startswith("shopbell-turns-"):
                openbao.ask("POST", f"transit/keys/{name}/rotate", {})
        assert store.known([CANARY]) == made


def test_the_policy_of_the_runbook_is_enough(openbao: OpenBaoServer) -> None:
    with closing(keys(openbao.url, "policy", openbao.token(POLICY))) as store:
        made = store.made([CANARY])
        assert store.known([CANARY]) == made
        store.destroy([CANARY])
        assert store.known([CANARY]) == {}


def test_a_token_that_ran_out_is_asked_for_again(openbao: OpenBaoServer) -> None:
    with closing(keys(openbao.url, "again", "ran-out", ROOT)) as store:
        assert len(store.made([CANARY])) == 1


def test_nothing_is_called_destroyed_by_another_engine(openbao: OpenBaoServer) -> None:
    openbao.ask("POST", "sys/mounts/moved", {"type": "transit"})
    with closing(keys(openbao.url, "moved", ROOT, mount="moved")) as store:
        store.made([CANARY])
        openbao.remount("moved", "elsewhere-now")
        with pytest.raises(KeysLostError, match="404"):
            store.destroy([CANARY])
        openbao.ask("POST", "sys/mounts/moved", {"type": "transit"})
        with pytest.raises(KeysLostError, match="not the one that it was"):
            store.destroy([CANARY])


@pytest.mark.parametrize("said", ["vault:v1:é", "vault:v2:AAAA", "vault:v1:AAAA", "", "\ud7ff"])
def test_an_answer_without_a_key_is_none(said: str) -> None:
    with (
        answering(json.dumps({"data": {"hmac": said}}).encode()) as url,
        closing(keys(url, "acme", ROOT)) as store,
        pytest.raises(KeysLostError, match="no HMAC that we understand"),
    ):
        store.known([CANARY])


@pytest.mark.parametrize(
    ("token", "mount", "why"),
    [
        ("nobody's", "transit", "403: the token is not good"),
        (ROOT, "elsewhere", "404: there is no transit engine"),
    ],
)
def test_what_does_not_work_is_said(
    openbao: OpenBaoServer, token: str, mount: str, why: str
) -> None:
    with (
        closing(keys(openbao.url, "wrong", token, token, mount=mount)) as store,
        pytest.raises(KeysLostError, match=why) as caught,
    ):
        store.made([CANARY])
    assert token not in str(caught.value)


def test_a_sealed_server_may_be_asked_again_later(sealed: OpenBaoServer) -> None:
    with (
        closing(keys(sealed.url, "acme", ROOT)) as store,
        pytest.raises(KeysLostError, match="503: it is sealed"),
    ):
        store.known([CANARY])


def test_a_server_that_is_away_may_be_asked_again_later() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with (
            closing(keys(url, "acme", ROOT)) as store,
            pytest.raises(KeysLostError, match="does not answer"),
        ):
            store.made([CANARY])
