"""What a daemon says by itself, from its start to its end, to a server that listens."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from shopbell_wire import codec
from shopbell_wire.messages import ClockAnchor, StreamStarted
from tests.faults.daemon import Daemon
from tests.rigs.committing_server import CommittingServer
from tests.rigs.listener import Listener
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.till_file import till_file
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.brokers import MosquittoBroker

STATUS: Final = "shopbell/v1/acme/till/up/status"


async def test_a_stream_begins_the_time_is_anchored_and_the_status_follows(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    config = till_file(tmp_path, mosquitto)
    command = [sys.executable, "-m", "shopbell_edge", "run", "--config", str(config)]
    daemon = Daemon("till", command, tmp_path, "edge_started")
    async with (
        AsyncExitStack() as stack,
        CommittingServer(mosquitto, tenant="acme", edge="till") as server,
        Listener(mosquitto, STATUS) as listener,
    ):
        gun = stack.enter_context(PtyScanner(tmp_path / "gun"))

        def statuses() -> list[str]:
            return [codec.decode_status(payload).state for _, payload, _ in listener.heard]

        def scanners() -> dict[str, str]:
            _, payload, _ = listener.heard[-1]
            return {each.scanner: each.state for each in codec.decode_status(payload).scanners}

        try:
            daemon.start()
            await server.until(lambda: any(isinstance(e, ClockAnchor) for e in server.events()))
            await until("it is online", lambda: statuses()[-1:] == ["online"])
            started = server.events()[0]
            assert isinstance(started, StreamStarted)
            (anchor,) = [each for each in server.events() if isinstance(each, ClockAnchor)]
            batch = server.batches()[0]
            assert anchor.boot == batch.clock.boot
            assert scanners()["gun"] == "blind"
            gun.plug()
            await until("what changes is told", lambda: scanners()["gun"] == "hearing")
            await daemon.stop()
            await until("it is offline", lambda: statuses()[-1] == "offline")
        finally:
            daemon.show()
            daemon.kill()
    # Whoever comes later is told the last word by the broker.
    async with Listener(mosquitto, STATUS) as later:
        await later.until(lambda: bool(later.heard))
        ((_, payload, retained),) = later.heard
    assert retained
    assert codec.decode_status(payload).state == "offline"


async def test_of_one_that_vanished_whoever_comes_later_is_told_that_it_is_offline(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    config = till_file(tmp_path, mosquitto)
    command = [sys.executable, "-m", "shopbell_edge", "run", "--config", str(config)]
    daemon = Daemon("till", command, tmp_path, "edge_started")
    async with Listener(mosquitto, STATUS) as listener:
        try:
            daemon.start()
            await listener.until(lambda: bool(listener.heard))
        finally:
            daemon.show()
            daemon.kill()
        await listener.until(lambda: _state(listener) == "offline")
    async with Listener(mosquitto, STATUS) as later:
        await later.until(lambda: bool(later.heard))
        ((_, _, retained),) = later.heard
    assert retained
    assert _state(later) == "offline"


def _state(listener: Listener) -> str:
    _, payload, _ = listener.heard[-1]
    return codec.decode_status(payload).state
