"""What is believed of a provider, and how long it is waited for, over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.ports.provider import NotBelievedError, ProviderAwayError
from shopbell_server.web.access.oidc.asking import MOST_BYTES
from shopbell_server.web.access.oidc.provider import (
    AWAY_MS,
    OidcProvider,
)
from tests.rigs.lying_provider import (
    ACCESS_TOKEN,
    CLIENT,
    LyingProvider,
    say,
)
from tests.rigs.ports import free_port
from tests.server.web.shop import SetClock

if TYPE_CHECKING:
    from collections.abc import Callable

from tests.server.web.access.oidc.believing import (
    ATTEMPT,
    DISCOVERY,
    account,
    claimed,
    provider_at,
    word,
)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"issuer": "https://elsewhere.example"}, "issuer"),
        ({"token_endpoint": "http://elsewhere.example/token"}, "endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "endpoint"),
        ({"jwks_uri": "https://user:word@elsewhere.example/"}, "endpoint"),
        ({"userinfo_endpoint": "https://["}, "endpoint"),
        ({"response_types_supported": ["token"]}, "no_code"),
        ({"code_challenge_methods_supported": ["plain"]}, "no_pkce"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "algorithm"),
        ({"jwks_uri": None}, "metadata"),
    ],
)
async def test_a_provider_that_nobody_is_sent_to(
    provider: OidcProvider, lying: LyingProvider, metadata: dict[str, Any], said: str
) -> None:
    lying.metadata = metadata
    with pytest.raises(NotBelievedError, match=rf"^{said}$"):
        await provider.way_there(ATTEMPT)


async def test_this_machine_is_no_provider_unless_that_is_meant(
    lying: LyingProvider, clock: SetClock
) -> None:
    provider = provider_at(lying.issuer, clock, allow_loopback=False)
    with pytest.raises(NotBelievedError, match=r"^endpoint$"):
        await provider.way_there(ATTEMPT)


async def test_an_answer_that_another_provider_gave(
    provider: OidcProvider, lying: LyingProvider
) -> None:
    assert await word(provider, issuer="https://elsewhere.example") == "other_issuer"
    lying.metadata = {"authorization_response_iss_parameter_supported": True}
    strict = provider_at(lying.issuer, SetClock())
    assert await word(strict) == "other_issuer"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, b'{"error":"invalid_grant"}', "code"),
        (400, b'{"error":"invalid_client"}', "client"),
        (401, b"{}", "client"),
        (200, b'{"access_token":"x"}', "no_id_token"),
        (200, b"<html>", "not_json"),
        (200, b"[]", "not_json"),
        (200, b"[" * 20_000, "not_json"),
    ],
)
async def test_no_tokens_for_a_code(
    provider: OidcProvider, lying: LyingProvider, status: int, body: bytes, said: str
) -> None:
    lying.does["/token"] = lambda handler: say(handler, body, status)
    assert await word(provider) == said


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/jwks"])
async def test_nobody_is_followed_elsewhere(
    provider: OidcProvider, lying: LyingProvider, path: str
) -> None:
    there = {"Location": "https://elsewhere.example/"}
    lying.does[path] = lambda handler: say(handler, b"", 307, there)
    assert await word(provider) == "redirect"


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/jwks"])
async def test_no_answer_is_read_without_end(
    provider: OidcProvider, lying: LyingProvider, path: str
) -> None:
    lying.does[path] = lambda handler: say(handler, b" " * (MOST_BYTES + 1))
    assert await word(provider) == "too_long"


async def test_a_packed_answer_is_not_unpacked(
    provider: OidcProvider, lying: LyingProvider
) -> None:
    packed = {"Content-Encoding": "gzip"}
    lying.does["/token"] = lambda handler: say(handler, b"\x1f\x8b", 200, packed)
    assert await word(provider) == "not_json"


async def test_a_provider_that_says_nothing(lying: LyingProvider, clock: SetClock) -> None:
    lying.does[DISCOVERY] = lying.silent
    provider = provider_at(lying.issuer, clock, timeout_s=0.2)
    with pytest.raises(ProviderAwayError, match=r"^slow$"):
        await provider.way_there(ATTEMPT)
    asked = len(lying.asked)
    del lying.does[DISCOVERY]
    with pytest.raises(ProviderAwayError, match=r"^away$"):
        await provider.way_there(ATTEMPT)
    assert len(lying.asked) == asked
    clock.forward(AWAY_MS)
    assert await provider.way_there(ATTEMPT)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_provider_that_is_overloaded(
    provider: OidcProvider, lying: LyingProvider, status: int
) -> None:
    lying.does["/token"] = lambda handler: say(handler, b"", status)
    with pytest.raises(ProviderAwayError, match=r"^overloaded$"):
        await claimed(provider)


async def test_a_provider_that_is_not_there(clock: SetClock) -> None:
    provider = provider_at(f"http://127.0.0.1:{free_port()}", clock)
    with pytest.raises(ProviderAwayError, match=r"^unreachable$"):
        await provider.way_there(ATTEMPT)
    assert await provider.way_out() is None


async def test_claims_that_are_in_no_token(lying: LyingProvider, clock: SetClock) -> None:
    provider = provider_at(lying.issuer, clock, userinfo=True)
    lying.claims = {"roles": None}
    assert (await claimed(provider))["roles"] == ["floor"]
    assert lying.asked[-1] == ("/me", {}, f"Bearer {ACCESS_TOKEN}")
    lying.claims = {"roles": ["it"]}
    assert (await claimed(provider))["roles"] == ["it"]


def _of_another(lying: LyingProvider) -> None:
    lying.userinfo = {"sub": "u-2", "roles": ["it"]}


def _refused(lying: LyingProvider) -> None:
    lying.does["/me"] = lambda handler: say(handler, b"{}", 401)


def _without_access(lying: LyingProvider) -> None:
    lying.tokens = {"access_token": None}


def _nowhere(lying: LyingProvider) -> None:
    lying.metadata = {"userinfo_endpoint": None}


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (_of_another, "userinfo_sub"),
        (_refused, "no_userinfo"),
        (_without_access, "no_userinfo"),
        (_nowhere, "no_userinfo"),
    ],
    ids=["another's", "refused", "without an access token", "nowhere"],
)
async def test_claims_of_somebody_else(
    lying: LyingProvider, clock: SetClock, lie: Callable[[LyingProvider], None], said: str
) -> None:
    lie(lying)
    assert await word(provider_at(lying.issuer, clock, userinfo=True)) == said


@pytest.mark.parametrize(
    ("secret", "ways", "fields"),
    [
        (None, ["none"], {"client_id": CLIENT}),
        ("s3cret", ["client_secret_post"], {"client_id": CLIENT, "client_secret": "s3cret"}),
        ("s3cret", ["private_key_jwt"], {}),
    ],
)
async def test_we_say_who_we_are_as_the_provider_takes_it(
    lying: LyingProvider,
    clock: SetClock,
    secret: str | None,
    ways: list[str],
    fields: dict[str, str],
) -> None:
    lying.metadata = {"token_endpoint_auth_methods_supported": ways}
    await claimed(provider_at(lying.issuer, clock, client_secret=secret))
    _, said, authorization = next(each for each in lying.asked if each[0] == "/token")
    assert {name: said[name] for name in said if name.startswith("client_")} == fields
    assert bool(authorization) is not bool(fields)


async def test_the_way_out(provider: OidcProvider, lying: LyingProvider) -> None:
    assert await provider.way_out() is None
    lying.metadata = {"end_session_endpoint": f"{lying.issuer}/end?x=1"}
    fresh = provider_at(lying.issuer, SetClock())
    assert await fresh.way_out() == (
        f"{lying.issuer}/end?x=1&client_id={CLIENT}"
        "&post_logout_redirect_uri=https%3A%2F%2Fboard.test%2Flogin"
    )


async def test_nothing_that_is_secret_is_shown_by_accident() -> None:
    shown = repr(ATTEMPT)
    assert not any(each in shown for each in (ATTEMPT.state, ATTEMPT.nonce, ATTEMPT.verifier))
    assert "s3cret" not in repr(account("https://login.example"))
