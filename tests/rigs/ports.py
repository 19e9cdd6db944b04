"""Ports for servers that must know theirs before they start."""

from __future__ import annotations

import itertools
import os
import socket
from typing import Final

FIRST: Final = 20_000
"""From here to ENDS nobody is given a port unasked: those for outgoing connections, and for whoever asks
for any, begin at 32768 (Linux), 49152 elsewhere."""

ENDS: Final = 32_000

WORKERS: Final = 12
"""Of a run of tests, each with a thousand ports of its own: what one picked no other one picks before its
server has bound it. More workers than that share."""

_OURS: Final = (ENDS - FIRST) // WORKERS


def _first() -> int:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return FIRST + int(worker) % WORKERS * _OURS


_next: Final = itertools.count(os.getpid() * 7)
"""Another run on this machine most likely begins elsewhere."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses now, and that nobody else is about to be given."""
    for number in itertools.islice(_next, _OURS):
        port = _first() + number % _OURS
        with socket.socket() as probe:
            # As servers bind: a connection of the last one that has not quite ended is in nobody's way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"all ports from {_first()} on are in use")
