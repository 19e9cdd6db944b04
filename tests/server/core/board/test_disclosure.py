from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.board.disclosure import (
    TABLE,
    Disclosed,
    Field,
    Known,
    Standing,
    Viewer,
    allowed,
    disclose,
)
from shopbell_server.core.board.handles import handle
from shopbell_server.core.channels.reasons import ReasonKind
from shopbell_server.core.confidence import Confidence
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.registry import Role

ALL = frozenset(Purpose)
SHOWN = frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF})
AMBIENT = frozenset(
    {
        *(Field.PRESENCE, Field.ZONE, Field.RECOGNITION),
        *(Field.HANDLE, Field.LANGUAGE, Field.REASON_KIND),
    }
)
VIEWERS: tuple[Viewer, ...] = (*get_args(Role), "tablet", "system")
ADA = Known(
    handle=handle(12),
    language="nl",
    first_name="Ada",
    reason_kind=ReasonKind.PICKUP,
    reason="order 7",
)

standings = st.builds(
    Standing,
    evidence=st.sampled_from(Evidence),
    confidence=st.sampled_from(Confidence),
    shown=st.booleans(),
)
purpose_sets = st.frozensets(st.sampled_from(Purpose))
viewers = st.sampled_from(VIEWERS)


def standing(evidence: Evidence) -> Standing:
    return Standing(evidence=evidence, confidence=Confidence.MEDIUM, shown=True)


def seen(evidence: Evidence, purposes: frozenset[Purpose], viewer: Viewer) -> Disclosed | None:
    return disclose(ADA, standing(evidence), purposes, viewer)


@pytest.mark.parametrize(
    ("evidence", "adds"),
    [
        (Evidence.HINT, AMBIENT | {Field.STAY, Field.HELP}),
        (Evidence.SIGNAL, {Field.FIRST_NAME}),
        (Evidence.FRESH, {Field.REASON}),
        (Evidence.PASS, {Field.CARD, Field.PURCHASES, Field.BROWSING, Field.CONVERTED}),
        (Evidence.CONFIRMED, {Field.REDEEM, Field.CHANGE_PROFILE}),
    ],
)
def test_what_each_row_of_the_ladder_adds(evidence: Evidence, adds: set[Field]) -> None:
    may = allowed(standing(evidence), ALL, "advisor")
    below = evidence - 1
    before = allowed(standing(Evidence(below)), ALL, "advisor") if below else frozenset()
    assert may - before == adds
    assert before <= may


def test_a_hint_shows_handle_language_and_the_kind_of_reason() -> None:
    disclosed = seen(Evidence.HINT, ALL, "advisor")
    assert disclosed is not None
    assert (disclosed.handle, disclosed.language, disclosed.reason_kind) == (
        ADA.handle,
        "nl",
        ReasonKind.PICKUP,
    )
    assert (disclosed.first_name, disclosed.reason) == (None, None)


def test_her_name_needs_a_signal_and_her_leave() -> None:
    for evidence, purposes in product(Evidence, (SHOWN, SHOWN | {Purpose.GREET_BY_NAME})):
        disclosed = seen(evidence, purposes, "advisor")
        assert disclosed is not None
        named = evidence >= Evidence.SIGNAL and Purpose.GREET_BY_NAME in purposes
        assert disclosed.first_name == ("Ada" if named else None)


def test_a_tablet_with_nobody_signed_in_shows_no_name_and_no_reason() -> None:
    disclosed = seen(Evidence.CONFIRMED, ALL, "tablet")
    assert disclosed is not None
    assert disclosed.may == AMBIENT
    assert (disclosed.first_name, disclosed.reason) == (None, None)


@pytest.mark.parametrize("viewer", ["operator", "auditor"])
def test_who_helps_nobody_sees_nobody(viewer: Viewer) -> None:
    assert seen(Evidence.CONFIRMED, ALL, viewer) is None


@pytest.mark.parametrize("missing", [Purpose.SHOW_TO_STAFF, Purpose.RECOGNISE_IN_STORE])
def test_without_her_leave_not_even_a_handle_is_shown(missing: Purpose) -> None:
    for evidence in Evidence:
        assert seen(evidence, ALL - {missing}, "manager") is None


SHARING = frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP})
STAYS = {Field.PRESENCE, Field.ZONE, Field.RECOGNITION, Field.STAY, Field.HANDLE}


@pytest.mark.parametrize("purposes", [SHARING, ALL])
def test_another_system_sees_stays_and_nothing_of_who_she_is(purposes: frozenset[Purpose]) -> None:
    hinted = seen(Evidence.HINT, purposes, "system")
    assert hinted is not None
    assert hinted.may == STAYS
    confirmed = seen(Evidence.CONFIRMED, purposes, "system")
    assert confirmed is not None
    assert confirmed.may == STAYS | {Field.CONVERTED}
    assert (confirmed.first_name, confirmed.language) == (None, None)
    assert (confirmed.reason_kind, confirmed.reason) == (None, None)


@pytest.mark.parametrize("missing", sorted(SHARING))
def test_who_does_not_share_is_shown_to_no_other_system(missing: Purpose) -> None:
    for evidence in Evidence:
        assert seen(evidence, ALL - {missing}, "system") is None


def test_what_she_shows_to_staff_is_not_shared_by_that() -> None:
    assert seen(Evidence.CONFIRMED, SHOWN, "system") is None
    assert seen(Evidence.CONFIRMED, SHARING, "manager") is None


def test_low_confidence_shows_nothing() -> None:
    low = replace(standing(Evidence.CONFIRMED), confidence=Confidence.LOW)
    assert disclose(ADA, low, ALL, "manager") is None


def test_below_the_showing_rule_nothing_is_shown() -> None:
    brief = replace(standing(Evidence.FRESH), shown=False)
    assert disclose(ADA, brief, ALL, "manager") is None


def test_what_the_table_does_not_name_is_not_shown() -> None:
    assert disclose(ADA, standing(Evidence.PASS), ALL, "manager", {}) is None


def test_a_stricter_table_counts() -> None:
    stricter = {
        **TABLE,
        Field.FIRST_NAME: replace(TABLE[Field.FIRST_NAME], evidence=Evidence.PASS),
    }
    fresh = disclose(ADA, standing(Evidence.FRESH), ALL, "advisor", stricter)
    assert fresh is not None
    assert fresh.first_name is None


def test_every_field_has_its_row_and_every_row_needs_to_be_shown() -> None:
    assert set(TABLE) == set(Field)
    assert all(needs.purposes >= SHOWN for needs in TABLE.values())


@given(standings, purpose_sets, viewers)
def test_less_leave_and_less_evidence_never_show_more(
    full: Standing, purposes: frozenset[Purpose], viewer: Viewer
) -> None:
    may = allowed(full, purposes, viewer)
    for purpose in Purpose:
        assert allowed(full, purposes - {purpose}, viewer) <= may
    for evidence in Evidence:
        if evidence <= full.evidence:
            assert allowed(replace(full, evidence=evidence), purposes, viewer) <= may


@given(standings, purpose_sets, viewers)
def test_nothing_is_disclosed_that_is_not_allowed(
    full: Standing, purposes: frozenset[Purpose], viewer: Viewer
) -> None:
    disclosed = disclose(ADA, full, purposes, viewer)
    may = allowed(full, purposes, viewer)
    assert (disclosed is None) == (Field.HANDLE not in may)
    if disclosed is not None:
        for field in (Field.LANGUAGE, Field.FIRST_NAME, Field.REASON_KIND, Field.REASON):
            assert (getattr(disclosed, field) is not None) == (field in may)
