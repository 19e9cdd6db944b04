from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.edges.lineage import Heir, Start, heard, is_settled
from shopbell_server.core.edges.orders import Answer, Ordered, Result
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_wire.orders import Identify, RotateIdentity, Task

NOW = Millis(1_000)


def start(stream: str) -> Start:
    return Start(edge=EdgeId("door"), previous="before", stream=stream)


def test_the_same_beginning_again_is_no_second_machine() -> None:
    alone = Heir(stream="a", cloned_ms=None)
    assert heard(alone, start("a"), NOW) == alone


def test_two_beginnings_after_the_same_stream_are_two_machines_and_noticed_once() -> None:
    two = heard(Heir(stream="a", cloned_ms=None), start("b"), NOW)
    assert two == Heir(stream="a", cloned_ms=NOW)
    for again in "abc":
        assert heard(two, start(again), Millis(9_000)) == two


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_in_whatever_order_they_come_it_is_noticed_once_if_there_are_two(
    streams: list[str],
) -> None:
    known = Heir(stream=streams[0], cloned_ms=None)
    news = 0
    for at, stream in enumerate(streams):
        before, known = known, heard(known, start(stream), Millis(at))
        news += known != before
    assert news == (len(set(streams)) > 1)


def order(task: Task, issued_ms: int, result: Result | None) -> Ordered:
    answer = None if result is None else Answer(result=result, reason="", at_ms=Millis(issued_ms))
    return Ordered(
        edge=EdgeId("door"),
        number=1,
        task=task,
        issued_ms=Millis(issued_ms),
        expires_ms=Millis(issued_ms + 1),
        by="somebody",
        answer=answer,
    )


@pytest.mark.parametrize(
    ("task", "issued_ms", "result", "settled"),
    [
        (RotateIdentity(), NOW, "done", True),
        (RotateIdentity(), NOW - 1, "done", False),
        (RotateIdentity(), NOW, "refused", False),
        (RotateIdentity(), NOW, None, False),
        (Identify(for_s=9), NOW, "done", False),
    ],
)
def test_it_is_settled_once_the_edge_was_told_to_speak_anew(
    task: Task, issued_ms: int, result: Result | None, *, settled: bool
) -> None:
    assert is_settled([order(task, issued_ms, result)], NOW) is settled
    assert not is_settled([], NOW)
