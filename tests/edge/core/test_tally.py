from __future__ import annotations

from shopbell_edge.core.tally import Tally


def test_a_tally_begins_with_nothing() -> None:
    tally = Tally()
    assert (tally.adverts, tally.events, tally.codes, tally.dropped, tally.hearing) == (
        {},
        {},
        {},
        {},
        {},
    )


def test_advertisements_are_asked_for_when_somebody_looks() -> None:
    counts = {"ours": 1}
    tally = Tally()
    tally.adverts["hci0"] = lambda: counts
    counts["ours"] = 2
    assert tally.adverts["hci0"]() == {"ours": 2}
