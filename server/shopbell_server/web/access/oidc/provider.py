"""A provider of OpenID Connect: where browsers are sent, and what it says of who comes back.

Owns: the order of its questions, and how long its own description and its keys are believed.
Never: who may come in by that (`core.access.oidc_claims`). No token is kept, and none is in any text.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]  # no types in it
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request  # type: ignore[import-untyped]  # no types in it
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]  # no types in it

from shopbell_server.core.units import HOUR_MS, SECOND_MS
from shopbell_server.ports.provider import NotBelievedError, ProviderAwayError
from shopbell_server.web.access.oidc.asking import Asking
from shopbell_server.web.access.oidc.metadata import PATH, metadata_of
from shopbell_server.web.access.oidc.tokens import Expected, UnknownKeyError, claims_in, keys_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from joserfc.jwk import Key

    from shopbell_server.ports.provider import Attempt
    from shopbell_server.ports.world import ServerClock
    from shopbell_server.web.access.oidc.asking import Answer
    from shopbell_server.web.access.oidc.metadata import Metadata

CALLBACK: Final = "/login/oidc/callback"

KEPT_MS: Final = HOUR_MS
"""Providers change endpoints once in years and keys once in months; new keys are fetched when one is met."""

AWAY_MS: Final = 5 * SECOND_MS
"""So long nobody asks again who it is that did not answer: a crowd would wait for the same silence."""

ASKED_ANEW_MS: Final = 30 * SECOND_MS
"""Keys are fetched anew for an unknown one this often at the most: whoever signs with keys of his own must
not make us ask without end."""

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """As whom we come to the provider, and what we ask of it: what was agreed when it got to know us."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    scopes: tuple[str, ...]
    prompt: str | None
    userinfo: bool
    origin: str
    allow_loopback: bool


