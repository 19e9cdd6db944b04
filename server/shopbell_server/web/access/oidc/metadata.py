"""What a provider says of itself (OpenID Connect Discovery), as far as it is needed.

Owns: what must be in it for us to send anybody there.
Never: asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from shopbell_program.loopback import is_loopback
from shopbell_server.ports.provider import NotBelievedError
from shopbell_server.web.access.oidc.tokens import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH: Final = "/.well-known/openid-configuration"


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that we read, by their names in the standard; defaults as it has them."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    response_types_supported: tuple[str, ...] = ("code",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    """None: it does not say; Entra ID does not, and has S256."""
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


def metadata_of(
    said: Mapping[str, object], issuer: str, *, allow_loopback: bool, userinfo: bool
) -> Metadata:
    """Return what `issuer` says of itself. Raises NotBelievedError with what is wrong with it."""
    try:
        metadata = msgspec.convert(said, Metadata)
    except msgspec.ValidationError:
        raise NotBelievedError("metadata") from None
    if metadata.issuer != issuer:
        raise NotBelievedError("issuer")
    urls = (
        metadata.authorization_endpoint,
        metadata.token_endpoint,
        metadata.jwks_uri,
        metadata.userinfo_endpoint,
        metadata.end_session_endpoint,
    )
    lacking = {
        "endpoint": not all(_is_safe(url, allow_loopback=allow_loopback) for url in urls if url),
        "no_code": "code" not in metadata.response_types_supported,
        "no_pkce": "S256" not in (metadata.code_challenge_methods_supported or ("S256",)),
        "algorithm": ALGORITHMS.isdisjoint(metadata.id_token_signing_alg_values_supported),
        "no_userinfo": userinfo and not metadata.userinfo_endpoint,
    }
    for why, lacks in lacking.items():
        if lacks:
            raise NotBelievedError(why)
    return metadata


def _is_safe(url: str, *, allow_loopback: bool) -> bool:
    """Return whether nobody on the way can read what is sent there."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or parts.username is not None or not host:
        return False
    if is_loopback(host):
        return allow_loopback and parts.scheme in {"http", "https"}
    return parts.scheme == "https"
