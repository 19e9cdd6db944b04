"""Keys in the transit engine of HashiCorp Vault or OpenBao.

Owns: one key of the engine per owner, and what is asked of the engine.
Never: a key on a disk of ours.

The engine never gives a key away. It gives the HMAC-SHA256 of a text under the owner's key: always the same
32 bytes, and those are the key that seals. So nothing has to be kept beside the data, and deleting a key of
the engine takes what it sealed with it. Refused: the engine's data keys, which come wrapped: the wrapped
ones would have to be kept in the database, and unwrapping one costs the same request.

Its names are HMACs of owners: neither its list of keys nor its log tells who the customers are.
"""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import httpcore2
import msgspec

from shopbell_server.core.keeping.boxes import mark
from shopbell_server.core.keeping.owners import INDEX, KEY_BYTES
from shopbell_server.ports.keys import KeysLostError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Collection, Mapping, Sequence

    from shopbell_server.core.ids import TenantId
    from shopbell_server.core.keeping.owners import Owner

AT_ONCE: Final = 8
"""Requests under way: one per owner, and each takes a millisecond or so."""

IDLE_S: Final = 30.0
"""How long a connection is kept: under the 60 s after which balancers close theirs."""

MOST_BYTES: Final = 65_536
"""Of an answer: they have some 500."""


