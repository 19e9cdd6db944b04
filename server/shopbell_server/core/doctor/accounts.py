"""Whether staff can sign in with their work accounts.

Owns: what the provider's answer means, and the remedy.
Never: asks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from shopbell_wire.messages import Finding

OFF_MS: Final = 30_000
"""Half of what is forgiven in a token (60 s): a clock that is off by this is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a provider that answers as it should."""

    host: str
    keys: int
    ahead_ms: int | None
    """How far this machine's clock is ahead of the provider's; None where it does not say."""


def accounts(seen: Seen) -> Finding:
    """Return that the provider is there, and whether both clocks agree."""
    found = f"{seen.host} answers, with {seen.keys} keys to check signatures"
    if seen.ahead_ms is not None and abs(seen.ahead_ms) > OFF_MS:
        side = "ahead of" if seen.ahead_ms > 0 else "behind"
        return warned(
            "accounts",
            f"{found}; this clock is {abs(seen.ahead_ms) // 1000} s {side} its clock",
            "keep this machine's clock (NTP): from 60 s on nobody is let in",
        )
    return passed("accounts", found)


def no_accounts(word: str, *, away: bool) -> Finding:
    """Return that nobody can sign in so; `word` says why."""
    if away:
        return failed(
            "accounts",
            f"the provider does not answer ({word})",
            "is oidc.issuer right, and reachable from here? oidc.ca_file for authorities of your own",
        )
    return failed(
        "accounts", f"what the provider says cannot be used ({word})", _DO.get(word, _ELSE)
    )


_ELSE: Final = "is oidc.issuer right?"

_DO: Final = {
    "issuer": "write oidc.issuer as the provider's own metadata have it, to the letter",
    "metadata": "is oidc.issuer right? its /.well-known/openid-configuration must be metadata",
    "not_json": "is oidc.issuer right? its /.well-known/openid-configuration must be JSON",
    "redirect": "write oidc.issuer as the address that it leads to; nobody is followed",
    "endpoint": "every address in the provider's metadata must begin with https://",
    "no_code": "let the provider offer the authorization code flow",
    "no_pkce": "let the provider offer PKCE with S256",
    "algorithm": "let the provider sign with RS256, PS256 or ES256 (or with 384 or 512 bits)",
    "no_keys": "the provider's jwks_uri must hold an RSA key of 2048 bits, or an EC key",
    "no_userinfo": "the provider has no userinfo: leave out oidc.userinfo",
    "too_long": "what answers at oidc.issuer is no provider",
}
