from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.obedience import Obeyed
from shopbell_edge.core.standing import (
    MOST_STARTS,
    Book,
    Document,
    dropped,
    listed,
    owing,
    paid,
    proved,
    started,
    taken_up,
)
from shopbell_wire.messages import MAX_TEXT, OrderDone
from shopbell_wire.orders import Configure, Identify, Order, Task


def order(number: int, task: Task | None = None) -> Order:
    return Order(
        tenant="acme",
        edge="door",
        number=number,
        issued_ms=0,
        expires_ms=1,
        task=task or Configure(settings={}),
    )


def said(number: int, result: Any, reason: str, kind: Any = "config") -> OrderDone:
    return OrderDone(order=kind, number=number, result=result, reason=reason)


def numbers(book: Book) -> tuple[int | None, int | None]:
    """Return the document that proved itself, and the one on trial."""
    of = [None if each is None else each.number for each in (book.proved, book.trial)]
    return of[0], of[1]


def with_proved(number: int) -> Book:
    book = proved(started(taken_up(Book(), order(number), b"first")))
    return paid(book, book.owed)


def test_a_new_document_is_in_force_at_once_and_trusted_once_it_has_lasted() -> None:
    book = started(taken_up(with_proved(1), order(2), b"second"))
    assert book.in_force == Document(number=2, payload=b"second")
    assert numbers(book) == (1, 2)
    assert book.owed == ()
    book = proved(book)
    assert numbers(book) == (2, None)
    assert book.owed == (said(2, "done", "in force"),)
    assert book.obeyed == Obeyed(config=2)


def test_one_that_fails_gives_way_to_the_last_good_one() -> None:
    book = dropped(taken_up(with_proved(1), order(2), b"second"), "the radio does not start")
    assert numbers(book) == (1, None)
    assert book.owed == (said(2, "failed", "the radio does not start"),)
    assert book.obeyed == Obeyed(config=2)


def test_a_good_one_that_fits_no_more_gives_way_to_the_file() -> None:
    book = dropped(with_proved(1), "scanners.hci0: is not here")
    assert numbers(book) == (None, None)
    assert book.owed == (said(1, "failed", "scanners.hci0: is not here"),)
    assert dropped(book, "nothing is left") == book


def test_settings_under_which_the_process_dies_are_given_up() -> None:
    book = taken_up(with_proved(1), order(2), b"second")
    for _ in range(MOST_STARTS):
        book = started(book)
        assert numbers(book) == (1, 2)
    book = started(book)
    assert numbers(book) == (1, None)
    (failed,) = book.owed
    assert (failed.result, failed.number) == ("failed", 2)
    assert started(book) == book
    assert proved(book) == book


def test_a_second_document_within_the_minute_replaces_the_first() -> None:
    book = taken_up(started(taken_up(with_proved(1), order(2), b"2")), order(3), b"3")
    assert numbers(book) == (1, 3)
    assert book.starts == 0
    assert [(each.number, each.result) for each in book.owed] == [(2, "failed")]


def test_what_is_cut_off_is_answered_as_that_and_what_is_done_as_done() -> None:
    blink = order(4, Identify())
    begun = owing(Book(), blink, "failed", "was cut off")
    assert begun.obeyed == Obeyed(command=4)
    assert begun.owed == (said(4, "failed", "was cut off", "command"),)
    done = owing(begun, blink, "done", "blinks")
    assert done.owed == (said(4, "done", "blinks", "command"),)
    assert paid(done, done.owed) == Book(obeyed=Obeyed(command=4))


def test_an_answer_that_is_not_in_the_spool_stays_owed() -> None:
    book = owing(owing(Book(), order(4, Identify()), "done", "a"), order(4), "refused", "b")
    assert paid(book, book.owed[:1]).owed == book.owed[1:]


def test_a_reason_fits_into_an_answer() -> None:
    book = owing(Book(), order(1), "refused", "x" * 9_999)
    assert len(book.owed[0].reason) == MAX_TEXT
    assert len(dropped(taken_up(Book(), order(1), b""), "x" * 9_999).owed[0].reason) == MAX_TEXT


@given(st.lists(st.text("abcde", min_size=1, max_size=300), max_size=12))
def test_as_many_problems_are_said_as_fit_and_the_others_counted(problems: list[str]) -> None:
    text = listed(problems)
    assert len(text) <= MAX_TEXT
    whole = "; ".join(problems)
    if len(whole) <= MAX_TEXT:
        assert text == whole
    else:
        shown, _, rest = text.rpartition("; and ")
        assert whole.startswith(f"{shown}; ")
        assert rest == f"{len(problems) - shown.count(';') - 1} more"


@pytest.mark.parametrize("problems", [["x" * 600], ["x" * 600, "y"]])
def test_a_problem_longer_than_an_answer_is_cut(problems: list[str]) -> None:
    assert listed(problems) == "x" * MAX_TEXT


steps = st.sampled_from(["take", "start", "prove", "drop"])


@given(st.lists(steps, max_size=30))
def test_every_document_is_answered_once_and_never_both_ways_but_for_one_that_served(
    walk: list[str],
) -> None:
    book, number = Book(), 0
    for step in walk:
        match step:
            case "take":
                number += 1
                book = taken_up(book, order(number), b"")
            case "start":
                book = started(book)
            case "prove":
                book = proved(book)
            case _:
                book = dropped(book, "why not")
    answers = [(each.number, each.result) for each in book.owed]
    assert len(set(answers)) == len(answers)
    for each in range(1, number + 1):
        results = [result for of, result in answers if of == each]
        assert results in (["done"], ["failed"], ["done", "failed"], [])
        waiting = book.trial is not None and book.trial.number == each
        assert waiting == (results == [])
