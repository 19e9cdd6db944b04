"""Whatever bytes come, decoding returns or raises the one exception."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_wire.codec import (
    MAX_BYTES,
    MalformedError,
    Received,
    decode_ack,
    decode_batch,
    decode_status,
    encode,
)
from shopbell_wire.messages import Ack, Batch, Status
from tests.wire.samples import BATCH, batch
from tests.wire.strategies import acks, batches, statuses

MANY = settings(max_examples=300)
"""For the quick ones; a change of the codec deserves a run with more."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)

# Bytes that mean something to a JSON reader, so that a change of one is rarely just noise.
edits = st.binary(min_size=1, max_size=4) | st.sampled_from(
    [
        *(bytes([byte]) for byte in b'"\\{}[],:-0.e \0\xff'),
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"NaN",
        b"null",
        b"9" * 400,
        b"[" * 2_000,
        b'"v":2,',
        b'"seq":1,',
    ]
)


@st.composite
def spoilt(draw: st.DrawFn, payloads: st.SearchStrategy[bytes]) -> bytes:
    """Return a valid message after one to four edits: bytes put in, taken out, replaced or cut."""
    payload = draw(payloads)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(payload)))
        taken = draw(st.sampled_from([0, 1, 1, 2, 10, len(payload)]))
        payload = payload[:at] + draw(edits | st.just(b"")) + payload[at + taken :]
    return payload


def decoded(payload: bytes) -> Received | None:
    """Return what was received, as the contract promises it, or None after the one exception."""
    try:
        received = decode_batch(payload)
    except MalformedError:
        return None
    indexes = [index for index, _ in received.events]
    refused = [refusal.index for refusal in received.refused]
    total = len(indexes) + len(refused) + received.skipped
    assert indexes == sorted(set(indexes) - set(refused))
    assert 1 <= total <= 200
    assert len(payload) <= MAX_BYTES
    return received


@MANY
@given(st.binary())
def test_arbitrary_bytes(payload: bytes) -> None:
    assert decoded(payload) is None
    for decode in (decode_ack, decode_status):
        with contextlib.suppress(MalformedError):
            decode(payload)


@given(spoilt(batches.map(encode)))
def test_spoilt_batches(payload: bytes) -> None:
    decoded(payload)


@MANY
@given(spoilt(st.just(BATCH.encode())))
def test_spoilt_foreign_batches(payload: bytes) -> None:
    decoded(payload)


@given(spoilt(acks.map(encode)), spoilt(statuses.map(encode)))
def test_spoilt_acks_and_statuses(ack: bytes, status: bytes) -> None:
    with contextlib.suppress(MalformedError):
        assert isinstance(decode_ack(ack), Ack)
    with contextlib.suppress(MalformedError):
        assert isinstance(decode_status(status), Status)


@given(json_values, st.sampled_from(sorted(batch())))
def test_any_json_in_any_field(value: Any, field: str) -> None:
    message = json.dumps(batch() | {field: value})
    decoded(message.encode())
    decoded(json.dumps(value).encode())


@given(st.lists(json_values, min_size=1, max_size=4), st.sampled_from(sorted(batch()["events"][0])))
def test_any_json_as_an_event(values: list[Any], field: str) -> None:
    spoilt_events = [batch()["events"][0] | {field: value} for value in values]
    decoded(json.dumps(batch(events=values + spoilt_events)).encode())


@given(spoilt(batches.map(encode)) | batches.map(encode))
def test_the_fast_path_takes_nothing_that_the_strict_one_refuses(payload: bytes) -> None:
    # White space after a message means nothing, but our own encoder never writes it.
    assert decoded(payload + b" ") == decoded(payload)


@given(spoilt(batches.map(encode)))
def test_what_is_received_may_be_sent_on(payload: bytes) -> None:
    received = decoded(payload)
    if received is None or not received.events:
        return
    again = Batch(
        edge=received.edge,
        stream=received.stream,
        seq=received.seq,
        clock=received.clock,
        dropped=received.dropped,
        events=tuple(event for _, event in received.events),
    )
    assert decode_batch(encode(again)).events == tuple(enumerate(again.events))
