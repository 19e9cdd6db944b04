"""ID tokens: which are believed.

Owns: every check of OpenID Connect Core §3.1.3.7, and which signatures count.
Never: fetches keys, or says what claims mean (`core.access.oidc_claims`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # no types in it
from joserfc import jws
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import JWKRegistry

from shopbell_server.ports.provider import NotBelievedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joserfc.jwk import Key

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)
"""Signatures that only the provider can make. Not `none`; not HS*, whose key is the client's secret, or, for
whoever confuses them, the public key that everybody has."""

LEEWAY_S: Final = 60
"""Two clocks that are kept differ by less than a second; one that drifts by less than this in a month."""

FRESH_S: Final = 600
"""A token is made when its code is exchanged, which happens at once. As long as an attempt lasts."""

LEAST_RSA_BITS: Final = 2048
"""RFC 7518 §3.3."""

_KINDS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_TYPES: Final = frozenset({"", "jwt"})
"""Not "at+jwt", "logout+jwt": those are signed by the same key, and are no ID tokens."""


class UnknownKeyError(NotBelievedError):
    """It is signed under a key that is not among those: ask for them anew, once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say to be for us, and for this attempt."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    access_token: str | None = field(repr=False)


def keys_of(said: Mapping[str, object]) -> Sequence[Key]:
    """Return the keys of a set that can check signatures. Raises NotBelievedError where there is none.

    Keys of kinds that we do not know are passed over, and those that are for something else.
    """
    listed = said.get("keys")
    found = [_key(each) for each in listed] if isinstance(listed, list) else []
    keys = [each for each in found if each is not None]
    if not keys:
        raise NotBelievedError("no_keys")
    return keys


def claims_in(
    token: str, keys: Sequence[Key], expected: Expected, now_s: int
) -> Mapping[str, object]:
    """Return the claims of `token`. Raises UnknownKeyError, NotBelievedError."""
    header, claims = _signed(token, keys)
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
        "sub": {"essential": True},
        "exp": {"essential": True},
        "iat": {"essential": True},
        "nonce": {"essential": True, "value": expected.nonce},
    }
    params = {
        "nonce": expected.nonce,
        "client_id": expected.client_id,
        "access_token": expected.access_token,
    }
    checked = CodeIDToken(claims, header, options, params)
    try:
        checked.validate(now_s, LEEWAY_S)
    except JoseError as error:
        raise NotBelievedError(f"token_{_claim_of(error)}") from None
    except (TypeError, ValueError, AttributeError, OverflowError):
        # A claim of another kind than its name says: a list where a text belongs.
        raise NotBelievedError("token_claims") from None
    _fresh(claims, now_s)
    return claims


def _signed(token: str, keys: Sequence[Key]) -> tuple[dict[str, Any], dict[str, object]]:
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        raise NotBelievedError("token_form") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise NotBelievedError("token_algorithm")
    if str(header.get("typ", "")).lower() not in _TYPES:
        raise NotBelievedError("token_type")
    fitting = [each for each in keys if _fits(each, str(algorithm), key_id)]
    if not fitting:
        raise UnknownKeyError("token_key")
    for key in fitting:
        try:
            signed = jws.deserialize_compact(token.encode(), key, algorithms=[str(algorithm)])
            return dict(header), msgspec.json.decode(signed.payload or b"", type=dict[str, object])
        except (JoseError, ValueError, RecursionError, msgspec.MsgspecError):
            continue
    # Nameless keys may have been changed for others.
    raise (NotBelievedError if key_id else UnknownKeyError)("token_signature")


def _fits(key: Key, algorithm: str, key_id: object) -> bool:
    named = key.as_dict(private=False)
    return (
        named["kty"] == _KINDS[algorithm[:2]]
        and key_id in {None, named.get("kid")}
        and named.get("alg", algorithm) == algorithm
    )


def _key(said: object) -> Key | None:
    # What signs with a secret is no key to check with, whoever published it.
    if not isinstance(said, dict) or said.get("kty") not in _KINDS.values():
        return None
    if said.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(cast("dict[str, str | list[str]]", said))
        bits = key.public_key.key_size  # type: ignore[union-attr]  # of RSA and EC both
    except (JoseError, ValueError, TypeError, AttributeError, KeyError):
        return None
    return key if said["kty"] == "EC" or bits >= LEAST_RSA_BITS else None


def _fresh(claims: Mapping[str, object], now_s: int) -> None:
    """Refuse one that was made long ago, or will be: a good token that somebody kept."""
    made = claims["iat"]
    if not isinstance(made, int | float) or isinstance(made, bool):
        raise NotBelievedError("token_iat")
    if not now_s - FRESH_S - LEEWAY_S <= made <= now_s + LEEWAY_S:
        raise NotBelievedError("token_iat")


def _claim_of(error: JoseError) -> str:
    """Return the first claim that is wrong: a name of the standard, never a value."""
    claim = error.claim if isinstance(error, ClaimError) else ""
    return claim.split(",")[0] or "claims"
