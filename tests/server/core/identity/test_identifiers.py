from __future__ import annotations

import pytest

from shopbell_server.core.identity.identifiers import KIND, Link, normal, primary
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


def test_what_is_no_hash_keeps_its_letters() -> None:
    assert normal("crm", " C-Ab ") == "C-Ab"


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
