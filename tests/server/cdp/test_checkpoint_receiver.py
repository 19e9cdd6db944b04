from __future__ import annotations

import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from shopbell_server.cdp.checkpoint_receiver import CheckpointReceiver, ReceiverError
from tests.rigs.certificates import Authority
from tests.rigs.checkpoint_receiver import CheckpointReceiverRig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.ports.sinks import Outcome

LINE = b'{"number":1}\n'


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[CheckpointReceiverRig]:
    with CheckpointReceiverRig(tmp_path) as receiver:
        yield receiver


def kept(
    rig: CheckpointReceiverRig, token: str | None = "t0ken", *, allow_loopback: bool = True
) -> Outcome:
    made = CheckpointReceiver(url=rig.url, token=token, timeout_s=20, allow_loopback=allow_loopback)
    with closing(made):
        return made.keep(LINE)


def test_what_is_posted_is_kept_as_it_is_and_can_be_read_back(rig: CheckpointReceiverRig) -> None:
    with closing(
        CheckpointReceiver(url=rig.url, token=rig.token, timeout_s=20, allow_loopback=True)
    ) as receiver:
        assert receiver.kept() == b""
        assert receiver.keep(LINE).kind == "delivered"
        assert receiver.keep(LINE * 2).kind == "delivered"
        assert receiver.kept() == rig.file.read_bytes() == LINE * 3


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 429, 500, 503])
def test_nothing_but_success_counts_as_kept(rig: CheckpointReceiverRig, status: int) -> None:
    rig.answers.append(status)
    outcome = kept(rig)
    assert outcome.kind != "delivered"
    assert outcome.reason.startswith(f"HTTP {status}")


def test_who_has_no_token_or_another_one_is_told(rig: CheckpointReceiverRig) -> None:
    assert kept(rig, None).reason == "HTTP 401"
    assert kept(rig, "other").reason == "HTTP 401"
    assert rig.lines() == []


def test_an_answer_that_never_came_is_not_counted_on(rig: CheckpointReceiverRig) -> None:
    rig.forgets.append(True)
    assert kept(rig).kind == "retry"


def test_this_machine_is_left_alone_unless_that_is_meant(rig: CheckpointReceiverRig) -> None:
    outcome = kept(rig, allow_loopback=False)
    assert outcome.kind == "retry"
    assert "private or special network" in outcome.reason
    assert rig.requests == 0


def test_over_https_only_whom_the_certificate_names_is_believed(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*authority.issue("audit", common_name="audit", host="audit.example"))
    ours = ssl.create_default_context(cafile=authority.ca)
    with CheckpointReceiverRig(tmp_path, tls=server) as rig:

        def post(name: str, tls: ssl.SSLContext | None) -> Outcome:
            made = CheckpointReceiver(
                url=f"https://{name}:{rig.port}/shopbell",
                token=rig.token,
                timeout_s=20,
                allow_loopback=True,
                tls=tls,
                resolve=lambda _host, _port: ["127.0.0.1"],
            )
            with closing(made):
                return made.keep(LINE)

        assert post("audit.example", ours).kind == "delivered"
        assert "certificate" in post("other.example", ours).reason
        assert "certificate" in post("audit.example", None).reason
        assert rig.lines() == LINE.splitlines()


def test_a_receiver_that_shows_nothing_says_so(rig: CheckpointReceiverRig) -> None:
    rig.shows = False
    with (
        closing(
            CheckpointReceiver(url=rig.url, token=rig.token, timeout_s=20, allow_loopback=True)
        ) as receiver,
        pytest.raises(ReceiverError, match="HTTP 403"),
    ):
        receiver.kept()


def test_a_receiver_that_is_away_says_so(tmp_path: Path) -> None:
    with CheckpointReceiverRig(tmp_path) as rig:
        url = rig.url
    with (
        closing(CheckpointReceiver(url=url, timeout_s=20, allow_loopback=True)) as receiver,
        pytest.raises(ReceiverError, match="no connection"),
    ):
        receiver.kept()
