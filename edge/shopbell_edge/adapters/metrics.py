"""What the edge has counted, for Prometheus.

Owns: names and labels of the metrics page. No label carries a person, an address or a token.
Never: counts; `core.tally` and the spool do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, get_args

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from shopbell_wire.messages import ClockState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Thread
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.core import Metric

    from shopbell_edge.core.tally import Tally
    from shopbell_edge.ports import Depth
    from shopbell_wire.messages import Clock

_STATE: Final = {"hearing": 1.0, "suspect": 0.5, "blind": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How the daemon stands; `in_force` is the number of the server's settings, None for the file alone."""

    clock: Clock
    disputed: bool
    online: bool
    in_force: int | None


class MetricsPage:
    """Serves while its context is open. `depth` and `situation` are renewed by whoever knows."""

    def __init__(self, host: str, port: int, tally: Tally) -> None:
        self._address = (host, port)
        self._tally = tally
        self.depth: Depth | None = None
        self.situation: Situation | None = None
        self._server: tuple[WSGIServer, Thread] | None = None

    def __enter__(self) -> Self:
        """Begin to serve; OSError, saying where, if the port is taken or the host is not ours."""
        registry = CollectorRegistry()
        registry.register(_Page(self))
        host, port = self._address
        try:
            self._server = start_http_server(port, host, registry)
        except OSError as error:
            raise OSError(
                f"metrics at {host}:{port}: {error.strerror}; give [metrics] another host or port"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            server, thread = self._server
            server.shutdown()
            server.server_close()
            thread.join()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server[0].server_port if self._server is not None else self._address[1]

    def families(self) -> Iterable[Metric]:
        """Yield every metric as it stands."""
        tally = self._tally
        adverts = CounterMetricFamily(
            "shopbell_adverts", "Advertisements by what they were.", labels=["scanner", "result"]
        )
        for scanner, counts in tally.adverts.items():
            for result, count in counts().items():
                adverts.add_metric([scanner, result], count)
        yield adverts
        yield _counter("shopbell_events", "Events for the server.", "kind", tally.events)
        yield _counter("shopbell_dropped", "Events given up.", "reason", tally.dropped)
        yield from _readers(tally)
        state = GaugeMetricFamily(
            "shopbell_scanner_state", "1 hearing, 0.5 suspect, 0 blind.", labels=["scanner"]
        )
        for scanner, (hearing, _) in tally.hearing.items():
            state.add_metric([scanner], _STATE[hearing])
        yield state
        yield from _heartbeat(tally)
        ways = GaugeMetricFamily(
            "shopbell_edge_radio_path",
            "Which way a Bluetooth radio hears, and why not the other.",
            labels=["scanner", "path", "reason"],
        )
        for scanner, (way, reason) in tally.ways.items():
            ways.add_metric([scanner, way, reason], 1.0)
        yield ways
        if self.depth is not None:
            yield from _depth(self.depth)
        if self.situation is not None:
            yield from _situation(self.situation)
        if self.depth is not None and self.situation is not None:
            yield _age(self.depth, self.situation.clock)


class _Page(Collector):
    def __init__(self, page: MetricsPage) -> None:
        self._page = page

    def collect(self) -> Iterable[Metric]:
        return self._page.families()

    def describe(self) -> Iterable[Metric]:
        return ()  # nothing is known before somebody asks


def _heartbeat(tally: Tally) -> Iterable[Metric]:
    heard = GaugeMetricFamily(
        "shopbell_edge_heartbeat_heard",
        "Share of what the store's beacon sent that the radio heard.",
        labels=["scanner"],
    )
    expected = GaugeMetricFamily(
        "shopbell_edge_heartbeat_expected",
        "What scan duty and losses leave of it to be heard.",
        labels=["scanner"],
    )
    for scanner, reception in tally.receptions.items():
        heard.add_metric([scanner], reception.share)
        expected.add_metric([scanner], reception.expected)
    yield heard
    yield expected


def _readers(tally: Tally) -> Iterable[Metric]:
    codes = CounterMetricFamily(
        "shopbell_codes", "Codes read, by what they were.", labels=["scanner", "result"]
    )
    for (scanner, result), count in tally.codes.items():
        codes.add_metric([scanner, result], count)
    yield codes
    cameras = CounterMetricFamily(
        "shopbell_camera",
        "Frames and images looked at, and what became of decoders.",
        labels=["scanner", "what"],
    )
    for (scanner, what), count in tally.cameras.items():
        cameras.add_metric([scanner, what], count)
    yield cameras


def _depth(depth: Depth) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "shopbell_spool_events",
        "Events that wait, those in sealed batches included.",
        value=depth.unsealed + depth.sealed,
    )
    yield GaugeMetricFamily(
        "shopbell_spool_bytes", "Room that the spool uses.", value=depth.size_bytes
    )


def _age(depth: Depth, clock: Clock) -> Metric:
    waited_ms = 0 if depth.oldest_ms is None else max(0, clock.wall_ms - depth.oldest_ms)
    return GaugeMetricFamily(
        "shopbell_spool_oldest_seconds",
        "How long the oldest event has waited; 0 while none does.",
        value=waited_ms / 1000,
    )


def _situation(now: Situation) -> Iterable[Metric]:
    states = GaugeMetricFamily(
        "shopbell_edge_clock_state", "1 for the state that the clock is in.", labels=["state"]
    )
    for state in get_args(ClockState):
        states.add_metric([state], float(now.clock.state == state))
    yield states
    if now.clock.state != "unsynced":
        error_s = now.clock.err_ms / 1000
        yield GaugeMetricFamily(
            "shopbell_edge_clock_error_seconds", "The most by which the time is off.", value=error_s
        )
    yield GaugeMetricFamily(
        "shopbell_edge_clock_disputed",
        "1 while NTP and the server contradict each other.",
        value=float(now.disputed),
    )
    yield GaugeMetricFamily(
        "shopbell_edge_uplink_connected",
        "1 while there is a connection to the broker.",
        value=float(now.online),
    )
    if now.in_force is not None:
        yield GaugeMetricFamily(
            "shopbell_edge_orders_in_force",
            "Number of the server's settings that are in force.",
            value=now.in_force,
        )


def _counter(name: str, text: str, label: str, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
