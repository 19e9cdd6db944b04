"""An id that anybody can hear is known by a mark that nobody can make."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Span
from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.core.recognition.acceptance import Acquaintance, accepted, meant_by
from shopbell_server.core.recognition.fixed_ids import KEY_BYTES, FixedId, IdMark, marker
from shopbell_server.core.recognition.token_reader import NOTHING, TokenReader
from tests.server.core.recognition.test_acceptance import ADA, ALWAYS, DAY, GIVEN, NOW
from tests.server.core.recognition.test_token_reader import heard, seen

ACME: Final = TenantId("acme")
KEY: Final = bytes(range(KEY_BYTES))
FOB: Final = "c3a1f0de55774a108d3e91b2c4d6e8f000070001"
HERS: Final = FixedId(
    mark=IdMark(bytes(32)), name="her fob", person=ADA.person, registered_ms=Millis(NOW - DAY // 2)
)
PEOPLE: Final = {ADA.person: Acquaintance(enrolment=ADA, spans=ALWAYS, issued=())}

ids = st.binary(min_size=16, max_size=16) | st.binary(min_size=20, max_size=20)


@given(ids, ids)
def test_marks_are_the_same_where_ids_are_and_say_nothing_of_them(one: bytes, other: bytes) -> None:
    mark_of = marker(KEY, ACME)
    assert (mark_of(one.hex()) == mark_of(other.hex())) == (one == other)
    assert len(mark_of(one.hex())) == 32
    assert one.hex() not in mark_of(one.hex()).hex()


def test_another_key_or_tenant_makes_other_marks() -> None:
    marks = {
        marker(KEY, ACME)(FOB),
        marker(KEY[::-1], ACME)(FOB),
        marker(KEY, TenantId("acme2"))(FOB),
    }
    assert len(marks) == 3


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes, not 31"):
        marker(KEY[1:], ACME)


# ------------------------------------------------------------------ reading


def test_a_fixed_id_is_read_as_its_mark() -> None:
    reader = TokenReader({}, marker(KEY, ACME))
    once, again, other = reader.readings(
        [seen(heard(FOB, "static")), seen(heard(FOB, "static")), seen(heard(FOB[:32], "static"))]
    )
    assert once.mark == marker(KEY, ACME)(FOB)
    assert once is again, "what follows from it is worked out once"
    assert other.mark not in {None, once.mark}
    assert once.candidates == ()


def test_without_a_key_it_is_nothing() -> None:
    assert TokenReader({}).readings([seen(heard(FOB, "static"))]) == [NOTHING]


@pytest.mark.parametrize("token", ["c3a1f0de", "c3a1f0de55774a10"])
def test_neither_is_a_token_in_a_fobs_frame(token: str) -> None:
    assert TokenReader({}, marker(KEY, ACME)).readings([seen(heard(token, "static"))]) == [NOTHING]


def test_a_fixed_id_in_another_frame_is_nothing_either() -> None:
    reader = TokenReader({}, marker(KEY, ACME))
    assert reader.readings([seen(heard(FOB, "ibeacon"))]) == [NOTHING]


def test_what_was_read_is_not_remembered() -> None:
    reader = TokenReader({}, marker(KEY, ACME))
    (first,) = reader.readings([seen(heard(FOB, "static"))])
    (second,) = reader.readings([seen(heard(FOB, "static"))])
    assert first is not second


def test_of_one_that_has_no_date_nothing_comes() -> None:
    reader = TokenReader({}, marker(KEY, ACME))
    assert reader.readings_of_undated([heard(FOB, "static")], NOW) == [NOTHING]


# ------------------------------------------------------------------ whose it is


def test_it_means_whoever_registered_it_since_she_did() -> None:
    (meant,) = meant_by(HERS, PEOPLE, NOW)
    assert meant.enrolment == ADA
    assert meant.counts_from_ms == HERS.registered_ms
    assert accepted([meant], HERS.registered_ms) is meant
    assert accepted([meant], NOW) is meant
    assert accepted([meant], Millis(HERS.registered_ms - 1)) is None


def test_it_means_nobody_if_nobody_did() -> None:
    assert meant_by(None, PEOPLE, NOW) == ()
    assert meant_by(HERS, {}, NOW) == ()


def test_it_means_nobody_while_she_does_not_allow_it() -> None:
    who = replace(PEOPLE[ADA.person], spans=(Span(from_ms=GIVEN, to_ms=NOW),))
    assert meant_by(HERS, {ADA.person: who}, NOW) == ()


def test_what_she_allowed_before_she_had_it_is_of_no_interest() -> None:
    before = Span(from_ms=GIVEN, to_ms=HERS.registered_ms)
    who = replace(PEOPLE[ADA.person], spans=(before, *ALWAYS))
    assert len(meant_by(HERS, {ADA.person: who}, NOW)) == 1


def test_in_two_stretches_of_consent_it_is_still_hers() -> None:
    who = replace(PEOPLE[ADA.person], spans=ALWAYS * 2)
    assert accepted(meant_by(HERS, {ADA.person: who}, NOW), NOW) is not None
