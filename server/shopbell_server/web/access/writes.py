"""Writes that may be asked twice: the Idempotency-Key header.

Owns: what makes two requests the same, and how a kept answer is sealed.
Never: the transaction (`usecases.once`).

The answer to an enrolment holds secrets that are stored nowhere else in clear. So a kept answer is
sealed under the credential that asked: without it the database alone cannot be made to say it again.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, TypeVar

from shopbell_server.crypto import NONCE_BYTES, opened, sealed
from shopbell_server.usecases.once import Asked, Reused, once
from shopbell_server.web.http.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

    from fastapi import Request
    from pydantic import BaseModel

    from shopbell_server.core.identity.guards import Refused
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.web.services import Services

Refusal = TypeVar("Refusal", bound="Enum | Refused")

HEADER: Final = "Idempotency-Key"
MOST_CHARACTERS: Final = 255
"""As the IETF draft's examples and Stripe have it."""

DESCRIBED: Final = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "A name of your own for this one request. With the same name and body the same "
            "credential gets the first answer again for 24 hours, and nothing happens twice; with another "
            "body it gets 409.",
            "schema": {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS},
        }
    ]
}
"""What the OpenAPI document says of every route that uses `carry_out`."""


def carry_out(
    here: Services,
    request: Request,
    secret: str,
    body: BaseModel | None,
    act: Callable[[UnitOfWork], bytes | Refusal],
    *,
    named: str | None = None,
) -> bytes | Refusal:
    """Return what `once` returns; two different requests with one key are a conflict.

    `secret` is the credential that asks, `body` what it sent, as it was understood. `named` is the key of a
    request whose headers nobody can set: a form of our pages has it in a field.
    """
    asked = _asked(request, secret, body, here.entropy, named)
    outcome = once(here.database, asked, here.clock.now_ms(), act)
    if isinstance(outcome, Reused):
        detail = f"This {HEADER} was used for another request. Use a new one for each request."
        raise ProblemError(409, "key-reused", detail)
    return outcome


def _asked(
    request: Request, secret: str, body: BaseModel | None, entropy: Entropy, named: str | None
) -> Asked | None:
    key = request.headers.get(HEADER, named)
    if key is None:
        return None
    if not 0 < len(key) <= MOST_CHARACTERS or not key.isascii():
        detail = f"{HEADER} must have 1 to {MOST_CHARACTERS} ASCII characters."
        raise ProblemError(400, "invalid-key", detail)
    sent = b"" if body is None else body.model_dump_json().encode()
    what = f"{request.method} {request.url.path}\n".encode()
    seal_key = _derived(secret, "seal", key.encode())
    return Asked(
        name_sha256=_derived(secret, "name", key.encode()),
        request_sha256=_derived(secret, "request", what + sent),
        seal=lambda answer: sealed(seal_key, entropy.token(NONCE_BYTES), answer),
        open=lambda box: opened(seal_key, box),
    )


def _derived(secret: str, purpose: str, what: bytes) -> bytes:
    """Return what only `secret` makes: a plain hash of a request could be tried for every customer."""
    text = f"shopbell/v1/idempotency/{purpose}\n".encode() + what
    return hmac.digest(secret.encode(), text, "sha256")