class VaultKeys:
    """`KeyStore` of a tenant. `token` is asked for the token at first, and when the server refuses it.

    `tls`: whose certificates to believe, by default the system's authorities.
    """

    def __init__(  # noqa: PLR0913  (each by name)
        self,
        *,
        url: str,
        tenant: TenantId,
        token: Callable[[], str],
        mount: str = "transit",
        namespace: str | None = None,
        timeout_s: float = 5.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = f"{url.rstrip('/')}/v1/{quote(mount)}"
        self._tenant = tenant
        self._ask_token = token
        self._token: str | None = None
        self._namespace = namespace
        self._timeout = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls or httpcore2.default_ssl_context(),
            max_connections=AT_ONCE,
            max_keepalive_connections=AT_ONCE,
            keepalive_expiry=IDLE_S,
        )
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="vault")
        self._index: bytes | None = None

    def known(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of those that have one."""
        index = self._index_key(make=False)
        return {} if index is None else self._keys(owners, index, make=False)

    def made(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of all of `owners`, made where there was none."""
        index = self._index_key(make=True)
        if index is None:
            raise KeysLostError(f"{_THE_STORE} made no key")
        return self._keys(owners, index, make=True)

    def destroy(self, owners: Collection[Owner]) -> None:
        """Delete the keys of the engine.

        What its storage and the backups of it keep of them is up to whoever runs it. Raises KeysLostError
        if it is not the engine that it was, where no key of ours is: they would be elsewhere.
        """
        index = self._index_key(make=False)
        if index is None:
            return
        if self._key(self._name(INDEX, index), make=False) != index:
            raise KeysLostError(f"{_THE_STORE} is not the one that it was: nothing was destroyed")
        list(self._threads.map(self._delete, [self._name(each, index) for each in owners]))

    def close(self) -> None:
        """Close connections and threads, after what is under way."""
        self._threads.shutdown()
        self._pool.close()

    def _keys(
        self, owners: Collection[Owner], index: bytes, *, make: bool
    ) -> Mapping[Owner, bytes]:
        wanted: Sequence[Owner] = list(dict.fromkeys(owners))
        names = [self._name(each, index) for each in wanted]
        keys = self._threads.map(lambda name: self._key(name, make=make), names)
        return {owner: key for owner, key in zip(wanted, keys, strict=True) if key is not None}

    def _index_key(self, *, make: bool) -> bytes | None:
        """Return the tenant's own key, which is never destroyed: it makes the names of the others."""
        if self._index is None:
            self._index = self._key(f"shopbell-{self._tenant}-{INDEX}", make=make)
        return self._index

    def _name(self, owner: Owner, index: bytes) -> str:
        name = INDEX if owner == INDEX else mark(index, "transit-key", owner).hex()
        return f"shopbell-{self._tenant}-{name}"

    def _key(self, name: str, *, make: bool) -> bytes | None:
        status, answer = self._ask("POST", f"hmac/{name}", _DERIVE)
        if status == _BAD_REQUEST:
            # What a missing key is called is not documented; that there is none is.
            there = self._is_there(name)
            if not there and not make:
                return None
            if not there:
                # Of two who make it at once the second one's changes nothing.
                self._expect(self._ask("POST", f"keys/{name}", b'{"type":"aes256-gcm96"}')[0])
            status, answer = self._ask("POST", f"hmac/{name}", _DERIVE)
        self._expect(status)
        return _key_in(answer)

    def _delete(self, name: str) -> None:
        if not self._is_there(name):
            return
        self._ask("POST", f"keys/{name}/config", b'{"deletion_allowed":true}')
        status, _ = self._ask("DELETE", f"keys/{name}")
        # Somebody else may have deleted it meanwhile.
        if status not in _DONE and self._is_there(name):
            self._expect(status)

    def _is_there(self, name: str) -> bool:
        status, _ = self._ask("GET", f"keys/{name}")
        if status == _NOT_FOUND:
            return False
        self._expect(status)
        return True

    def _expect(self, status: int) -> None:
        if status not in _DONE:
            raise KeysLostError(f"{_THE_STORE} answers {status}{_HINTS.get(status, '')}")

    def _ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return status and body of the answer, with a new token if the old one is refused."""
        token = self._token or self._ask_token()
        status, answer = self._request(method, path, body, token)
        if status == _FORBIDDEN:
            token = self._ask_token()
            status, answer = self._request(method, path, body, token)
            self._expect(status if status == _FORBIDDEN else _DONE[0])
        self._token = token
        return status, answer

    def _request(self, method: str, path: str, body: bytes, token: str) -> tuple[int, bytes]:
        headers: dict[bytes | str, bytes | str] = {
            "x-vault-token": token,
            "x-vault-request": "true",
            "content-type": "application/json",
            "user-agent": "shopbell",
        }
        if self._namespace is not None:
            headers["x-vault-namespace"] = self._namespace
        try:
            with self._pool.stream(
                method,
                f"{self._url}/{path}",
                headers=headers,
                content=body,
                extensions={"timeout": self._timeout},
            ) as answer:
                return answer.status, _bounded(answer)
        except (*_LOST, OSError) as error:
            raise KeysLostError(f"{_THE_STORE} does not answer ({type(error).__name__})") from None


class _Hmac(msgspec.Struct):
    hmac: str


class _Answer(msgspec.Struct):
    data: _Hmac


def _key_in(answer: bytes) -> bytes:
    """Return the key in an answer, `vault:v1:` and base64: of the first version, which rotation leaves."""
    try:
        said = msgspec.json.decode(answer, type=_Answer).data.hmac
        key = base64.b64decode(said.removeprefix("vault:v1:"), validate=True)
    except (msgspec.MsgspecError, ValueError):
        # A ValueError for what is not base64, and for what is not even ASCII.
        key = b""
    if len(key) != KEY_BYTES:
        raise KeysLostError(f"{_THE_STORE} gives no HMAC that we understand")
    return key


def _bounded(answer: httpcore2.Response) -> bytes:
    read = b""
    for part in answer.iter_stream():
        read += part
        if len(read) > MOST_BYTES:
            raise KeysLostError(f"{_THE_STORE} answers too much")
    return read


_THE_STORE: Final = "the store of keys (transit)"

_DERIVE: Final = msgspec.json.encode(
    {
        "input": base64.b64encode(b"shopbell/v1/key").decode(),
        "key_version": 1,
        "algorithm": "sha2-256",
    }
)

_DONE: Final = (200, 204)
_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404

_HINTS: Final = {
    400: ": it takes no such request",
    403: ": the token is not good for it; its policy is in the runbook",
    404: ": there is no transit engine at keys.vault.mount",
    429: ": it is overloaded, or a standby",
    503: ": it is sealed",
}

_LOST: Final = (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError)
