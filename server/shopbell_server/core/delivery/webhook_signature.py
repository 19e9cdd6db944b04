"""Standard Webhooks v1: how a receiver knows that an event is ours and is new.

Owns: secrets as they are written down, and signatures.
Never: where secrets are kept, what time it is, or sending.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  (what secrets begin with, not one)

SECRET_BYTES: Final = range(24, 65)
"""Standard Webhooks: 24 to 64 bytes; fewer can be guessed, more are hashed down anyway."""

SECRETS_AT_ONCE: Final = 8
"""Rotation needs two; every further one makes the header of every request 48 bytes longer."""


class SecretError(ValueError):
    """A secret cannot be used. The text says which line and why, and holds nothing of it."""


def read_secrets(text: str) -> tuple[bytes, ...]:
    """Return the secrets of a file: one a line, blank lines and lines that begin with # passed over.

    Several are a rotation: every event is signed with each, so that a receiver that knows any of
    them accepts it. Raises SecretError.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    secrets = tuple(_secret(number, line) for number, line in lines if line and line[0] != "#")
    if not secrets:
        raise SecretError(
            f"holds no secret; write one line: {SECRET_PREFIX} and base64 of 32 bytes"
        )
    if len(secrets) > SECRETS_AT_ONCE:
        raise SecretError(
            f"holds {len(secrets)} secrets; at most {SECRETS_AT_ONCE} are signed with"
        )
    return secrets


def signatures(secrets: Sequence[bytes], event_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature for each secret, in their order.

    `timestamp_s` is of this attempt, in Unix seconds, and goes along as `webhook-timestamp`.
    """
    signed = b"%s.%d.%s" % (event_id.encode(), timestamp_s, body)
    return " ".join(
        "v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets
    )


def _secret(number: int, line: str) -> bytes:
    if not line.startswith(SECRET_PREFIX):
        raise SecretError(f"line {number} does not begin with {SECRET_PREFIX}")
    try:
        secret = b64decode(line.removeprefix(SECRET_PREFIX), validate=True)
    except NotBase64:
        raise SecretError(f"line {number} is not {SECRET_PREFIX} and base64") from None
    if len(secret) not in SECRET_BYTES:
        raise SecretError(
            f"line {number} holds {len(secret)} bytes;"
            f" allowed are {SECRET_BYTES.start} to {SECRET_BYTES.stop - 1}"
        )
    return secret
