from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from shopbell_server.core.edges.acknowledgement import MOST_NOBODY, MOST_REFUSED, acks
from shopbell_server.core.ids import Millis
from shopbell_wire.codec import MAX_BYTES, decode_ack, encode
from shopbell_wire.messages import MAX_COUNT, MAX_EVENTS, Ack, Refused
from tests.shared import vectors

STREAM = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
NOW = Millis(1_795_262_837_035)


def refused(seq: int, index: int | None = None, reason: str = "shape") -> Refused:
    return Refused(seq=seq, index=index, reason=reason)


def test_the_shape_of_the_contract() -> None:
    wanted = vectors("wire.json")["messages"]["ack"]
    committed = [*range(1, 42), 42, 43]
    (ack,) = acks(
        STREAM, committed, [refused(42, 3, "implausible_time"), refused(44, None, "too_deep")], NOW
    )
    assert decode_ack(encode(ack)) == ack
    assert [list(each) for each in ack.committed] == wanted["committed"]
    assert [(each.seq, each.index, each.reason) for each in ack.refused] == [
        (each["seq"], each["index"], each["reason"]) for each in wanted["refused"]
    ]


def test_nothing_to_say_is_no_answer() -> None:
    assert list(acks(STREAM, (), (), NOW)) == []


def test_what_is_said_twice_stands_once_in_the_order_of_events() -> None:
    (ack,) = acks(STREAM, (), [refused(2, 9), refused(2, 1), refused(2), refused(2, 9)], NOW)
    assert [each.index for each in ack.refused] == [None, 1, 9]


def test_the_largest_answers_fit_into_messages() -> None:
    first = MAX_COUNT - 2_000
    committed = range(first, first + 1_024, 2)
    many = [
        refused(seq, index, "implausible_time")
        for seq in range(MAX_COUNT - 512, MAX_COUNT)
        for index in range(MAX_EVENTS)
    ]
    said = list(acks(STREAM, committed, many, NOW))
    assert all(len(encode(ack)) <= MAX_BYTES for ack in said)
    assert sum(len(ack.refused) for ack in said) == len(many)
    assert [ack.committed != () for ack in said] == [True, *[False] * (len(said) - 1)]


def test_tokens_that_mean_nobody_are_named_as_far_as_there_is_room() -> None:
    (ack,) = acks(STREAM, [1], (), NOW, {"0000000b", "0000000a"})
    assert ack.nobody == ("0000000a", "0000000b")
    (ack,) = acks(STREAM, [1], (), NOW)
    assert ack.nobody is UNSET
    (ack,) = acks(STREAM, [1], [refused(2)], NOW, {"0a"})
    assert ack.nobody is UNSET
    many = {f"{number:040x}" for number in range(2 * MOST_NOBODY)}
    (ack,) = acks(STREAM, range(1, 1_024, 2), (), NOW, many)
    assert isinstance(ack.nobody, tuple)
    assert len(ack.nobody) == MOST_NOBODY
    assert len(encode(ack)) <= MAX_BYTES
    assert decode_ack(encode(ack)) == ack


@given(
    st.sets(st.integers(1, 30)),
    st.lists(st.builds(refused, st.integers(1, 30), st.none() | st.integers(0, MAX_EVENTS - 1))),
)
def test_every_batch_is_committed_or_refused_and_in_one_answer(
    committed: set[int], many: list[Refused]
) -> None:
    said: list[Ack] = list(acks(STREAM, committed, many, NOW))
    taken = {seq for ack in said for low, high in ack.committed for seq in range(low, high + 1)}
    assert taken == committed - {each.seq for each in many}
    assert {each for ack in said for each in ack.refused} == set(many)
    for ack in said:
        assert len(ack.refused) <= MOST_REFUSED + MAX_EVENTS
        for other in said:
            if other is not ack:
                assert not {each.seq for each in ack.refused} & {each.seq for each in other.refused}
