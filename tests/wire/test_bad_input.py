"""The catalogue of bad input that may arrive over MQTT, row by row, as far as the codec meets it."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from shopbell_wire.codec import MAX_BYTES, MalformedError, Received, decode_batch
from shopbell_wire.messages import MAX_COUNT, MAX_MS, MAX_TEXT, Refused
from shopbell_wire.strict import MAX_DEPTH
from shopbell_wire.topics import EdgeTopic, parse
from tests.wire.samples import (
    BATCH,
    SEQ,
    STREAM,
    batch,
    sent,
    with_event,
    with_raw,
    without,
)

NAMED = (STREAM, SEQ)
UNNAMED = (None, None)


def refusal_of(payload: bytes) -> tuple[str, tuple[str | None, int | None]]:
    with pytest.raises(MalformedError) as refusal:
        decode_batch(payload)
    return refusal.value.reason, (refusal.value.stream, refusal.value.seq)


def canonical(message: Any) -> bytes:
    """Return the batch as our own encoder writes it, so that the fast path meets it."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("payload", "address"),
    [
        (b"hello", UNNAMED),
        (b"{", UNNAMED),
        (b"\x00", UNNAMED),
        (b'{"v":1,}', UNNAMED),
        (b"{'v':1}", UNNAMED),
        (BATCH.encode()[:-1], NAMED),
        (BATCH.encode() + b"}", NAMED),
        (BATCH.encode() + BATCH.encode(), NAMED),
        (b"\xef\xbb\xbf" + BATCH.encode(), NAMED),
        (with_raw("tru"), NAMED),
        (with_raw("01"), NAMED),
        (with_raw("1."), NAMED),
        (with_raw("+1"), NAMED),
        (with_raw("'x'"), NAMED),
        (with_raw('"\\x41"'), NAMED),
        (with_raw('"\t"'), NAMED),
        (with_raw("1 // a comment"), NAMED),
    ],
)
def test_row_23_what_is_not_json_is_refused(
    payload: bytes, address: tuple[str | None, int | None]
) -> None:
    assert refusal_of(payload) == ("not_json", address)


def test_row_23_what_is_another_encoding_is_refused() -> None:
    assert refusal_of(b"\xa1\x61v\x01")[0] == "not_utf8"  # CBOR
    assert refusal_of(BATCH.encode("utf-16"))[0] == "not_utf8"
    assert refusal_of(BATCH.encode("utf-16-le"))[0] == "not_json"
    assert refusal_of(BATCH.encode("utf-32-be"))[0] == "not_json"


def test_row_23_a_whole_other_json_document_is_refused() -> None:
    for payload in (b"[]", b'"batch"', b"1", b"true", b"null", b"[" + BATCH.encode() + b"]", b"{}"):
        assert refusal_of(payload) == ("shape", UNNAMED)


@pytest.mark.parametrize("size", [MAX_BYTES + 1, 10 * MAX_BYTES])
def test_row_24_64_kib_and_one_byte_is_refused_by_name(size: int) -> None:
    assert refusal_of(BATCH.encode().ljust(size)) == ("too_big", NAMED)
    assert refusal_of(b" " * size) == ("too_big", UNNAMED)


