from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.dating import OLDEST_MS, is_plausible
from shopbell_server.core.ids import Millis, Window
from shopbell_server.core.keeping.retention import (
    BATCHES_MS,
    CODES_MS,
    ISSUED_MS,
    SHORTEST_DAYS,
    Limits,
    What,
    last_window,
    rules,
    without_zones,
)
from shopbell_server.core.recognition.passes import LATE_STEPS, STEP_S
from shopbell_server.core.token_windows import TOLERANCE_S, on_air_ms, window_of
from shopbell_server.core.units import DAY_MS
from shopbell_server.core.visits.sessions import sessions
from tests.server.core.stays import RULES, acted, heard

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval

MINUTE = 60_000


def test_there_is_one_rule_for_each_kind_of_data() -> None:
    assert [rule.what for rule in rules(Limits())] == [
        What.HELPERS,
        What.SET_ASIDE,
        What.REFUSED,
        What.CODES,
        What.BATCHES,
        What.ISSUED,
        What.DELIVERIES,
        What.WAITING,
        What.ZONES,
        What.PLACES,
        What.VISITS,
        What.RECEIPTS,
        What.CHANNEL_SERVICE,
        What.CHANNEL_WISHES,
        What.CHANNEL_TIERS,
        What.TOLD,
        What.LEDGER,
        What.ERASURES,
        What.TOMBSTONES,
        What.MACHINES,
        What.OBSERVATIONS,
    ]


def test_the_numbers_are_those_of_the_promise() -> None:
    days = {rule.what: rule.for_ms / DAY_MS for rule in rules(Limits())}
    assert days[What.SET_ASIDE] == days[What.OBSERVATIONS] == 1
    assert days[What.ZONES] == 30
    assert days[What.VISITS] == days[What.RECEIPTS] == 393  # thirteen months with a short February
    assert days[What.DELIVERIES] == 14
    assert days[What.LEDGER] >= 365 + 5 * 365


def test_a_rule_says_of_when_what_is_older_goes() -> None:
    (zones,) = [rule for rule in rules(Limits()) if rule.what is What.ZONES]
    assert zones.before_ms(Millis(40 * DAY_MS)) == 10 * DAY_MS


def test_a_tenant_that_shortens_visits_shortens_what_hangs_on_them() -> None:
    short = {rule.what: rule.for_ms for rule in rules(Limits(zones_days=20, visits_days=10))}
    for what in (What.ZONES, What.VISITS, What.RECEIPTS, What.TOLD):
        assert short[what] == 10 * DAY_MS
    assert short[What.WAITING] == 20 * DAY_MS


@given(scanned_ms=st.integers(OLDEST_MS, 4_000_000_000_000), late=st.integers(-1, 1))
def test_a_used_code_is_forgotten_when_no_scan_of_it_would_count_any_more(
    scanned_ms: int, late: int
) -> None:
    """By then every other scan of the same code lies too far back, whatever an edge brings."""
    step = scanned_ms // (STEP_S * 1000) - late
    latest_scan_ms = (step + LATE_STEPS + 1) * STEP_S * 1000 - 1
    forgotten_ms = Millis(scanned_ms + CODES_MS)
    assert not is_plausible(latest_scan_ms, latest_scan_ms, Millis(forgotten_ms + 1))


def test_a_batch_that_comes_again_when_it_is_forgotten_has_nothing_that_counts() -> None:
    received_ms = Millis(1_790_000_000_000)
    newest_ms = received_ms + 5 * MINUTE  # by a clock that is ahead
    assert not is_plausible(newest_ms, newest_ms, Millis(received_ms + BATCHES_MS + 1))


def test_windows_are_forgotten_when_their_tokens_are_too_old_to_count() -> None:
    now_ms = Millis(1_790_000_000_000)
    last = last_window(Millis(now_ms - ISSUED_MS))
    assert window_of(Millis(now_ms - ISSUED_MS)) == last + 1
    # Phones' clocks may be behind by the tolerance, too.
    off_air_ms = on_air_ms(Window(last + 1)) + 2 * TOLERANCE_S * 1000
    assert not is_plausible(off_air_ms, off_air_ms, now_ms)


def test_no_limit_of_what_edges_bring_is_shorter_than_what_an_edge_may_bring_late() -> None:
    assert SHORTEST_DAYS * DAY_MS > OLDEST_MS


stays = st.lists(
    st.one_of(
        st.builds(
            heard,
            st.integers(0, 90 * MINUTE),
            st.integers(90 * MINUTE, 91 * MINUTE),
            scanner=st.sampled_from(["door", "mid"]),
            zone=st.sampled_from(["entrance", "shoes", None]),
        ),
        st.builds(
            acted, st.integers(0, 200 * MINUTE), zone=st.sampled_from(["entrance", "till", None])
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(stays)
def test_a_visit_whose_zones_went_is_the_visit_of_evidence_without_zones(
    stays: list[Interval],
) -> None:
    """So it may be computed anew, when people are joined or parted, and nothing changes."""
    bare = [each._replace(zone=None) for each in stays]
    assert sessions(bare, RULES) == tuple(map(without_zones, sessions(stays, RULES)))
