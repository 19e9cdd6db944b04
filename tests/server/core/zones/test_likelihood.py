from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.calibration import learnt, no_lessons, picked
from shopbell_server.core.zones.likelihood import (
    HIDES_DB,
    log_likelihood,
    missed_log,
    newness,
    trusted,
    usable,
)
from shopbell_server.core.zones.radio_map import AMONG_RACKS, HALL, RadioMap, unsurveyed_map
from shopbell_server.core.zones.readings import SAYS_NOTHING
from tests.server.core.zones.small_floor import CORNERS, floor, grid, heard_at

RADIO = unsurveyed_map(floor(), grid())
KNOWN = learnt(no_lessons(1, len(CORNERS)), RADIO.doubt)
HIDING = replace(RADIO, doubt=replace(HALL.doubt, hidden=AMONG_RACKS.hidden))
NONE = np.zeros((1, len(CORNERS)))
ONE = np.ones((1, len(CORNERS)))


def test_what_drivers_write_instead_of_a_strength_is_no_reading() -> None:
    read = np.array([-90.0, -21.0, 0.0, 127.0, np.nan, np.inf])
    assert usable(read).tolist() == [True, True, False, False, False, False]


def test_readings_in_a_row_say_less_than_readings_apart() -> None:
    worth = newness(np.array([0.0, 0.1, 1.0, 100.0]))
    assert (np.diff(worth) > 0).all()
    assert worth[0] == 0
    assert worth[-1] < 1


def test_silence_speaks_against_places_where_one_would_be_heard() -> None:
    logs = missed_log(np.array([-60.0, -96.0, -120.0]))
    assert logs[0] < -1.5
    assert logs[0] < logs[1] < logs[2] < 0


def test_silence_of_who_tells_only_of_the_near_says_that_she_is_not_near() -> None:
    logs = missed_log(np.array([-60.0, -77.0, -96.0]), SAYS_NOTHING)
    assert logs[0] < -1.5
    assert logs[0] < logs[1] < logs[2]
    assert abs(logs[2]) < 0.01, "well heard by the radio, and told of by nobody"


def test_a_faint_phone_is_silent_nearer_by() -> None:
    faint = replace(KNOWN, level_db=np.full(1, -10.0))
    nothing = np.full((1, len(CORNERS)), np.nan)
    usual = log_likelihood(RADIO, KNOWN, nothing, ONE, ONE, SAYS_NOTHING)
    assert (log_likelihood(RADIO, faint, nothing, ONE, ONE, SAYS_NOTHING) > usual).all()
    assert np.allclose(
        log_likelihood(RADIO, faint, nothing, ONE, ONE),
        log_likelihood(RADIO, KNOWN, nothing, ONE, ONE),
    )


@given(x=st.floats(0.5, 7.5), y=st.floats(0.5, 5.5))
def test_the_place_where_it_was_heard_so_fits_well(x: float, y: float) -> None:
    fits = log_likelihood(RADIO, KNOWN, heard_at(x, y)[None], ONE, NONE)[0]
    here = np.square(grid().centres_m - [x, y]).sum(axis=1).argmin()
    assert fits[here] > fits.max() - 0.5


def test_a_faint_phone_is_where_it_is_all_the_same() -> None:
    here = np.square(grid().centres_m - [2.0, 2.0]).sum(axis=1).argmin()
    faint = heard_at(2, 2)[None] - 9.0
    fits = log_likelihood(RADIO, KNOWN, faint, ONE, NONE)[0]
    assert fits[here] > fits.max() - 0.5


def test_devices_of_which_one_is_known_are_each_as_if_alone() -> None:
    two = picked(KNOWN, np.array([0, 0]))
    two = replace(two, level_sd_db=np.array([0.2, 5.0]))
    heard, ones = np.repeat(heard_at(2, 2)[None], 2, axis=0), np.repeat(ONE, 2, axis=0)
    both = log_likelihood(RADIO, two, heard, ones, 0 * ones)
    for each in range(2):
        alone = picked(two, np.array([each]))
        assert np.allclose(both[each], log_likelihood(RADIO, alone, heard[:1], ONE, NONE)[0])


def test_a_phone_that_seems_a_little_louder_is_taken_to_be_nearer() -> None:
    known = replace(KNOWN, level_db=np.full(1, 2.0), level_sd_db=np.full(1, 0.1))
    louder = replace(known, mean=known.mean + np.array([2.0, 0.0]))
    heard = heard_at(2, 2)[None]
    assert np.allclose(
        log_likelihood(RADIO, louder, heard, ONE, NONE),
        log_likelihood(RADIO, replace(KNOWN, level_sd_db=np.full(1, 0.1)), heard, ONE, NONE),
    )


def test_one_wild_reading_moves_nothing_far() -> None:
    good, wild = heard_at(2, 2)[None], heard_at(2, 2)[None]
    wild[0, 1] += 60
    best = log_likelihood(RADIO, KNOWN, good, ONE, NONE)[0].argmax()
    other = log_likelihood(RADIO, KNOWN, wild, ONE, NONE)[0]
    assert other.max() - other[best] < 3


@given(x=st.floats(0.5, 7.5), y=st.floats(0.5, 5.5), hides_db=st.floats(10.0, HIDES_DB))
def test_what_is_behind_something_moves_less_than_where_nothing_hides(
    x: float, y: float, hides_db: float
) -> None:
    heard = heard_at(x, y)[None]
    heard[0, 0] -= hides_db
    here = np.square(grid().centres_m - [x, y]).sum(axis=1).argmin()

    def short_by(radio: RadioMap) -> float:
        known = replace(KNOWN, level_sd_db=np.full(1, 0.1))
        fits = log_likelihood(radio, known, heard, ONE, NONE)[0]
        return float(fits.max() - fits[here])

    assert short_by(HIDING) <= short_by(RADIO) + 0.1


@given(louder_db=st.floats(0.0, 30.0))
def test_what_is_hidden_is_fainter_never_louder(louder_db: float) -> None:
    known = replace(KNOWN, level_sd_db=np.full(1, 0.1))

    def at(shift_db: float) -> float:
        heard = np.full((1, len(CORNERS)), np.nan)
        heard[0, 0] = RADIO.mean_dbm[0, 0] + shift_db
        return float(log_likelihood(HIDING, known, heard, ONE, NONE)[0, 0])

    assert at(-louder_db) >= at(louder_db) - 1e-9


def test_nothing_heard_says_nothing_but_where_silence_counts() -> None:
    silence = np.full((1, len(CORNERS)), np.nan)
    assert (log_likelihood(RADIO, KNOWN, silence, ONE, NONE) == 0).all()
    missed = NONE.copy()
    missed[0, 0] = 1.0
    assert (log_likelihood(RADIO, KNOWN, silence, ONE, missed) < 0).all()


def test_outliers_are_trusted_less() -> None:
    usual = trusted(RADIO, KNOWN, 0, np.array([-65.0]))
    wild = trusted(RADIO, KNOWN, 0, np.array([-25.0]))
    assert usual.max() == 1.0
    assert (wild < usual).all()
