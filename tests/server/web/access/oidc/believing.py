"""A provider that lies at will, and ours that asks it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.ports.provider import Attempt, NotBelievedError
from shopbell_server.web.access.oidc.attempts import attempt_of
from shopbell_server.web.access.oidc.provider import (
    Account,
    OidcProvider,
)
from tests.rigs.lying_provider import (
    CLIENT,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.server.web.shop import SetClock

ATTEMPT = attempt_of("sba_of-a-test")
CODE = "code-of-a-test"
TLS = ssl.create_default_context()
DISCOVERY = "/.well-known/openid-configuration"


def account(issuer: str, **other: Any) -> Account:
    agreed: dict[str, Any] = {
        "client_id": CLIENT,
        "client_secret": "s3cret/+",
        "scopes": ("openid", "profile"),
        "prompt": None,
        "userinfo": False,
        "origin": "https://board.test",
        "allow_loopback": True,
    }
    return Account(issuer=issuer, **{**agreed, **other})


def provider_at(
    issuer: str, clock: SetClock, *, timeout_s: float = 10.0, **other: Any
) -> OidcProvider:
    return OidcProvider(account(issuer, **other), clock, timeout_s=timeout_s, tls=TLS)


async def claimed(
    provider: OidcProvider, attempt: Attempt = ATTEMPT, issuer: str | None = None
) -> Mapping[str, object]:
    return await provider.claims(attempt, CODE, issuer)


async def word(provider: OidcProvider, issuer: str | None = None) -> str:
    """Return why nobody is let in."""
    with pytest.raises(NotBelievedError) as caught:
        await claimed(provider, issuer=issuer)
    return str(caught.value)
