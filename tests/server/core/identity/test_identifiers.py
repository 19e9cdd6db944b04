from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from shopbell_server.core.identity.identifiers import EVERY_KIND, KIND, Link, normal, primary
from shopbell_server.core.ids import LinkId, Millis, ProfileId


def link(name: str, value: str, *, at_ms: int, home: str = "anna", kind: str = "crm") -> Link:
    return Link(
        id=LinkId(name),
        kind=kind,
        value=value,
        profile=ProfileId("anna"),
        home=ProfileId(home),
        at_ms=Millis(at_ms),
        source="app_ticket",
        by="app",
    )


def test_hashes_are_written_in_small_letters() -> None:
    assert normal("email_sha256", " ABCdef ") == "abcdef"
    assert normal("device_md5", "AB") == "ab"


@pytest.mark.parametrize("kind", ["crm", "webshop_id", "cookie_id"])
def test_what_is_no_hash_keeps_its_letters_and_its_inner_spaces(kind: str) -> None:
    assert normal(kind, " C-Ab 1 ") == "C-Ab 1"


def test_a_hash_that_was_grouped_is_the_same_hash() -> None:
    assert normal("email_sha256", "AB cd\nEF") == "abcdef"


@pytest.mark.parametrize(
    "written", ["2900000000001", " 2900000000001\n", "29 0000 0000 001", "2900-0000-0000-1"]
)
def test_a_loyalty_number_is_its_digits(written: str) -> None:
    assert normal("loyalty_number", written) == "2900000000001"


@pytest.mark.parametrize("written", ["-1", "29-", "A 29", ""])
def test_what_is_no_number_of_digits_stays(written: str) -> None:
    assert normal("loyalty_number", written) == written


def test_wide_digits_are_digits_and_an_accent_is_the_same_however_it_was_typed() -> None:
    assert normal("crm", "\uff11\uff12") == "12"
    assert normal("crm", "Ren\u00e9") == normal("crm", "Rene\u0301")


def test_letters_of_another_alphabet_stay_others() -> None:
    assert normal("crm", "\u0410-1") != normal("crm", "A-1")


def test_as_every_kind_capitals_spaces_and_what_nobody_sees_make_no_difference() -> None:
    assert normal(EVERY_KIND, " KAS\u200bSA  7\u00ad") == normal(EVERY_KIND, "Kassa\u00a07")


@given(
    some.sampled_from(["crm", "email_sha256", "loyalty_number", EVERY_KIND]),
    some.text(max_size=12),
)
@example("email_sha256", "A\u00b4")
@example(EVERY_KIND, "A\u00b4")
@example("email_sha256", "H\u0331")
@example(EVERY_KIND, "\u0390\u200d\u0345")
def test_what_is_written_as_it_should_be_stays_so(kind: str, value: str) -> None:
    once = normal(kind, value)
    assert normal(kind, once) == once


@given(some.sampled_from(["crm", "email_sha256", "loyalty_number"]), some.text(max_size=12))
def test_whoever_is_the_same_of_a_kind_is_the_same_of_every_kind(kind: str, value: str) -> None:
    spelled = unicodedata.normalize("NFD", f" {value} ")
    assert normal(EVERY_KIND, normal(kind, value)) == normal(EVERY_KIND, normal(kind, spelled))


@pytest.mark.parametrize("word", ["crm", "email_sha256", "x9"])
def test_any_word_is_a_kind(word: str) -> None:
    assert KIND.fullmatch(word)


@pytest.mark.parametrize("word", ["", "CRM", "a b", "x" * 33])
def test_what_is_no_word_is_none(word: str) -> None:
    assert not KIND.fullmatch(word)


def test_what_was_said_last_stands_for_her() -> None:
    older, newer = link("b", "C-1", at_ms=1), link("a", "C-2", at_ms=2)
    assert primary([newer, older]) == {"crm": "C-2"}


def test_what_a_merge_brought_does_not_rename_her() -> None:
    own, brought = link("a", "C-1", at_ms=1), link("b", "C-2", at_ms=2, home="ben")
    assert primary([own, brought]) == {"crm": "C-1"}


def test_where_she_has_none_of_her_own_the_other_stands() -> None:
    mail = link("a", "ab", at_ms=1, kind="email_sha256", home="ben")
    assert primary([mail, link("b", "C-1", at_ms=1)]) == {"email_sha256": "ab", "crm": "C-1"}


def test_no_value_is_in_what_is_printed() -> None:
    assert "C-1" not in repr(link("a", "C-1", at_ms=1))
