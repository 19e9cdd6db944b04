from __future__ import annotations

import json
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_wire import codec
from shopbell_wire.codec import (
    MAX_BYTES,
    MalformedError,
    decode_ack,
    decode_batch,
    decode_status,
    encode,
)
from shopbell_wire.messages import (
    MAX_EVENTS,
    Ack,
    Batch,
    ClockAnchor,
    Diagnostics,
    Event,
    OrderDone,
    Presence,
    Refused,
    Scan,
    Status,
)
from tests.shared import vectors
from tests.wire.samples import BATCH, SEQ, batch, sent, with_event
from tests.wire.strategies import CHARACTERS, acks, batches, clock_anchors, statuses


@given(batches)
def test_a_batch_reads_back_as_it_was_sealed(sealed: Batch) -> None:
    received = decode_batch(encode(sealed))
    assert received.events == tuple(enumerate(sealed.events))
    assert (received.skipped, received.refused) == (0, ())
    for field in ("v", "edge", "stream", "seq", "clock", "dropped"):
        assert getattr(received, field) == getattr(sealed, field)


@given(batches)
def test_sealing_again_gives_the_same_bytes(sealed: Batch) -> None:
    payload = encode(sealed)
    assert encode(msgspec.json.decode(payload, type=Batch)) == payload


@given(acks)
def test_an_ack_reads_back(ack: Ack) -> None:
    assert decode_ack(encode(ack)) == ack


@given(statuses)
def test_a_status_reads_back(status: Status) -> None:
    assert decode_status(encode(status)) == status


serialisations = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "sort_keys": st.booleans(),
        "indent": st.none() | st.integers(0, 4) | st.just("\t"),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" \r\n,", "\t: ")]),
    }
)


def rewritten(payload: bytes, how: dict[str, Any]) -> bytes:
    """Return the same message as another encoder might write it, or as ours where that is too big."""
    other = json.dumps(json.loads(payload), **how).encode()
    return other if len(other) <= MAX_BYTES else payload


@given(batches, serialisations)
def test_a_batch_means_the_same_however_it_is_written(sealed: Batch, how: dict[str, Any]) -> None:
    payload = encode(sealed)
    assert decode_batch(rewritten(payload, how)) == decode_batch(payload)


@given(acks, serialisations)
def test_an_ack_means_the_same_however_it_is_written(ack: Ack, how: dict[str, Any]) -> None:
    assert decode_ack(rewritten(encode(ack), how)) == ack


@given(statuses, serialisations)
def test_a_status_means_the_same_however_it_is_written(status: Status, how: dict[str, Any]) -> None:
    assert decode_status(rewritten(encode(status), how)) == status


@given(batches, st.text(CHARACTERS, max_size=3))
def test_our_own_bytes_are_sound_by_the_strict_rules_too(sealed: Batch, unknown: str) -> None:
    message = json.loads(encode(sealed))
    message["later"] = {unknown: [unknown, 1, 0.5, None, True]}
    assert decode_batch(sent(message)) == decode_batch(encode(sealed))


def test_the_shapes_of_the_specification_are_ours() -> None:
    messages = vectors("wire.json")["messages"]
    received = decode_batch(sent(messages["batch"]))
    assert (received.skipped, received.refused) == (0, ())
    assert [index for index, _ in received.events] == list(range(8))
    # Answers to orders came later.
    assert {type(event) for _, event in received.events} == (
        set(get_args(Event)) - {OrderDone, Diagnostics}
    )
    read = msgspec.convert(messages["batch"], Batch)
    assert json.loads(encode(read)) == messages["batch"]
    assert json.loads(encode(decode_ack(sent(messages["ack"])))) == messages["ack"]
    assert json.loads(encode(decode_status(sent(messages["status"])))) == messages["status"]


def test_the_header_of_a_foreign_batch_is_held_to_the_same_types() -> None:
    ours = get_type_hints(Batch, include_extras=True)
    strict = get_type_hints(codec._Header, include_extras=True)  # noqa: SLF001 - two declarations of one thing must not drift apart
    assert ours.keys() == strict.keys()
    for field in ours.keys() - {"v", "events"}:
        assert ours[field] == strict[field], field


def test_an_unknown_event_type_is_skipped_and_counted() -> None:
    message = batch()
    message["events"].insert(1, {"type": "smell", "nose": {"strength": 11}})
    received = decode_batch(sent(message))
    assert received.skipped == 1
    assert received.refused == ()
    assert [(index, type(event)) for index, event in received.events] == [(0, Presence), (2, Scan)]


@pytest.mark.parametrize(
    "changes",
    [
        {"first_ms": -1},
        {"first_ms": 253_402_300_800_000},
        {"first_ms": 1.5},
        {"first_ms": True},
        {"first_ms": "1795262833000"},
        {"first_ms": None},
        {"n": 0},
        {"token": "AD550F72"},
        {"token": "ad550f72\n"},
        {"token": "ad550f"},
        {"phase": "vanished"},
        {"frame": "nfc"},
        {"scanner": "HCI 0"},
        {"loss_db": {"median": 14.0, "p10": 11.0}},
        {"loss_db": {"median": 201.0, "p10": 11.0, "last": 13.0}},
        {"mac": "424fcc1"},
        {"mac": None},
        {"type": 5},
        {"type": None},
        {"type": "scan"},
    ],
)
def test_an_invalid_event_is_refused_alone(changes: dict[str, Any]) -> None:
    received = decode_batch(sent(with_event(**changes)))
    assert received.refused == (Refused(seq=SEQ, index=0, reason="shape"),)
    assert [index for index, _ in received.events] == [1]
    assert received.skipped == 0


