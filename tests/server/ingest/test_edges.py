from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shopbell_server.ingest import edges as module
from shopbell_server.ingest.edges import AGAIN_S, MOST_SCANNERS, Edges
from shopbell_wire.codec import encode
from shopbell_wire.messages import Clock, ScannerStatus, Status

STREAM = "a" * 32
OTHER = "b" * 32


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def status(
    edge: str = "door",
    *,
    state: Any = "online",
    stream: str = STREAM,
    conn: int = 1,
    boot: str = "c" * 32,
    at_ms: int = 1_000,
    scanners: tuple[str, ...] = ("hci0",),
    hears: Any = "hearing",
) -> bytes:
    return encode(
        Status(
            edge=edge,
            stream=stream,
            conn=conn,
            state=state,
            version="0.1.0",
            config="sha256:",
            clock=Clock(
                boot=boot, boottime_ms=at_ms, wall_ms=at_ms + 5_000, state="synced", err_ms=1
            ),
            scanners=tuple(
                ScannerStatus(scanner=each, kind="ble", state=hears) for each in scanners
            ),
        )
    )


def shown(edge: str, scanner: str) -> float | None:
    return REGISTRY.get_sample_value("shopbell_scanner_state", {"edge": edge, "scanner": scanner})


def test_the_last_word_of_an_edge_counts() -> None:
    edges = Edges()
    edges.said("door", status(hears="blind"))
    assert shown("door", "hci0") == 0.0
    edges.said("door", status(hears="suspect", conn=2))
    assert shown("door", "hci0") == 0.5
    edges.said("door", status())
    assert edges.statuses["door"].conn == 2
    edges.said("door", status(conn=3, state="offline"))
    assert shown("door", "hci0") == 0.0


def given_up(reason: str) -> float | None:
    labels = {"edge": "attic", "reason": reason}
    return REGISTRY.get_sample_value("shopbell_edge_given_up_total", labels)


def test_what_an_edge_gave_up_is_counted_and_told_if_it_is_gone_for_good() -> None:
    edges = Edges(Seconds())
    with capture_logs() as logs:
        edges.gave_up("attic", {"spool_coalesced": 30})
        assert logs == []
        edges.gave_up("attic", {"spool_coalesced": 3, "spool_full": 2})
        edges.gave_up("attic", {"spool_full": 5})
    assert [(line["event"], line["edge"], line["reason"]) for line in logs] == [
        ("edge_alarm", "attic", "events_given_up")
    ]
    assert (given_up("spool_coalesced"), given_up("spool_full")) == (33.0, 7.0)


def test_alarms_are_counted_though_they_are_told_once_a_minute() -> None:
    edges = Edges(Seconds())
    for _ in range(3):
        edges.alarm("attic", "cloned_identity")
    labels = {"reason": "cloned_identity"}
    assert REGISTRY.get_sample_value("shopbell_edge_alarms_total", labels) == 3.0


def test_a_scanner_that_is_gone_is_not_shown_any_more() -> None:
    edges = Edges()
    edges.said("till", status("till", scanners=("cam0", "cam0", "hci0")))
    edges.said("till", status("till", scanners=("hci0",), conn=2))
    assert shown("till", "cam0") is None
    assert shown("till", "hci0") == 1.0


def test_names_from_the_wire_do_not_fill_the_memory() -> None:
    edges = Edges()
    edges.said("many", status("many", scanners=tuple(f"s{each}" for each in range(900))))
    assert shown("many", f"s{MOST_SCANNERS - 1}") == 1.0
    assert shown("many", f"s{MOST_SCANNERS}") is None


@pytest.mark.parametrize("boot", ["c" * 32, "d" * 32], ids=["restarted", "rebooted"])
def test_the_late_will_of_a_process_that_was_replaced_is_ignored(boot: str) -> None:
    edges = Edges()
    edges.said("mid", status("mid", stream=OTHER, boot=boot, at_ms=9_000))
    edges.said("mid", status("mid", state="offline", at_ms=1_000))
    assert [each.state for each in edges.statuses.values()] == ["online"]
    edges.said("mid", status("mid", state="offline", stream=OTHER, boot=boot, at_ms=9_000))
    assert [each.state for each in edges.statuses.values()] == ["offline"]
    edges.said("mid", status("mid", state="offline", stream=STREAM, at_ms=1_000))
    assert edges.statuses["mid"].stream == STREAM


def test_what_is_no_status_of_that_edge_is_an_alarm() -> None:
    edges = Edges()
    with capture_logs() as logs:
        edges.said("door", b"")
        edges.said("door", status("till"))
    assert [entry["reason"] for entry in logs] == ["status_empty", "status_wrong_edge"]
    assert edges.statuses == {}


def test_an_alarm_is_told_once_a_minute() -> None:
    seconds = Seconds()
    edges = Edges(seconds)
    with capture_logs() as logs:
        edges.alarm("door", "conflict")
        seconds.now += AGAIN_S - 1
        edges.alarm("door", "conflict")
        edges.alarm("door", "wrong_edge")
        seconds.now += 1
        edges.alarm("door", "conflict")
    assert [entry["reason"] for entry in logs] == ["conflict", "wrong_edge", "conflict"]


def test_strangers_beyond_the_bound_are_not_kept() -> None:
    edges = Edges()
    for number in range(module.MOST_EDGES + 1):
        edges.said(f"e{number}", status(f"e{number}", scanners=()))
    assert len(edges.statuses) == module.MOST_EDGES
    with capture_logs():
        for number in range(module.MOST_EDGES + 1):
            edges.alarm(f"e{number}", "unknown_edge")
