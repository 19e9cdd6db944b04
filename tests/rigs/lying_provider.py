"""A provider of OpenID Connect that says whatever a test wants: honest until told otherwise.

`with LyingProvider(clock) as provider:`. A thread on a free port of loopback; its signatures are real.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc.jwk import Key

CLIENT: Final = "shopbell"
SUBJECT: Final = "u-1"
ACCESS_TOKEN: Final = "access-token-of-a-test"
WAIT_S: Final = 20.0

POLL_S: Final = 0.01
"""So long its end takes; half a second by default, and each test has one of its own."""

_ANY: Final = ["RS256", "ES256", "HS256", "none"]


class LyingProvider:
    """Change its fields to make it lie."""

    def __init__(self, now_s: Callable[[], int]) -> None:
        self._now_s = now_s
        self._silence = threading.Event()
        self.key: Key = rsa_key("first")
        self.published: list[dict[str, Any]] = [dict(self.key.as_dict(private=False))]
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        """Put over the honest ones; None takes one out."""
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "first"}
        self.token: str | None = None
        """Said in place of one that is made now."""
        self.tokens: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": SUBJECT, "roles": ["floor"]}
        self.does: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        """By path what is done in place of an answer."""
        self.asked: list[tuple[str, dict[str, str], str]] = []
        """Path, fields and Authorization of what was asked."""
        self.nonce = ""

    def __enter__(self) -> Self:
        lying = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lying.answer(self, "")

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                lying.answer(self, self.rfile.read(length).decode())

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._silence.set()
        self._server.shutdown()
        self._thread.join(WAIT_S)
        self._server.server_close()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def rotate(self, key: Key) -> None:
        """Sign with another key from now on, and publish that alone."""
        self.key = key
        named = dict(key.as_dict(private=False))
        self.published = [named]
        self.header = {
            "alg": "ES256" if isinstance(key, ECKey) else "RS256",
            "kid": str(named.get("kid")),
        }

    def answer(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        path = handler.path.split("?")[0]
        bearer = handler.headers.get("authorization", "")
        self.asked.append((path, dict(parse_qsl(body)), bearer))
        if path in self.does:
            self.does[path](handler)
            return
        if path == "/.well-known/openid-configuration":
            said: object = self._metadata()
        elif path == "/token":
            said = self._tokens()
        else:
            said = {"/jwks": {"keys": self.published}, "/me": self.userinfo}[path]
        say(handler, json.dumps(said).encode())

    def silent(self, handler: BaseHTTPRequestHandler) -> None:
        """Say nothing until the test is over."""
        handler.close_connection = True
        self._silence.wait(WAIT_S)

    def signed(self, key: Key | None = None, **claims: Any) -> str:
        """Return an ID token of now."""
        now_s = self._now_s()
        honest = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": CLIENT,
            "iat": now_s,
            "exp": now_s + 300,
            "nonce": self.nonce,
            "name": "Ada",
            "roles": ["floor"],
        }
        told = {
            name: value
            for name, value in {**honest, **self.claims, **claims}.items()
            if value is not None
        }
        return jws.serialize_compact(
            self.header, json.dumps(told).encode(), key or self.key, algorithms=_ANY
        )

    def unsigned(self) -> str:
        """Return a token that says that it needs no signature."""
        _, payload, _ = self.signed().split(".")
        header = _base64(b'{"alg":"none"}')
        return f"{header}.{payload}."

    def signed_with_the_public_key(self) -> str:
        """Return a token under HS256, whose secret is what everybody knows."""
        assert isinstance(self.key, RSAKey)
        _, payload, _ = self.signed().split(".")
        header = _base64(b'{"alg":"HS256","kid":"first"}')
        said = f"{header}.{payload}"
        known = self.key.as_pem(private=False)
        return f"{said}.{_base64(hmac.digest(known, said.encode(), 'sha256'))}"

    def _metadata(self) -> dict[str, Any]:
        here = self.issuer
        return {
            "issuer": here,
            "authorization_endpoint": f"{here}/auth",
            "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/jwks",
            "userinfo_endpoint": f"{here}/me",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            **self.metadata,
        }

    def _tokens(self) -> dict[str, Any]:
        token = self.token or self.signed()
        return {
            "token_type": "Bearer",
            "access_token": ACCESS_TOKEN,
            "id_token": token,
            **self.tokens,
        }


@cache
def rsa_key(name: str, *, another: bool = False) -> RSAKey:
    """Return a key that is called so; `another` than the one that there is without. The same each time."""
    made = _made(another=another).as_dict(private=True)
    return RSAKey.import_key({**made, "kid": name, "use": "sig"})


def say(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> None:
    """Answer with `body`."""
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    try:
        handler.wfile.write(body)
    except ConnectionError:
        handler.close_connection = True  # whoever asked has heard enough


def half_hash(access_token: str) -> str:
    """Return the `at_hash` of a token that goes with an ID token under a signature of 256 bits."""
    return _base64(hashlib.sha256(access_token.encode()).digest()[:16])


@cache
def _made(*, another: bool) -> RSAKey:  # noqa: ARG001  (which of the two)
    """Make each of the two once: that takes a tenth of a second."""
    return RSAKey.generate_key(2048)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
