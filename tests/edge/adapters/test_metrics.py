"""The metrics page, as Prometheus reads it."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections import Counter
from typing import get_args

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from shopbell_edge.adapters.metrics import MetricsPage, Situation
from shopbell_edge.adapters.metrics_reading import running
from shopbell_edge.core.doctor.supervision import Running
from shopbell_edge.core.reception import Reception
from shopbell_edge.core.tally import Tally
from shopbell_edge.ports import Depth
from shopbell_wire.messages import ClockState
from tests.fakes.clock import FakeClock

LABELS = ("scanner", "kind", "result", "reason", "state")


def read(page: MetricsPage) -> dict[tuple[str, ...], float]:
    """Return the samples by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{page.port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {
        (
            sample.name,
            *(sample.labels[each] for each in LABELS if each in sample.labels),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_was_counted_is_shown_under_the_promised_names() -> None:
    tally = Tally(
        adverts={"hci0": lambda: {"ours": 3, "not_ours": 40}},
        events=Counter(presence=2),
        codes=Counter({("cam0", "pass"): 1}),
        dropped=Counter(spool_full=5),
        hearing={"hci0": ("hearing", "scanning"), "cam0": ("blind", "no_camera")},
    )
    with MetricsPage("127.0.0.1", 0, tally) as page:
        assert not [name for name, *_ in read(page) if "spool" in name], "nobody knows yet"
        page.depth = Depth(unsealed=7, sealed=2, size_bytes=4096, oldest_ms=None)
        shown = read(page)
        tally.events["presence"] += 1
        later = read(page)
    assert shown == {
        ("shopbell_adverts_total", "hci0", "ours"): 3,
        ("shopbell_adverts_total", "hci0", "not_ours"): 40,
        ("shopbell_events_total", "presence"): 2,
        ("shopbell_codes_total", "cam0", "pass"): 1,
        ("shopbell_dropped_total", "spool_full"): 5,
        ("shopbell_scanner_state", "hci0"): 1,
        ("shopbell_scanner_state", "cam0"): 0,
        ("shopbell_spool_events",): 9,
        ("shopbell_spool_bytes",): 4096,
    }
    assert later["shopbell_events_total", "presence"] == 3


@pytest.mark.parametrize(
    ("state", "error_s"), [("synced", 0.012), ("holdover", 0.012), ("unsynced", None)]
)
def test_how_the_daemon_stands_is_shown(state: ClockState, error_s: float | None) -> None:
    clock = replace(FakeClock(state=state).now(), err_ms=12)
    with MetricsPage("127.0.0.1", 0, Tally()) as page:
        assert not [name for name, *_ in read(page) if "_edge_" in name and "path" not in name]
        page.situation = Situation(clock=clock, disputed=True, online=False, in_force=None)
        shown = read(page)
        page.situation = Situation(clock=clock, disputed=False, online=True, in_force=7)
        later = read(page)
    states = {each: shown["shopbell_edge_clock_state", each] for each in get_args(ClockState)}
    assert [each for each, value in states.items() if value == 1] == [state]
    assert shown.get(("shopbell_edge_clock_error_seconds",)) == error_s
    assert shown["shopbell_edge_clock_disputed",] == 1
    assert shown["shopbell_edge_uplink_connected",] == 0
    assert ("shopbell_edge_orders_in_force",) not in shown
    assert later["shopbell_edge_clock_disputed",] == 0
    assert later["shopbell_edge_uplink_connected",] == 1
    assert later["shopbell_edge_orders_in_force",] == 7


@pytest.mark.parametrize(("appended", "waited_s"), [(None, 0), (-90_000, 90), (5_000, 0)])
def test_how_long_the_oldest_event_has_waited_is_shown(
    appended: int | None, waited_s: float
) -> None:
    clock = FakeClock().now()
    oldest_ms = None if appended is None else clock.wall_ms + appended
    with MetricsPage("127.0.0.1", 0, Tally()) as page:
        page.depth = Depth(unsealed=1, sealed=0, size_bytes=1, oldest_ms=oldest_ms)
        page.situation = Situation(clock=clock, disputed=False, online=True, in_force=None)
        assert read(page)["shopbell_spool_oldest_seconds",] == waited_s


def test_how_the_beacon_is_heard_is_shown_beside_what_is_expected() -> None:
    reception = Reception(sightings=100, share=0.45, expected=0.47, fault=None)
    with MetricsPage("127.0.0.1", 0, Tally(receptions={"hci0": reception})) as page:
        shown = read(page)
    assert shown["shopbell_edge_heartbeat_heard", "hci0"] == 0.45
    assert shown["shopbell_edge_heartbeat_expected", "hci0"] == 0.47


def test_a_doctor_reads_it_from_outside() -> None:
    tally = Tally(hearing={"hci0": ("suspect", "low_duty"), "cam0": ("hearing", "")})
    with MetricsPage("127.0.0.1", 0, tally) as page:
        assert running("127.0.0.1", page.port) == Running(
            scanners={"hci0": 0.5, "cam0": 1.0}, uplink=None
        )
        clock = FakeClock().now()
        page.situation = Situation(clock=clock, disputed=False, online=True, in_force=None)
        tally.adverts["hci0"] = lambda: {"heard": 9, "overflow": 4}
        said = running("127.0.0.1", page.port)
        port = page.port
    assert said is not None
    assert said.uplink is True
    assert said.clock == "synced"
    assert said.overflown == {"hci0": 4}
    assert running("127.0.0.1", port) is None


def test_what_is_no_metrics_page_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        answering = threading.Thread(target=_answer, args=(other,))
        answering.start()
        assert running("127.0.0.1", other.getsockname()[1]) is None
        answering.join()


def _answer(other: socket.socket) -> None:
    wire, _ = other.accept()
    with wire:
        wire.recv(4096)
        wire.sendall(b"SSH-2.0-OpenSSH\r\n")


def test_a_port_that_is_taken_is_named() -> None:
    with MetricsPage("127.0.0.1", 0, Tally()) as page:
        second = MetricsPage("127.0.0.1", page.port, Tally())
        with pytest.raises(OSError, match=rf"metrics at 127.0.0.1:{page.port}: Address already"):
            second.__enter__()
