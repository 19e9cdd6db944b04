"""The metrics page of a daemon that runs, read from outside.

Owns: the request, and which figures are taken from the answer.
Never: believes that what answers there is ours: all of it is bounded, and may be missing.
"""

from __future__ import annotations

import http.client
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from shopbell_edge.core.doctor.supervision import Running
from shopbell_edge.core.management import OVERFLOW

WITHIN_S: Final = 3.0
"""The page is of this machine and made of counters, some milliseconds; a Pi that swaps takes a hundred times
as long."""

MOST_BYTES: Final = 1_000_000
"""A page of sixteen radios and sixteen cameras has 12 KB (counted). Whatever says more is not ours."""


def running(host: str, port: int) -> Running | None:
    """Return what the page at `host` and `port` says; None if there is none."""
    connection = http.client.HTTPConnection(host, port, timeout=WITHIN_S)
    try:
        connection.request("GET", "/metrics", headers={"Accept": "text/plain"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            return None
        return _read(answer.read(MOST_BYTES).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _read(page: str) -> Running:
    scanners: dict[str, float] = {}
    overflown: dict[str, float] = {}
    uplink: bool | None = None
    clock: str | None = None
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == "shopbell_scanner_state" and "scanner" in sample.labels:
                scanners[sample.labels["scanner"]] = sample.value
            elif (
                sample.name == "shopbell_adverts_total" and sample.labels.get("result") == OVERFLOW
            ):
                overflown[sample.labels.get("scanner", "")] = sample.value
            elif sample.name == "shopbell_edge_uplink_connected":
                uplink = sample.value > 0
            elif sample.name == "shopbell_edge_clock_state" and sample.value > 0:
                clock = sample.labels.get("state")
    return Running(scanners=scanners, overflown=overflown, uplink=uplink, clock=clock)
