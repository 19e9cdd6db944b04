from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shopbell_wire.malformed import MalformedError
from shopbell_wire.orders import (
    MAX_BYTES,
    Configure,
    Forged,
    Identify,
    Kind,
    Order,
    RestartScanner,
    RotateIdentity,
    SendDiagnostics,
    Task,
    claimed_number,
    kind_of,
    seal,
    unseal,
)
from tests.wire.strategies import millis, names, seqs, texts

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ANOTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def verify(signature: bytes, message: bytes) -> bool:
    try:
        KEY.public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True


def order(task: Task, **changes: Any) -> Order:
    plain: dict[str, Any] = {
        "tenant": "acme",
        "edge": "ams01-door",
        "number": 12,
        "issued_ms": 1_795_262_837_000,
        "expires_ms": 1_795_263_137_000,
        "task": task,
    }
    return Order(**(plain | changes))


tasks: st.SearchStrategy[Task] = st.one_of(
    st.builds(
        Configure,
        # 3 x (1 + 2 x 2) texts of 512 characters, each at most 6 bytes, are 46 KB: more would not be sealed.
        settings=st.dictionaries(
            texts, st.dictionaries(texts, seqs | texts, max_size=2), max_size=3
        ),
    ),
    st.builds(RestartScanner, scanner=names),
    st.builds(Identify, for_s=st.integers(1, 600)),
    st.just(SendDiagnostics()),
    st.just(RotateIdentity()),
)
orders = st.builds(
    Order,
    tenant=names,
    edge=names,
    number=seqs,
    issued_ms=millis,
    expires_ms=millis,
    task=tasks,
)


@given(orders)
def test_what_the_retailer_signed_is_read_as_it_was_meant(given_order: Order) -> None:
    assert unseal(seal(given_order, KEY.sign), kind_of(given_order.task), verify) == given_order


def test_an_order_of_another_key_is_forged() -> None:
    payload = seal(order(Identify()), ANOTHER.sign)
    assert unseal(payload, "command", verify) == Forged()


@given(st.integers(0), st.integers(1, 255))
def test_whatever_byte_is_changed_nothing_else_is_obeyed(place: int, change: int) -> None:
    signed = order(Identify(for_s=30))
    payload = bytearray(seal(signed, KEY.sign))
    payload[place % len(payload)] ^= change
    try:
        found = unseal(bytes(payload), "command", verify)
    except MalformedError:
        return
    # The name of a field that has a default may be lost; then it is still what was signed.
    assert found in (Forged(), signed)


@pytest.mark.parametrize(
    ("task", "kind"), [(Configure(settings={}), "command"), (SendDiagnostics(), "config")]
)
def test_a_document_of_one_kind_is_not_taken_for_the_other(task: Task, kind: Kind) -> None:
    assert unseal(seal(order(task), KEY.sign), kind, verify) == Forged()


def test_an_order_that_was_signed_under_the_wrong_kind_is_forged() -> None:
    body = _order_of(seal(order(Identify()), KEY.sign))
    signature = KEY.sign(b"shopbell/v1/config\n" + body).hex()
    payload = b'{"signature":"%s","order":%s}' % (signature.encode(), body)
    assert unseal(payload, "config", verify) == Forged()


def test_a_signature_covers_the_bytes_and_not_their_meaning() -> None:
    payload = seal(order(Identify()), KEY.sign)
    assert unseal(payload.replace(b'"number":12', b'"number": 12'), "command", verify) == Forged()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b"[" * 9 + b"]" * 9, "too_deep"),
        (b" " * (MAX_BYTES + 1), "too_big"),
        (b"{", "not_json"),
        (b'{"v":1,"v":1}', "duplicate_key"),
        (b"{}", "shape"),
        (b'{"v":2,"signature":"","order":{}}', "shape"),
        (b'{"signature":"zz","order":{}}', "shape"),
    ],
)
def test_what_is_no_order_is_said_to_be_none(payload: bytes, reason: str) -> None:
    with pytest.raises(MalformedError) as raised:
        unseal(payload, "command", verify)
    assert raised.value.reason == reason


def test_a_signed_order_that_no_version_of_ours_knows_is_refused_by_name() -> None:
    body = b'{"task":{"type":"fly"}}'
    signature = KEY.sign(b"shopbell/v1/command\n" + body).hex().encode()
    with pytest.raises(MalformedError, match=r"shape: .+"):
        unseal(b'{"signature":"%s","order":%s}' % (signature, body), "command", verify)


def test_settings_that_do_not_fit_are_not_sent() -> None:
    many = Configure(settings={str(index): "x" * 500 for index in range(200)})
    with pytest.raises(MalformedError, match="too_big"):
        seal(order(many), KEY.sign)


def test_settings_that_no_edge_would_read_are_not_sent() -> None:
    for strange in ({"a": "x" * 513}, {"a": 2**60}, {"a": [[[[[[[1]]]]]]]}):
        with pytest.raises(MalformedError):
            seal(order(Configure(settings=strange)), KEY.sign)


def test_the_number_of_an_order_that_nobody_signed_can_be_named_in_an_answer() -> None:
    assert claimed_number(seal(order(Identify()), ANOTHER.sign)) == 12


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b" " * (MAX_BYTES + 1),
        b"{}",
        b'{"signature":"%s","order":{"number":0}}' % (b"0" * 128),
    ],
)
def test_what_claims_no_number_has_none(payload: bytes) -> None:
    assert claimed_number(payload) is None


def _order_of(payload: bytes) -> bytes:
    return json.dumps(json.loads(payload)["order"]).encode()
