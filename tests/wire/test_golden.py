"""The bytes that edges in the field have sealed. Files are only ever added, never changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from shopbell_wire.codec import decode_ack, decode_batch, decode_status, encode
from shopbell_wire.messages import Batch, Event

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))

SHA256 = {
    "ack_v1": "58af447680b32694542a044ead152858e9d74d94dd3681d9bad6921c78b89293",
    "ack_v1_nobody": "9ba8c3916297734745c69e9a510e4fb29e43f2fe765dcff61a3e9af29b64807a",
    "ack_v1_nothing": "52ecf7416b324cc3729c3a1ca0cf507a4857c7c718d72b9916739f31128df46a",
    "batch_v1_clock_anchor": "f64f2d1ebcf50bf6f4bbd805cff1f66e1a7d19c171dc90b931b376062110d3d1",
    "batch_v1_diagnostics": "f9a2f5374a9ca2f2c8d259a4bc6604c6cf21dcdcebfae06c89d11375edd00256",
    "batch_v1_order_done": "c3a1df0bfd150b270b68a8800ad51b82110efaf839a435ac3752fc063ee62219",
    "batch_v1_presence": "969e3f62202f48a84e0dde6d78d3c47841c5f945cda0bf9d9fe8b8a39b56da62",
    "batch_v1_scan": "324566d0d0ddc61511fd9fba058859d60a5ee4a962ac230d7f44fbc215c2cd72",
    "batch_v1_scanner_health": "a9196aad1a1486d0e0abfc3db0fd0dbc51e6fd47dfc13d3d9f141b68e98d2404",
    "batch_v1_stream_started_again": "fa3e42ec6cc7b99ce69f90f1e01d835e10772ad2495c9eac6c39e313d35ce3fc",
    "batch_v1_stream_started_first": "f8fe2b4f14f2bf1ba32c1989075336de0d204c47cc0ebdff17541aa2728245ab",
    "batch_v1_texts": "65418f54cc0126a908aa554685b3829515c84abac979be0fa71b91b75065a731",
    "status_v1_in_force": "9feed70960cf04fdfb50695aa0050dfe492e9ff99591f329b83614e64bd5010e",
    "status_v1_offline": "5c2124cc1076c6fab793337728c0c8b9a165a57e5f6be717db073400aef21832",
    "status_v1_online": "90475bcfd58adfcf2a764aad56c758c01f20a659a99724165a9bca596f243338",
    "status_v1_since": "04791f840949541e2c7f0176e7d5b05616e577b215fa892d1d42ea3b249872b7",
}
"""Of each file as it was added: a change to one is a change to every edge in the field."""


def of(kind: str) -> list[Path]:
    return [path for path in GOLDEN if path.name.startswith(kind)]


def payload_of(path: Path) -> bytes:
    return path.read_bytes().removesuffix(b"\n")


def test_no_golden_file_was_changed_or_taken_away() -> None:
    assert {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN} == SHA256


@pytest.mark.parametrize("path", of("batch"), ids=lambda path: path.stem)
def test_a_sealed_batch_is_still_read_and_written_the_same(path: Path) -> None:
    payload = payload_of(path)
    received = decode_batch(payload)
    assert (received.skipped, received.refused) == (0, ())
    again = Batch(
        edge=received.edge,
        stream=received.stream,
        seq=received.seq,
        clock=received.clock,
        dropped=received.dropped,
        events=tuple(event for _, event in received.events),
    )
    assert encode(again) == payload


@pytest.mark.parametrize(
    ("kind", "decode"), [("ack", decode_ack), ("status", decode_status)], ids=["ack", "status"]
)
def test_an_ack_and_a_status_are_still_read_and_written_the_same(kind: str, decode: Any) -> None:
    for path in of(kind):
        payload = payload_of(path)
        assert encode(decode(payload)) == payload, path.name


def test_there_is_golden_for_every_message_and_every_event() -> None:
    tags = {
        event["type"] for path in of("batch") for event in json.loads(path.read_bytes())["events"]
    }
    assert tags == {kind.__struct_config__.tag for kind in get_args(Event)}
    assert of("ack")
    assert of("status")
