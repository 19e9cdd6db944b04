"""Settings of signing in with the retailer's own accounts (OpenID Connect).

Owns: the table [oidc] and those inside it, and what can be wrong with them.
Never: asks the provider (`shopbell-server doctor` does).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from shopbell_program.loopback import is_loopback
from shopbell_program.settings import Fault
from shopbell_server.config.files import in_the_way
from shopbell_server.core.access.oidc_claims import EVERY_STORE, ClaimRules
from shopbell_server.core.registry import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.config.door import Http

Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"^[^\x00-\x1f\x7f]+\Z",
        description="1 to 255 characters in quotes",
    ),
]
Scope = Annotated[
    str,
    Meta(
        max_length=255,
        pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+\Z",
        description="a scope without blanks in quotes",
        examples=["profile"],
    ),
]


class Claims(Struct, frozen=True, kw_only=True):
    """Which claim says what. Named as it is, or by its path: `realm_access.roles`."""

    staff: Text = "sub"
    """Who it is: what the record of who looked names. It must never become another person's."""
    name: Text = "name"
    """What colleagues read."""
    language: Text = "locale"
    roles: Text = "roles"
    """Text or list: what [oidc.roles] translates."""
    stores: Text = "stores"
    """Text or list: our own ids of stores, or what [oidc.stores] translates."""


class Oidc(Struct, frozen=True, kw_only=True):
    """Staff sign in with the retailer's own accounts. Without this table: names and passwords of the seed."""

    issuer: Annotated[str, Meta(examples=["https://login.example/realms/shop"])]
    """As the provider itself writes it, to the letter."""
    client_id: Text
    client_secret_file: str | None = None
    """None: a public client, which PKCE alone protects."""
    scopes: tuple[Scope, ...] = ("openid", "profile")
    claims: Claims = Claims()
    roles: dict[Text, Role]
    """Their groups, and which role each is. Of several that somebody has the first here counts."""
    stores: dict[Text, Annotated[tuple[Text, ...], Meta(min_length=1)]] | None = None
    """Their groups, and which stores each means; "*": all. Without it the claim has our ids."""
    disabled: tuple[Text, ...] = ()
    """Whoever has one of these among the roles is refused, whatever else they have."""
    userinfo: bool = False
    """Asks the provider once more for claims that it puts into no ID token."""
    prompt: Literal["login", "select_account"] | None = None
    """For tablets that several share: ask each time who it is. Not every provider has both."""
    only: bool = False
    """No passwords. Links that `shopbell-server run --sign-in` prints still work: for when it is away."""
    ca_file: str | None = None
    """Whose certificates to believe; by default the system's authorities."""
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0
    """For each question to the provider; somebody waits for two of them."""
    allow_loopback: bool = False
    """Lets the provider be of this machine, there without https too: to try things out."""


def faults_of_oidc(oidc: Oidc | None, http: Http) -> Iterator[Fault]:
    """Yield what is wrong with the table [oidc], and with [http] for it."""
    if oidc is None:
        return
    yield from _issuer(oidc)
    if "openid" not in oidc.scopes:
        yield Fault(key="oidc.scopes", problem='must have "openid" among them')
    if not oidc.roles:
        problem = 'is empty, so nobody could sign in: write { "their-group" = "advisor" }'
        yield Fault(key="oidc.roles", problem=problem)
    for group in sorted(set(oidc.disabled) & set(oidc.roles)):
        problem = f'"{group}" is among oidc.disabled too: it can let in or keep out, not both'
        yield Fault(key="oidc.roles", problem=problem)
    for group, stores in (oidc.stores or {}).items():
        if EVERY_STORE in stores and len(stores) > 1:
            problem = f'"{EVERY_STORE}" is all stores: leave out the others'
            yield Fault(key=f"oidc.stores.{group}", problem=problem)
    yield from _secret(oidc.client_secret_file)
    yield from _origin(http.origin)


def rules_of_claims(oidc: Oidc) -> ClaimRules:
    """Return how claims become somebody of the staff."""
    stores = oidc.stores
    return ClaimRules(
        staff=oidc.claims.staff,
        name=oidc.claims.name,
        language=oidc.claims.language,
        roles=oidc.claims.roles,
        stores=oidc.claims.stores,
        role_of=tuple(oidc.roles.items()),
        stores_of=None
        if stores is None
        else tuple((group, frozenset(each)) for group, each in stores.items()),
        disabled=frozenset(oidc.disabled),
    )


def _issuer(oidc: Oidc) -> Iterator[Fault]:
    key = "oidc.issuer"
    try:
        parts = urlsplit(oidc.issuer)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        yield Fault(key=key, problem="is not a URL, such as https://login.example/realms/shop")
        return
    local = is_loopback(host)
    if not oidc.issuer.isascii() or not oidc.issuer.isprintable() or " " in oidc.issuer:
        yield Fault(key=key, problem="must be plain ASCII: xn-- names, %-encoded paths")
    elif not host:
        yield Fault(key=key, problem="names no host: write https://login.example/realms/shop")
    elif parts.username is not None or parts.query or parts.fragment:
        yield Fault(key=key, problem="must end with its path: no user, no ? and no #")
    elif local and not oidc.allow_loopback:
        yield Fault(key=key, problem="is this machine; say allow_loopback = true if that is meant")
    elif parts.scheme != "https" and not (local and parts.scheme == "http"):
        yield Fault(key=key, problem="must begin with https://")


def _secret(path: str | None) -> Iterator[Fault]:
    """Yield that a file which can be read holds no secret of one line."""
    if path is None or in_the_way(path) is not None:
        return
    secret = Path(path).read_text("utf-8").strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        problem = f'"{path}" does not hold one line of printable ASCII without blanks'
        yield Fault(key="oidc.client_secret_file", problem=problem)


def _origin(origin: str | None) -> Iterator[Fault]:
    """Yield that nobody could be led back here: to where is agreed with the provider beforehand."""
    if origin is None:
        problem = 'missing; the provider leads back to it: write "https://board.example"'
        yield Fault(key="http.origin", problem=problem)
    elif not origin.startswith("https://") and not is_loopback(urlsplit(origin).hostname or ""):
        problem = "must be https with [oidc]: codes of the provider come back to it"
        yield Fault(key="http.origin", problem=problem)