@pytest.mark.parametrize("event", [5, None, "presence", [], {}, [{"type": "presence"}]])
def test_what_is_no_event_at_all_is_refused_alone(event: Any) -> None:
    message = batch()
    message["events"].append(event)
    assert decode_batch(sent(message)).refused == (Refused(seq=SEQ, index=2, reason="shape"),)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "number"},
        {"sealed": "c2VhbGVk"},
        {"kind": "number", "sealed": "c2VhbGVk"},
    ],
)
def test_a_scan_has_the_one_field_of_its_kind(changes: dict[str, str]) -> None:
    message = batch()
    message["events"][1] |= changes
    assert [refused.index for refused in decode_batch(sent(message)).refused] == [1]


def test_a_loyalty_number_in_the_clear_cannot_even_be_made() -> None:
    with pytest.raises(ValueError, match="`sealed`"):
        Scan(scanner="usb0", at_ms=1, kind="number", format="EAN-13", text="2212345678904")


def test_a_batch_of_which_nothing_is_usable_is_still_received() -> None:
    received = decode_batch(sent(batch(events=[{"type": "smell"}, {"type": "scan"}])))
    assert (received.events, received.skipped, len(received.refused)) == ((), 1, 1)
    assert (received.stream, received.seq) == (batch()["stream"], SEQ)


@pytest.mark.parametrize("spaced", [False, True])
def test_200_events_are_a_batch_and_201_are_not(*, spaced: bool) -> None:
    events = [{"type": "clock_anchor", "boot": "0" * 32, "boottime_ms": 1, "wall_ms": 2}]
    separators = (", ", ": ") if spaced else (",", ":")
    full = json.dumps(batch(events=events * MAX_EVENTS), separators=separators)
    assert len(decode_batch(full.encode()).events) == MAX_EVENTS
    over = json.dumps(batch(events=events * (MAX_EVENTS + 1)), separators=separators)
    with pytest.raises(MalformedError, match=r"201 events, at most 200") as refusal:
        decode_batch(over.encode())
    assert refusal.value.reason == "too_many"
    assert refusal.value.seq == SEQ


@given(batches, clock_anchors)
def test_more_bytes_than_a_message_may_have_are_not_sent(
    sealed: Batch, anchor: ClockAnchor
) -> None:
    dropped = {f"{number:0512}": number for number in range(MAX_BYTES // 512)}
    with pytest.raises(MalformedError) as refusal:
        encode(msgspec.structs.replace(sealed, dropped=dropped, events=(anchor,)))
    assert refusal.value.reason == "too_big"


def test_the_longest_message_is_read_and_one_byte_more_is_not() -> None:
    padding = " " * (MAX_BYTES - len(BATCH))
    assert decode_batch((BATCH + padding).encode()).seq == SEQ
    with pytest.raises(MalformedError) as refusal:
        decode_batch((BATCH + padding + " ").encode())
    assert (refusal.value.reason, refusal.value.seq) == ("too_big", SEQ)


def test_white_space_of_json_is_white_space_and_no_other() -> None:
    assert decode_batch(b" \t\r\n" + BATCH.encode() + b"\n").seq == SEQ
    for other in ("\f", "\v", "\N{NO-BREAK SPACE}", "\N{LINE SEPARATOR}", "\N{BOM}"):
        with pytest.raises(MalformedError) as refusal:
            decode_batch((other + BATCH).encode())
        assert refusal.value.reason == "not_json"


@pytest.mark.parametrize("decode", [decode_ack, decode_status])
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b" " * (MAX_BYTES + 1), "too_big"),
        (b"[" * 10_000, "too_deep"),
        (b"\xff", "not_utf8"),
        (b"{", "not_json"),
        (b"[]", "shape"),
        (b"{}", "shape"),
    ],
)
def test_a_malformed_ack_or_status_says_why(decode: Any, payload: bytes, reason: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        decode(payload)
    assert (refusal.value.reason, refusal.value.stream, refusal.value.seq) == (reason, None, None)


@given(statuses)
def test_a_status_of_another_version_is_refused_by_name(status: Status) -> None:
    message = json.loads(encode(status)) | {"v": 2}
    with pytest.raises(MalformedError, match="version 2; this program reads 1") as refusal:
        decode_status(sent(message))
    assert refusal.value.reason == "version"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (batch(stream="customer-4711"), r"matching regex .* - at `\$\.stream`"),
        (batch(dropped={"customer-4711": "x"}), r"Expected `int`, got `str` - at `\$\.dropped"),
        (batch(clock=batch()["clock"] | {"state": "customer-4711"}), r"invalid value - at `\$\.c"),
        (batch(later={"customer-4711": "\0"}), r"at \$\.later\.\*$"),
        (batch(later={"p10": ["", "customer-4711\0"]}), r"at \$\.later\.p10\[1\]$"),
        (batch(v="customer-4711"), r"Expected `int`, got `str` - at `\$\.v`"),
    ],
)
def test_a_refusal_says_where_but_never_what_was_said(message: Any, says: str) -> None:
    with pytest.raises(MalformedError, match=says) as refusal:
        decode_batch(sent(message))
    error: BaseException | None = refusal.value
    while error is not None:
        assert "4711" not in f"{error} {vars(error)}"
        error = error.__context__


def test_a_complaint_without_a_place_stays_without() -> None:
    with pytest.raises(MalformedError, match=r"^shape: Expected `object`, got `array`$"):
        decode_batch(b"[]")
