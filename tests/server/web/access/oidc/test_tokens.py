"""What is believed of a token, and what is not: every lie that we know of, over real HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey

from shopbell_server.web.access.oidc.provider import (
    ASKED_ANEW_MS,
    KEPT_MS,
    OidcProvider,
)
from shopbell_server.web.access.oidc.tokens import FRESH_S, LEEWAY_S
from tests.rigs.lying_provider import (
    ACCESS_TOKEN,
    CLIENT,
    LyingProvider,
    half_hash,
    rsa_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc.jwk import Key

    from tests.server.web.shop import SetClock
from tests.server.web.access.oidc.believing import ATTEMPT, CODE, DISCOVERY, claimed, word


async def test_who_comes_back_is_who_the_provider_says(
    provider: OidcProvider, lying: LyingProvider
) -> None:
    claims = await claimed(provider, issuer=lying.issuer)
    assert (claims["sub"], claims["name"], claims["roles"]) == ("u-1", "Ada", ["floor"])
    path, fields, authorization = next(each for each in lying.asked if each[0] == "/token")
    assert path == "/token"
    assert fields == {
        "grant_type": "authorization_code",
        "redirect_uri": "https://board.test/login/oidc/callback",
        "code": CODE,
        "code_verifier": ATTEMPT.verifier,
    }
    # RFC 6749 §2.3.1: "shopbell:s3cret%2F%2B".
    assert authorization == "Basic c2hvcGJlbGw6czNjcmV0JTJGJTJC"


async def test_the_way_there_says_what_comes_back_and_keeps_the_verifier(
    provider: OidcProvider, lying: LyingProvider
) -> None:
    url = await provider.way_there(ATTEMPT)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{lying.issuer}/auth?")
    assert asked.pop("code_challenge") not in {ATTEMPT.verifier, ""}
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": "https://board.test/login/oidc/callback",
        "scope": "openid profile",
        "state": ATTEMPT.state,
        "nonce": ATTEMPT.nonce,
        "code_challenge_method": "S256",
    }
    assert ATTEMPT.verifier not in url
    assert len({ATTEMPT.state, ATTEMPT.nonce, ATTEMPT.verifier}) == 3


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://elsewhere.example"}, "token_iss"),
        ({"iss": None}, "token_iss"),
        ({"aud": "another"}, "token_aud"),
        ({"aud": ["another"]}, "token_aud"),
        ({"aud": [CLIENT, "another"]}, "token_azp"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "token_azp"),
        ({"azp": "another"}, "token_azp"),
        ({"sub": None}, "token_sub"),
        ({"sub": ["u-1"]}, "token_sub"),
        ({"nonce": "of another attempt"}, "token_nonce"),
        ({"nonce": [ATTEMPT.nonce]}, "token_nonce"),
        ({"nonce": None}, "token_nonce"),
        ({"exp": None}, "token_exp"),
        ({"exp": "soon"}, "token_exp"),
        ({"iat": None}, "token_iat"),
        ({"iat": True}, "token_iat"),
        ({"at_hash": half_hash("another token")}, "token_at_hash"),
        ({"at_hash": 7}, "token_at_hash"),
    ],
)
async def test_a_token_for_somebody_or_something_else(
    provider: OidcProvider, lying: LyingProvider, claims: dict[str, Any], said: str
) -> None:
    lying.claims = claims
    assert await word(provider) == said


async def test_a_token_that_is_ours_among_others(
    provider: OidcProvider, lying: LyingProvider
) -> None:
    lying.claims = {
        "aud": [CLIENT, "another"],
        "azp": CLIENT,
        "at_hash": half_hash(ACCESS_TOKEN),
    }
    assert (await claimed(provider))["sub"] == "u-1"


@pytest.mark.parametrize(
    ("since_s", "until_s", "said"),
    [
        (-10, -LEEWAY_S - 1, "token_exp"),
        (LEEWAY_S + 1, 900, "token_iat"),
        (-FRESH_S - LEEWAY_S - 1, 900, "token_iat"),
    ],
)
async def test_a_token_of_another_time(
    provider: OidcProvider,
    lying: LyingProvider,
    clock: SetClock,
    since_s: int,
    until_s: int,
    said: str,
) -> None:
    now_s = clock.ms // 1000
    lying.claims = {"iat": now_s + since_s, "exp": now_s + until_s}
    assert await word(provider) == said


async def test_clocks_may_differ_a_little(
    provider: OidcProvider, lying: LyingProvider, clock: SetClock
) -> None:
    now_s = clock.ms // 1000
    lying.claims = {"iat": now_s + LEEWAY_S, "exp": now_s - LEEWAY_S + 1}
    assert (await claimed(provider))["sub"] == "u-1"


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (LyingProvider.unsigned, "token_algorithm"),
        (LyingProvider.signed_with_the_public_key, "token_algorithm"),
        (lambda lying: lying.signed()[:-8] + "AAAAAAAA", "token_signature"),
        (
            lambda lying: lying.signed(rsa_key("first", another=True)),
            "token_signature",
        ),
        (lambda _: "no token at all", "token_form"),
        (lambda _: "a.b.c", "token_form"),
        (lambda _: "é.é.é", "token_form"),
    ],
    ids=[
        "none",
        "the public key as a secret",
        "another signature",
        "another key",
        "a text",
        "three letters",
        "no ASCII",
    ],
)
async def test_forged_tokens(
    provider: OidcProvider,
    lying: LyingProvider,
    forge: Callable[[LyingProvider], str],
    said: str,
) -> None:
    lying.token = forge(lying)
    assert await word(provider) == said


async def test_a_token_of_another_kind(provider: OidcProvider, lying: LyingProvider) -> None:
    lying.header |= {"typ": "logout+jwt"}
    assert await word(provider) == "token_type"


@pytest.mark.parametrize(
    "key",
    [
        ECKey.generate_key("P-256", {"kid": "second", "use": "sig"}),
        rsa_key("second", another=True),
    ],
    ids=["EC", "RSA"],
)
async def test_new_keys_are_fetched_when_one_is_met(
    provider: OidcProvider, lying: LyingProvider, clock: SetClock, key: Key
) -> None:
    await claimed(provider)
    lying.rotate(key)
    clock.forward(ASKED_ANEW_MS)
    assert (await claimed(provider))["sub"] == "u-1"
    assert [path for path, *_ in lying.asked].count("/jwks") == 2


async def test_an_unknown_key_makes_nobody_ask_without_end(
    provider: OidcProvider, lying: LyingProvider, clock: SetClock
) -> None:
    lying.header |= {"kid": "nobody's"}
    for _ in range(3):
        assert await word(provider) == "token_key"
    clock.forward(ASKED_ANEW_MS)
    assert await word(provider) == "token_key"
    assert [path for path, *_ in lying.asked].count("/jwks") == 2


async def test_what_is_known_is_not_asked_for_again_within_the_hour(
    provider: OidcProvider, lying: LyingProvider, clock: SetClock
) -> None:
    await claimed(provider)
    clock.forward(KEPT_MS - 1)
    await claimed(provider)
    assert [path for path, *_ in lying.asked].count(DISCOVERY) == 1
    clock.forward(1)
    await claimed(provider)
    assert [path for path, *_ in lying.asked].count(DISCOVERY) == 2


async def test_keys_that_are_none_of_ours_are_passed_over(
    provider: OidcProvider, lying: LyingProvider
) -> None:
    lying.published = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
        {"kty": "AKP", "alg": "ML-DSA-44", "kid": "first"},
        {**lying.published[0], "use": "enc"},
        {"kty": "RSA", "kid": "first", "n": "AQAB", "e": "AQAB"},
        *lying.published,
    ]
    assert (await claimed(provider))["sub"] == "u-1"


@pytest.mark.parametrize(
    "published",
    [[], [{"kty": "oct", "k": "c2VjcmV0"}], [7]],
    ids=["nothing", "a secret", "a number"],
)
async def test_without_a_key_nothing_is_believed(
    provider: OidcProvider, lying: LyingProvider, published: list[Any]
) -> None:
    lying.published = published
    assert await word(provider) == "no_keys"
