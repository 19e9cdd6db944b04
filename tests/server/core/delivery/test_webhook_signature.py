from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from shopbell_server.core.delivery.webhook_signature import SecretError, read_secrets, signatures

KNOWN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRETS = st.binary(min_size=24, max_size=64)


def written(secret: bytes) -> str:
    return "whsec_" + b64encode(secret).decode()


def test_the_published_example_is_signed_as_published() -> None:
    signed = signatures(
        read_secrets(KNOWN),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(SECRETS, st.integers(0, 2**32), st.text(st.characters(codec="utf-8")))
def test_the_official_library_signs_alike(secret: bytes, timestamp_s: int, body: str) -> None:
    at = datetime.fromtimestamp(timestamp_s, UTC)
    theirs = Webhook(written(secret)).sign(msg_id="m", timestamp=at, data=body)
    assert signatures([secret], "m", timestamp_s, body.encode()) == theirs


@given(st.lists(SECRETS, min_size=1, max_size=8))
def test_every_secret_of_a_file_signs_in_its_order(secrets: list[bytes]) -> None:
    text = "# rotating\n\n" + "\n".join(f"  {written(secret)} " for secret in secrets) + "\n"
    assert read_secrets(text) == tuple(secrets)
    signed = signatures(secrets, "m", 1, b"{}").split(" ")
    assert signed == [signatures([secret], "m", 1, b"{}") for secret in secrets]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no secret"),
        ("# only a remark\n", "holds no secret"),
        ("secret", "line 1 does not begin with whsec_"),
        ("\nwhsec_*", "line 2 is not whsec_ and base64"),
        ("whsec_abc", "line 1 is not whsec_ and base64"),
        (written(bytes(23)), "line 1 holds 23 bytes"),
        (written(bytes(65)), "line 1 holds 65 bytes"),
        ("\n".join([KNOWN] * 9), "holds 9 secrets"),
    ],
)
def test_a_secret_that_cannot_be_used_is_said_without_showing_it(text: str, says: str) -> None:
    with pytest.raises(SecretError) as caught:
        read_secrets(text)
    assert says in str(caught.value)
    assert KNOWN not in str(caught.value)
