"""What is believed of a provider, and what is not: every lie that we know of, over real HTTP."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey

from shopbell_server.ports.provider import Attempt, NotBelievedError, ProviderAwayError
from shopbell_server.web.access.oidc.asking import MOST_BYTES
from shopbell_server.web.access.oidc.attempts import attempt_of
from shopbell_server.web.access.oidc.provider import (
    ASKED_ANEW_MS,
    AWAY_MS,
    KEPT_MS,
    Account,
    OidcProvider,
)
from shopbell_server.web.access.oidc.tokens import FRESH_S, LEEWAY_S
from tests.rigs.lying_provider import (
    ACCESS_TOKEN,
    CLIENT,
    LyingProvider,
    half_hash,
    rsa_key,
    say,
)
from tests.rigs.ports import free_port
from tests.server.web.shop import SetClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from joserfc.jwk import Key

ATTEMPT = attempt_of("sba_of-a-test")
CODE = "code-of-a-test"
TLS = ssl.create_default_context()
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def lying(clock: SetClock) -> Iterator[LyingProvider]:
    with LyingProvider(lambda: clock.ms // 1000) as provider:
        provider.nonce = ATTEMPT.nonce
        yield provider


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


@pytest.fixture
def provider(lying: LyingProvider, clock: SetClock) -> OidcProvider:
    return provider_at(lying.issuer, clock)


async def claimed(
    provider: OidcProvider, attempt: Attempt = ATTEMPT, issuer: str | None = None
) -> Mapping[str, object]:
    return await provider.claims(attempt, CODE, issuer)


async def word(provider: OidcProvider, issuer: str | None = None) -> str:
    """Return why nobody is let in."""
    with pytest.raises(NotBelievedError) as caught:
        await claimed(provider, issuer=issuer)
    return str(caught.value)


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
