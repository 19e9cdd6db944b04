"""The metrics page, as Prometheus reads it."""

from __future__ import annotations

import urllib.request
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shopbell_edge.adapters.metrics import MetricsPage
from shopbell_edge.core.tally import Tally
from shopbell_edge.ports import Depth

LABELS = ("scanner", "kind", "result", "reason")


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


def test_a_port_that_is_taken_is_named() -> None:
    with MetricsPage("127.0.0.1", 0, Tally()) as page:
        second = MetricsPage("127.0.0.1", page.port, Tally())
        with pytest.raises(OSError, match=rf"metrics at 127.0.0.1:{page.port}: Address already"):
            second.__enter__()
