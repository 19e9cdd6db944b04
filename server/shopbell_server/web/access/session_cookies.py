"""The cookies that hold a session: of staff, and of a customer at her own page.

Owns: what they are called, and how a browser keeps them: out of reach of scripts and of other sites.
Never: whose session it is (`who`, `customers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.credentials import MOST_CHARACTERS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """A cookie with the secret of a session."""

    name: str

    def secret(self, request: Request) -> str:
        """Return what the browser holds; empty where there is none, or one too long for any of ours."""
        secret = request.cookies.get(self.name, "")
        return secret if len(secret) <= MOST_CHARACTERS else ""

    def put(self, response: Response, secret: str, max_age_s: int) -> None:
        """Put the session into the browser's keeping."""
        response.set_cookie(
            self.name,
            secret,
            max_age=max_age_s,
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response) -> None:
        """Take it away again."""
        response.delete_cookie(self.name, path="/", secure=True, httponly=True, samesite="lax")


STAFF_COOKIE: Final = SessionCookie("__Host-shopbell")
"""The prefix binds it to this host, to Secure and to Path=/. Browsers take Secure cookies from plain
http on loopback, which is where the demo runs (tried: Chromium)."""

PAGE_COOKIE: Final = SessionCookie("__Host-shopbell-me")
"""Of `/me`. Another name, so that somebody of the staff who is a customer too can be both in one browser."""
