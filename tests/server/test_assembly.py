from __future__ import annotations

import socket
import sys

import pytest

from shopbell_server.assembly import UNANSWERED_MS, CannotListenError, listen


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(CannotListenError, match=rf"127\.0\.0\.1:{port}: .*http\.port"):
            listen("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets us say when to give up")
def test_a_peer_that_vanished_is_given_up() -> None:
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        accepted, _ = listening.accept()
        with accepted:
            patience_ms = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert patience_ms == UNANSWERED_MS
