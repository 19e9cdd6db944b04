"""Work accounts of the staff: the table [oidc]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_program.settings import SettingsError
from shopbell_server.config.door import Http
from shopbell_server.config.oidc import Claims, Oidc, faults_of_oidc, rules_of_claims
from shopbell_server.config.reading import read_settings
from tests.server.config.test_reading import LEAST

if TYPE_CHECKING:
    from pathlib import Path

BOARD = Http(origin="https://board.example")
LEAST_OIDC = """
[http]
origin = "https://board.example"
[oidc]
issuer = "https://login.example/realms/shop"
client_id = "shopbell"
[oidc.roles]
floor = "advisor"
"""


def problems(http: Http = BOARD, **other: Any) -> list[str]:
    chosen: dict[str, Any] = {
        "issuer": "https://login.example/realms/shop",
        "client_id": "shopbell",
        "roles": {"floor": "advisor"},
        **other,
    }
    return [f"{each.key}: {each.problem}" for each in faults_of_oidc(Oidc(**chosen), http)]


def test_the_least_that_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(LEAST + LEAST_OIDC)
    assert read_settings(path).oidc is not None
    assert list(faults_of_oidc(None, Http())) == []


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(
        LEAST
        + """
[oidc]
issuer = "http://login.example"
client_id = "shopbell"
client_secret_file = "/nowhere/secret"
ca_file = "/nowhere/ca.pem"
scopes = ["profile"]
disabled = ["floor"]
[oidc.roles]
floor = "advisor"
[oidc.stores]
all = ["*", "ams-01"]
"""
    )
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert {each.key for each in caught.value.faults} == {
        "oidc.issuer",
        "oidc.client_secret_file",
        "oidc.ca_file",
        "oidc.scopes",
        "oidc.roles",
        "oidc.stores.all",
        "http.origin",
    }


@pytest.mark.parametrize(
    ("issuer", "said"),
    [
        ("http://login.example", "must begin with https://"),
        ("ftp://login.example", "must begin with https://"),
        ("https://", "names no host"),
        ("https://[", "is not a URL"),
        ("https://login.example:port", "is not a URL"),
        ("https://user@login.example", "must end with its path"),
        ("https://login.example/?tenant=1", "must end with its path"),
        ("https://login.example/#x", "must end with its path"),
        ("https://lögin.example", "must be plain ASCII"),
        ("https://127.0.0.1:8443", "is this machine"),
    ],
)
def test_issuers_that_nobody_is_sent_to(issuer: str, said: str) -> None:
    (problem,) = problems(issuer=issuer)
    assert problem.startswith(f"oidc.issuer: {said}")


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080", "https://localhost/realms/shop"])
def test_this_machine_where_that_is_meant(issuer: str) -> None:
    assert problems(issuer=issuer, allow_loopback=True) == []


@pytest.mark.parametrize(
    ("origin", "right"),
    [
        (None, False),
        ("http://board.example", False),
        ("http://127.0.0.1:8400", True),
        ("https://board.example", True),
    ],
)
def test_the_provider_leads_back_to_an_origin(origin: str | None, *, right: bool) -> None:
    assert (problems(Http(origin=origin)) == []) is right


def test_nobody_could_sign_in_without_a_role() -> None:
    (problem,) = problems(roles={})
    assert problem.startswith("oidc.roles: is empty")


@pytest.mark.parametrize("text", ["", "two words", "schlüssel", "two\nlines"])
def test_a_secret_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_text(text)
    (problem,) = problems(client_secret_file=str(path))
    assert "does not hold one line" in problem
    path.write_text("s3cret~.-_/+=\n")
    assert problems(client_secret_file=str(path)) == []


def test_what_the_rules_of_claims_are() -> None:
    oidc = Oidc(
        issuer="https://login.example",
        client_id="shopbell",
        claims=Claims(roles="realm_access.roles"),
        roles={"bosses": "manager", "floor": "advisor"},
        stores={"team-ams": ("ams-01",)},
        disabled=("gone",),
    )
    rules = rules_of_claims(oidc)
    assert rules.roles == "realm_access.roles"
    assert rules.role_of == (("bosses", "manager"), ("floor", "advisor"))
    assert rules.stores_of == (("team-ams", frozenset({"ams-01"})),)
    assert rules.disabled == {"gone"}
