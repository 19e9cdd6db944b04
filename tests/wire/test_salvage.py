from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_wire.codec import encode
from shopbell_wire.messages import MAX_COUNT, Batch
from shopbell_wire.salvage import address
from tests.wire.samples import SEQ, STREAM, batch, sent
from tests.wire.strategies import batches


@given(batches, st.binary(max_size=50))
def test_any_batch_is_named_whatever_follows_its_header(sealed: Batch, rest: bytes) -> None:
    payload = encode(sealed)
    header = payload[: payload.index(b',"dropped"')]
    assert address(payload) == (sealed.stream, sealed.seq)
    assert address(header + b"," + rest) == (sealed.stream, sealed.seq)


@given(batches, st.permutations(Batch.__struct_fields__))
def test_the_order_of_the_fields_does_not_matter(sealed: Batch, order: list[str]) -> None:
    message = json.loads(encode(sealed))
    assert address(sent({field: message[field] for field in order})) == (sealed.stream, sealed.seq)


@given(st.binary())
def test_any_bytes_have_an_address_or_none(payload: bytes) -> None:
    address(payload)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        sent({"stream": STREAM}),
        sent({"seq": SEQ}),
        sent({"stream": STREAM, "seq": -1}),
        sent({"stream": STREAM, "seq": 0}),
        sent({"stream": STREAM, "seq": 1.5}),
        sent({"stream": STREAM, "seq": MAX_COUNT + 1}),
        b'{"stream": "%s", "seq": 1e3}' % STREAM.encode(),
        b'{"stream": "%s", "seq": 12345678901234567890}' % STREAM.encode(),
        sent({"stream": STREAM.upper(), "seq": SEQ}),
        sent({"stream": STREAM[:-1], "seq": SEQ}),
        sent([{"stream": STREAM, "seq": SEQ}]),
        sent({"clock": {"stream": STREAM, "seq": SEQ}}),
        sent({"text": f'"stream": "{STREAM}", "seq": {SEQ}'}),
        f'"stream": "{STREAM}", "seq": {SEQ}'.encode(),
    ],
)
def test_no_name_is_made_up(payload: bytes) -> None:
    assert address(payload) is None


def test_a_name_further_in_is_not_the_batch_s() -> None:
    message = batch(clock={"stream": "f" * 32, "seq": 1})
    first = {"clock": message.pop("clock")} | message
    assert address(sent(first)) == (STREAM, SEQ)


def test_the_first_of_two_names_counts() -> None:
    twice = f'{{"stream":"{STREAM}","stream":"{"f" * 32}","seq":{SEQ},"seq":8}}'
    assert address(twice.encode()) == (STREAM, SEQ)
    assert address(f'{{"seq":{SEQ},"seq":8,"stream":"{STREAM}"}}'.encode()) == (STREAM, SEQ)
