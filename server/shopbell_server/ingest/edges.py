"""What edges say of themselves, for the operator.

Owns: the last status of every edge, and alarms, each told once a minute at most.
Never: events; losing any of this loses nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import Counter, Gauge

from shopbell_server.core.edges.losses import lost
from shopbell_wire import codec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_wire.messages import Status

log = structlog.get_logger()

AGAIN_S: Final = 60.0
"""An edge that is not registered sends every 30 s, for ever: once a minute is enough to read."""

MOST_EDGES: Final = 10_000
"""Names come from the wire. A broker that lets strangers write must not fill our memory."""

MOST_SCANNERS: Final = 64
"""Of one edge, in metrics. More than any machine has sockets for; their names come from the wire too."""

_ONLINE = Gauge("shopbell_edges_online", "Edges whose last status says that they are online.")
_SCANNER = Gauge(
    "shopbell_scanner_state",
    "1 hearing, 0.5 suspect, 0 blind or offline.",
    ["edge", "scanner"],
)
_GIVEN_UP = Counter(
    "shopbell_edge_given_up",
    "Events that edges of the registry had to give up, by reason.",
    ["edge", "reason"],
)
_ALARMS = Counter("shopbell_edge_alarms", "What is wrong of edges, as often as it was.", ["reason"])
_STATE: Final = {"hearing": 1.0, "suspect": 0.5, "blind": 0.0}


class Edges:
    """Written by the ingest thread; reading from another sees some recent moment."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._statuses: dict[str, Status] = {}
        self._alarmed: dict[tuple[str, str], float] = {}

    @property
    def statuses(self) -> Mapping[str, Status]:
        """The last status by edge."""
        return self._statuses

    def said(self, edge: str, payload: bytes) -> None:
        """Note a status. The will of a connection that was replaced comes late and is ignored."""
        try:
            status = codec.decode_status(payload)
        except codec.MalformedError as error:
            self.alarm(edge, f"status_{error.reason}")
            return
        if status.edge != edge:
            self.alarm(edge, "status_wrong_edge")
            return
        before = self._statuses.get(edge)
        if before is None and len(self._statuses) >= MOST_EDGES:
            return
        if before is not None and _is_outdated(status, before):
            return
        self._statuses[edge] = status
        if before is None or before.state != status.state:
            log.info("edge_status", edge=edge, state=status.state, version=status.version)
        _ONLINE.set(sum(each.state == "online" for each in self._statuses.values()))
        _show_scanners(edge, status, before)

    def gave_up(self, edge: str, counts: Mapping[str, int]) -> None:
        """Count what an edge of the registry gave up; tell the operator if anything is gone for good."""
        for reason, count in counts.items():
            _GIVEN_UP.labels(edge, reason).inc(count)
        if lost(counts):
            self.alarm(edge, "events_given_up")

    def alarm(self, edge: str, reason: str) -> None:
        """Tell the operator that something of `edge` is wrong."""
        _ALARMS.labels(reason).inc()
        now = self._seconds()
        last = self._alarmed.get((edge, reason))
        if last is not None and now - last < AGAIN_S:
            return
        if last is None and len(self._alarmed) >= MOST_EDGES:
            self._alarmed.clear()
        self._alarmed[edge, reason] = now
        log.warning("edge_alarm", edge=edge, reason=reason)


def _show_scanners(edge: str, status: Status, before: Status | None) -> None:
    shown = {each.scanner: each.state for each in status.scanners[:MOST_SCANNERS]}
    for scanner, state in shown.items():
        _SCANNER.labels(edge, scanner).set(_STATE[state] if status.state == "online" else 0.0)
    if before is not None:
        for gone in {each.scanner for each in before.scanners[:MOST_SCANNERS]} - shown.keys():
            _SCANNER.remove(edge, gone)


def _is_outdated(status: Status, before: Status) -> bool:
    """Return whether `status` is the will of a connection that `before` came after.

    Of one process its connections are counted. Of two, a will says what its clock said when it was left
    with the broker, which was before the other began to speak.
    """
    if status.stream == before.stream:
        return status.conn < before.conn
    if status.state == "online" or before.state == "offline":
        return False
    if status.clock.boot == before.clock.boot:
        return status.clock.boottime_ms < before.clock.boottime_ms
    return status.clock.wall_ms < before.clock.wall_ms
