"""How many observations a second go through all of the server: broker, ingest, database, answer."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from paho.mqtt.enums import CallbackAPIVersion

from shopbell_program.mqtt_client import EndableClient
from shopbell_wire import codec
from tests.bench.people import Crowd
from tests.bench.report import Report, at_least, figure
from tests.bench.server import TENANT, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paho.mqtt.client import Client, MQTTMessage

    from tests.bench.server import Site

TITLE: Final = "Server: the whole chain"
MEASURES: Final = (
    "Observations (presence events) per second from five edges' MQTT clients through the embedded broker, "
    "one `shopbell-server run` on SQLite, commit and acknowledgement, all on this machine: batches of 50, "
    "at most 64 of an edge unanswered, from the first publish to the last answer."
)
WHY: Final = (
    "one process takes everything in, on one core, and shares it with the MQTT client; the other core has "
    "the broker and the edges' clients. See *ingest per worker*. More workers share a broker cluster and "
    "PostgreSQL, which this machine has no cores for."
)

PER_S: Final = 20_000

EDGES: Final = 5
PEOPLE: Final = 200
PER_BATCH: Final = 50
BATCHES: Final = 400
ROUNDS: Final = 5
WINDOW: Final = 64
LIMIT_S: Final = 60.0


async def measure(*, long: bool) -> Report:
    del long
    with (
        tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder,
        serving(Path(folder), edges=EDGES, people=PEOPLE) as site,
    ):
        rates = await asyncio.to_thread(rounds, site)
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(figure("through the chain", "observations/s", rates),),
        verdicts=(at_least("through the chain", median(rates), PER_S, "observations/s"),),
        why=WHY,
    )


def rounds(site: Site) -> list[float]:
    crowd = Crowd(site.guests, EDGES, now_ms() - 300_000)
    edges = {f"edge-{number}": Edge(f"edge-{number}", site) for number in range(EDGES)}
    try:
        rates = []
        for number in range(ROUNDS + 1):
            batches = crowd.round(BATCHES, now_ms(), PER_BATCH)
            queues: dict[str, list[bytes]] = {name: [] for name in edges}
            for edge, payload in batches:
                queues[edge].append(payload)
            began = time.perf_counter()
            sending = [
                threading.Thread(target=each.send, args=(queues[name],))
                for name, each in edges.items()
            ]
            for thread in sending:
                thread.start()
            for thread in sending:
                thread.join()
            if number:  # in the first, everybody comes in
                rates.append(BATCHES * PER_BATCH / (time.perf_counter() - began))
        return rates
    finally:
        for each in edges.values():
            each.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Edge:
    """An edge that knows no spool: it sends batches, and waits for answers."""

    def __init__(self, name: str, site: Site) -> None:
        self._topic = f"shopbell/v1/{TENANT}/{name}"
        self._free = threading.Semaphore(WINDOW)
        subscribed = threading.Event()
        self._client = EndableClient(CallbackAPIVersion.VERSION2, client_id=f"bench-{name}")
        self._client.username_pw_set("edge", site.edge_password)
        self._client.on_message = self._answered
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.max_inflight_messages_set(WINDOW)
        self._client.connect("127.0.0.1", site.port)
        self._client.loop_start()
        self._client.subscribe(f"{self._topic}/down/ack", 1)
        assert subscribed.wait(LIMIT_S), "the broker does not take the subscription"

    def send(self, payloads: Sequence[bytes]) -> None:
        """Send all; return when all are answered."""
        for payload in payloads:
            assert self._free.acquire(timeout=LIMIT_S), "no answer"
            self._client.publish(f"{self._topic}/up/live", payload, qos=1)
        for _ in range(WINDOW):
            assert self._free.acquire(timeout=LIMIT_S), "no answer"
        for _ in range(WINDOW):
            self._free.release()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _answered(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        ack = codec.decode_ack(bytes(message.payload))
        assert not ack.refused, ack.refused
        for first, last in ack.committed:
            for _ in range(last - first + 1):
                self._free.release()
