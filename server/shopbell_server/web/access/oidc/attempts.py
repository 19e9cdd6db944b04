"""One browser's way to the provider and back.

Owns: the cookie that it is known by, and what follows from it.
Never: that it is used once, and in time (`usecases.staff.provider_sign_in`).

The cookie holds 256 random bits; state, nonce and verifier are made of them. So nobody who made a browser
come back here with a code of his own (login CSRF) has its state, and no other browser can use a code that was
seen on its way. Nothing has to be sealed: the three are the browser's own, and say nothing.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final

from shopbell_server.ports.provider import Attempt
from shopbell_server.web.access.session_cookies import SessionCookie

ATTEMPT_COOKIE: Final = SessionCookie("__Host-shopbell-attempt")
"""`SameSite=Lax`: it comes along when the provider leads back, which is a link, and with no form."""

BY_PROVIDER_COOKIE: Final = SessionCookie("__Host-shopbell-provider")
"""Says that the provider has a session too, which signing out should end. No secret."""


def attempt_of(secret: str) -> Attempt:
    """Return what the attempt with this secret is known by, to the provider and by it."""
    return Attempt(
        state=_made(secret, "state"),
        nonce=_made(secret, "nonce"),
        verifier=_made(secret, "verifier"),
    )


def _made(secret: str, what: str) -> str:
    """Return 43 characters: as many as RFC 7636 wants of a verifier at least."""
    made = hmac.digest(secret.encode(), f"shopbell/v1/oidc/{what}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