@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")], ids=["[", "{", "[{"]
)
def test_row_25_ten_thousand_levels_are_refused_by_name(opening: str, closing: str) -> None:
    levels = 10_000 if len(opening) == 1 else 5_000
    nested = opening * levels + "1" + closing * levels
    assert refusal_of(with_raw(nested)) == ("too_deep", NAMED)
    assert refusal_of(with_raw(opening * levels)) == ("too_deep", NAMED)  # never closed
    assert refusal_of(nested.encode()) == ("too_deep", UNNAMED)


def test_row_25_the_limit_is_eight_levels() -> None:
    inner = MAX_DEPTH - 1  # the batch is the first
    assert decode_batch(with_raw("[" * inner + "]" * inner)).seq == SEQ
    assert refusal_of(with_raw("[" * (inner + 1) + "]" * (inner + 1))) == ("too_deep", NAMED)
    assert refusal_of(sent(with_event(later=[[[[[[]]]]]]))) == ("too_deep", NAMED)


def test_row_25_brackets_in_texts_are_no_levels() -> None:
    assert decode_batch(sent(batch(later='[[[[[[[[[[{{{{"[[[[[[[[[\\'))).seq == SEQ


@pytest.mark.parametrize(
    "payload",
    [
        BATCH.replace('"v": 1', '"v": 1, "v": 1'),
        BATCH.replace('"v": 1', '"v": 2, "v": 1'),
        BATCH.replace('"err_ms"', '"boot": "", "err_ms"'),
        BATCH.replace('"spool_full": 3', '"spool_full": 3, "spool_full": 3'),
        BATCH.replace('"median"', '"last": 1, "median"'),
        BATCH.replace('"v": 1', '"later": [{"a": 1, "\\u0061": 1}], "v": 1'),
    ],
)
def test_row_26_duplicate_keys_are_refused(payload: str) -> None:
    assert refusal_of(payload.encode()) == ("duplicate_key", NAMED)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1E400"])
def test_row_27_numbers_that_are_none_are_refused(number: str) -> None:
    assert refusal_of(with_raw(number)) == ("number", NAMED)
    assert refusal_of(with_raw(f'{{"deep": [1, {number}]}}')) == ("number", NAMED)
    in_event = sent(with_event(n="HERE")).replace(b'"HERE"', number.encode())
    assert refusal_of(in_event) == ("number", NAMED)


@pytest.mark.parametrize(
    "digits",
    [str(2**53), str(-(2**53)), str(2**64), str(-(2**64)), "9" * 4_301, "-" + "9" * 60_000],
    ids=["2^53", "-2^53", "2^64", "-2^64", "past the interpreter's limit", "60 KB of digits"],
)
def test_row_28_integers_that_no_double_holds_are_refused(digits: str) -> None:
    assert refusal_of(with_raw(digits)) == ("number", NAMED)
    assert refusal_of(sent(with_event(n="BAD")).replace(b'"BAD"', digits.encode())) == (
        "number",
        NAMED,
    )


def test_row_28_the_largest_integers_are_taken() -> None:
    assert decode_batch(with_raw(f"[{MAX_COUNT}, {-MAX_COUNT}, -0]")).seq == SEQ
    assert decode_batch(sent(batch(seq=MAX_COUNT))).seq == MAX_COUNT


@pytest.mark.parametrize("seq", [-1, 0, 1.0, 7.5, "7", True, None])
@pytest.mark.parametrize("write", [sent, canonical])
def test_row_28_a_seq_that_is_no_positive_integer_is_refused(seq: Any, write: Any) -> None:
    assert refusal_of(write(batch(seq=seq))) == ("shape", UNNAMED)


def test_row_28_a_seq_beyond_the_integers_does_not_name_a_batch() -> None:
    for seq in (2**53, 10**15 * 9_999, 10**17):
        assert refusal_of(sent(batch(seq=seq))) == ("number", UNNAMED)


def test_row_29_unknown_fields_are_ignored_everywhere() -> None:
    extended = with_event(strength=[1, {"a": None}])
    extended["events"][0]["loss_db"]["p90"] = 20.0
    extended["clock"]["source"] = "ntp"
    extended["battery"] = {"percent": 80.5}
    assert decode_batch(sent(extended)) == decode_batch(BATCH.encode())


@pytest.mark.parametrize("version", [0, 2, 99, -1])
@pytest.mark.parametrize("write", [sent, canonical])
def test_row_30_another_version_is_refused_by_name(version: int, write: Any) -> None:
    assert refusal_of(write(batch(v=version, events="whatever it means then"))) == (
        "version",
        NAMED,
    )


@pytest.mark.parametrize("version", ["1", 1.0, True, None, [1]])
def test_row_30_a_version_that_is_no_integer_is_refused(version: Any) -> None:
    assert refusal_of(sent(batch(v=version))) == ("shape", NAMED)


@pytest.mark.parametrize("field", ["v", "edge", "clock", "dropped", "events"])
def test_a_batch_without_a_field_of_its_header_is_refused_by_name(field: str) -> None:
    assert refusal_of(sent(without(field))) == ("shape", NAMED)
    assert refusal_of(canonical(without(field))) == ("shape", NAMED)


@pytest.mark.parametrize("field", ["stream", "seq"])
def test_a_batch_without_its_name_is_refused_without_one(field: str) -> None:
    assert refusal_of(sent(without(field))) == ("shape", UNNAMED)


def test_row_31_a_batch_of_another_edge_can_be_told_by_its_topic() -> None:
    topic = parse("shopbell/v1/acme/ams02-door/up/live")
    received = decode_batch(BATCH.encode())
    assert isinstance(topic, EdgeTopic)
    assert topic.edge != received.edge


@pytest.mark.parametrize("edge", ["", "AMS01", "ams01/door", "+", "#", "a" * 41, "ams01\n", 5])
def test_row_31_what_is_no_edge_is_refused(edge: Any) -> None:
    assert refusal_of(sent(batch(edge=edge))) == ("shape", NAMED)


@pytest.mark.parametrize("moment_ms", [0, 1_795_262_837_000 + 86_400_000, MAX_MS])
def test_row_32_an_implausible_time_is_left_to_whoever_dates_the_batch(moment_ms: int) -> None:
    received = decode_batch(sent(with_event(last_ms=moment_ms)))
    assert len(received.events) == 2


def test_row_32_a_time_past_the_calendar_is_refused_alone() -> None:
    assert decode_batch(sent(with_event(last_ms=MAX_MS + 1))).refused == (
        Refused(seq=SEQ, index=0, reason="shape"),
    )


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
)
def test_row_38_invalid_utf_8_is_refused_in_any_field(bad: bytes) -> None:
    assert refusal_of(with_raw('"BAD"').replace(b"BAD", bad)) == ("not_utf8", NAMED)
    in_known = canonical(with_event(reason="BAD")).replace(b"BAD", bad)
    assert refusal_of(in_known) == ("not_utf8", NAMED)


@pytest.mark.parametrize(
    ("escaped", "reason"),
    [
        ("\\u0000", "nul"),
        ("a\\u0000b", "nul"),
        ("\\ud800", "surrogate"),
        ("\\udfff", "surrogate"),
        ("\\ude00\\ud83d", "surrogate"),
        ("\\ud83d\\u0041", "surrogate"),
    ],
)
def test_row_38_nul_and_half_surrogates_are_refused_in_any_field(escaped: str, reason: str) -> None:
    for payload in (
        with_raw(f'"{escaped}"'),
        with_raw(f'{{"{escaped}": 1}}'),
        sent(with_event(reason="BAD")).replace(b"BAD", escaped.encode()),
        canonical(with_event(reason="BAD")).replace(b"BAD", escaped.encode()),
        canonical(batch(dropped={"BAD": 1})).replace(b"BAD", escaped.encode()),
    ):
        assert refusal_of(payload) == (reason, NAMED)


def test_row_38_a_whole_surrogate_pair_and_a_spelt_out_escape_are_texts() -> None:
    assert reasons_of(with_event(reason="\N{BELL}")) == "\N{BELL}"
    paired = sent(with_event(reason="BAD")).replace(b"BAD", b"\\ud83d\\udd14")
    assert first_reason(decode_batch(paired)) == "\N{BELL}"
    assert reasons_of(with_event(reason="\\u0000")) == "\\u0000"


def reasons_of(message: Any) -> str:
    both = {first_reason(decode_batch(write(message))) for write in (sent, canonical)}
    assert len(both) == 1
    return both.pop()


def first_reason(received: Received) -> str:
    return getattr(received.events[0][1], "reason", "")


@pytest.mark.parametrize("character", ["x", "é", "\N{BELL}"])
def test_a_text_of_512_characters_is_taken_and_one_more_refused(character: str) -> None:
    longest = character * MAX_TEXT
    assert reasons_of(with_event(reason=longest)) == longest
    for message in (
        with_event(reason=longest + "x"),
        batch(later=longest + "x"),
        batch(later={longest + "x": 1}),
        batch(dropped={longest + "x": 1}),
    ):
        assert refusal_of(sent(message)) == ("too_long", NAMED)
        assert refusal_of(canonical(message)) == ("too_long", NAMED)


def test_row_40_an_empty_payload_is_refused() -> None:
    assert refusal_of(b"") == ("empty", UNNAMED)


@pytest.mark.parametrize("write", [sent, canonical])
def test_row_40_a_batch_without_events_is_refused_by_name(write: Any) -> None:
    assert refusal_of(write(batch(events=[]))) == ("empty", NAMED)


def test_row_41_a_compressed_batch_is_refused_and_never_inflated() -> None:
    bomb = b"[" * 40_000_000
    assert refusal_of(gzip.compress(bomb)) == ("not_utf8", UNNAMED)
    assert refusal_of(zlib.compress(bomb)) == ("not_utf8", UNNAMED)
    assert refusal_of(gzip.compress(BATCH.encode())) == ("not_utf8", UNNAMED)