class OidcProvider:
    """`Provider` by OpenID Connect; within one event loop."""

    def __init__(
        self, account: Account, clock: ServerClock, *, timeout_s: float, tls: ssl.SSLContext
    ) -> None:
        self._account = account
        self._clock = clock
        self._asking = Asking(timeout_s=timeout_s, tls=tls)
        self._lock = asyncio.Lock()
        self._known: tuple[Metadata, int] | None = None
        self._keys: tuple[Sequence[Key], int] | None = None
        self._away_until_ms = 0

    @property
    def host(self) -> str:
        """Return what people know it by."""
        return urlsplit(self._account.issuer).hostname or ""

    async def examined(self) -> tuple[Metadata, Sequence[Key], str]:
        """Return its description, its keys, and what its clock says, asked now.

        Raises ProviderAwayError, NotBelievedError.
        """
        answer = await self._asking.ask("GET", self._account.issuer.rstrip("/") + PATH)
        metadata = self._understood(answer)
        return metadata, await self._fetched_keys(metadata), answer.date

    async def way_there(self, attempt: Attempt) -> str:
        """Return where a browser is sent. Raises ProviderAwayError, NotBelievedError."""
        account, metadata = self._account, await self._metadata()
        return str(
            prepare_grant_uri(
                metadata.authorization_endpoint,
                account.client_id,
                "code",
                redirect_uri=account.origin + CALLBACK,
                scope=" ".join(account.scopes),
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.verifier),
                code_challenge_method="S256",
                prompt=account.prompt,
            )
        )

    async def claims(self, attempt: Attempt, code: str, issuer: str | None) -> Mapping[str, object]:
        """Return what the provider says of who came back with `code`, signed by it, for us and this attempt.

        Raises ProviderAwayError, NotBelievedError.
        """
        metadata = await self._metadata()
        must_say = metadata.authorization_response_iss_parameter_supported
        if issuer != metadata.issuer and (must_say or issuer is not None):
            raise NotBelievedError("other_issuer")
        tokens = await self._exchanged(metadata, attempt, code)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise NotBelievedError("no_id_token")
        expected = Expected(
            issuer=metadata.issuer,
            client_id=self._account.client_id,
            nonce=attempt.nonce,
            access_token=access_token if isinstance(access_token, str) else None,
        )
        claims = await self._believed(metadata, id_token, expected)
        if not self._account.userinfo:
            return claims
        return {**await self._told_more(metadata, expected, claims["sub"]), **claims}

    async def way_out(self) -> str | None:
        """Return where a browser ends its session there; None where that is not offered, or it is away."""
        try:
            metadata = await self._metadata()
        except (ProviderAwayError, NotBelievedError):
            return None
        if metadata.end_session_endpoint is None:
            return None
        back = quote(f"{self._account.origin}/login", safe="")
        joined = "&" if "?" in metadata.end_session_endpoint else "?"
        # No ID token as a hint: it would have to be kept for it. So the provider asks once more.
        return (
            f"{metadata.end_session_endpoint}{joined}client_id={quote(self._account.client_id, safe='')}"
            f"&post_logout_redirect_uri={back}"
        )

    async def _metadata(self) -> Metadata:
        async with self._lock:
            now_ms = self._clock.now_ms()
            if self._known is not None and 0 <= now_ms - self._known[1] < KEPT_MS:
                return self._known[0]
            if now_ms < self._away_until_ms <= now_ms + AWAY_MS:
                raise ProviderAwayError("away")
            try:
                answer = await self._asking.ask("GET", self._account.issuer.rstrip("/") + PATH)
            except ProviderAwayError:
                self._away_until_ms = self._clock.now_ms() + AWAY_MS
                raise
            metadata = self._understood(answer)
            self._known = (metadata, now_ms)
            return metadata

    def _understood(self, answer: Answer) -> Metadata:
        if answer.status != _OK:
            raise NotBelievedError("metadata")
        return metadata_of(
            answer.said,
            self._account.issuer,
            allow_loopback=self._account.allow_loopback,
            userinfo=self._account.userinfo,
        )

    async def _exchanged(
        self, metadata: Metadata, attempt: Attempt, code: str
    ) -> Mapping[str, object]:
        """Return the tokens for `code`."""
        body = prepare_token_request(
            "authorization_code",
            redirect_uri=self._account.origin + CALLBACK,
            code=code,
            code_verifier=attempt.verifier,
        )
        url, headers, body = _client(self._account, metadata).prepare(
            "POST", metadata.token_endpoint, {"Content-Type": _FORM}, body
        )
        answer = await self._asking.ask("POST", url, headers, body)
        if answer.status == _OK:
            return answer.said
        refused_us = answer.status == _UNAUTHORIZED or answer.said.get("error") == "invalid_client"
        raise NotBelievedError("client" if refused_us else "code")

    async def _believed(
        self, metadata: Metadata, id_token: str, expected: Expected
    ) -> Mapping[str, object]:
        """Return what is in `id_token`, with new keys where it is signed under one of those."""
        now_ms = self._clock.now_ms()
        async with self._lock:
            kept = self._keys
            if kept is None or not 0 <= now_ms - kept[1] < KEPT_MS:
                kept = self._keys = (await self._fetched_keys(metadata), now_ms)
        try:
            return claims_in(id_token, kept[0], expected, now_ms // 1000)
        except UnknownKeyError:
            async with self._lock:
                # Somebody else may have met it first.
                if self._keys is kept and 0 <= now_ms - kept[1] < ASKED_ANEW_MS:
                    raise
                if self._keys is kept:
                    self._keys = (await self._fetched_keys(metadata), now_ms)
                kept = self._keys or kept
            return claims_in(id_token, kept[0], expected, now_ms // 1000)

    async def _fetched_keys(self, metadata: Metadata) -> Sequence[Key]:
        answer = await self._asking.ask("GET", metadata.jwks_uri)
        if answer.status != _OK:
            raise NotBelievedError("no_keys")
        return keys_of(answer.said)

    async def _told_more(
        self, metadata: Metadata, expected: Expected, subject: object
    ) -> Mapping[str, object]:
        """Return the claims that are in no ID token."""
        if metadata.userinfo_endpoint is None or expected.access_token is None:
            raise NotBelievedError("no_userinfo")
        bearer = {"Authorization": f"Bearer {expected.access_token}"}
        answer = await self._asking.ask("GET", metadata.userinfo_endpoint, bearer)
        if answer.status != _OK:
            raise NotBelievedError("no_userinfo")
        if answer.said.get("sub") != subject:
            # OpenID Connect Core §5.3.2: it may be somebody else's.
            raise NotBelievedError("userinfo_sub")
        return answer.said


def _client(account: Account, metadata: Metadata) -> ClientAuth:
    """Return how we say who we are, in a way that the provider takes."""
    if account.client_secret is None:
        return ClientAuth(account.client_id, None, "none")
    ways = metadata.token_endpoint_auth_methods_supported
    if "client_secret_basic" in ways or "client_secret_post" not in ways:
        # RFC 6749 §2.3.1: both are encoded as in a form before they are joined by a colon.
        pair = (quote(account.client_id, safe=""), quote(account.client_secret, safe=""))
        return ClientAuth(*pair, "client_secret_basic")
    return ClientAuth(account.client_id, account.client_secret, "client_secret_post")
