"""Where the keys are: the table [keys]."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from shopbell_program.settings import SettingsError
from shopbell_server.assembly import open_boxes, prepare_keys
from shopbell_server.config.database import Database
from shopbell_server.config.keys import Keys, Vault, faults_of_keys, keys_url
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import PersonId, TenantId
from shopbell_server.core.keeping.owners import owner_of_person
from shopbell_server.ports.boxes import Content
from tests.rigs.openbao import ROOT
from tests.server.config.test_reading import LEAST

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.openbao import OpenBaoServer

ONE_FILE = Database(url="sqlite:////var/lib/shop/shop.db")
POSTGRESQL = Database(url="postgresql://shop@db.example/shop")
VAULT = Vault(url="https://vault.example:8200", token_file="/etc/shop/token")


def problems(keys: Keys, database: Database = POSTGRESQL) -> list[str]:
    return [f"{each.key}: {each.problem}" for each in faults_of_keys(keys, database)]


def test_beside_a_database_that_is_a_file_keys_have_a_file_too() -> None:
    assert problems(Keys(), ONE_FILE) == []
    assert keys_url(Keys(), ONE_FILE) == "sqlite:////var/lib/shop/keys.db"
    assert keys_url(Keys(), Database()) == "sqlite:////var/lib/shopbell-server/keys.db"


def test_with_postgresql_somebody_has_to_say_where_the_keys_are() -> None:
    (said,) = problems(Keys())
    assert said.startswith("keys: missing; with PostgreSQL say where the keys are")
    with pytest.raises(ValueError, match="that is a file"):
        keys_url(Keys(), POSTGRESQL)


@pytest.mark.parametrize(
    "keys",
    [
        Keys(file="/srv/keys/keys.db"),
        Keys(url="postgresql://keys@db.example/keys", password_file="/etc/shop/keys"),
        Keys(url="postgresql://shop@keys.example/shop"),
        Keys(url="postgresql://shop@db.example:5433/shop"),
        Keys(vault=VAULT),
        Keys(vault=Vault(url="http://127.0.0.1:8200", token_file="/t")),
    ],
)
def test_three_kinds_of_stores(keys: Keys) -> None:
    assert problems(keys) == []


@pytest.mark.parametrize(
    ("keys", "database"),
    [
        (Keys(file="/var/lib/shop/shop.db"), ONE_FILE),
        (Keys(), Database(url="sqlite:////var/lib/shop/keys.db")),
        (Keys(url="postgresql://keys@db.example/shop"), POSTGRESQL),
        (Keys(url="postgresql+psycopg://keys@DB.example.:5432/shop"), POSTGRESQL),
    ],
)
def test_the_database_itself_is_no_place_for_its_keys(keys: Keys, database: Database) -> None:
    (said,) = problems(keys, database)
    assert "this is the [database] itself" in said


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (Keys(file="/k", url="postgresql://k@db/k"), "keys: give one of file, url and vault"),
        (Keys(vault=VAULT, password_file="/p"), "keys.password_file: goes with keys.url"),
        (Keys(file="keys.db"), "keys.file: write the whole path"),
        (Keys(url="sqlite:////srv/keys.db"), "keys.url: write"),
        (Keys(url="postgresql://db.example"), "keys.url: write"),
        (Keys(url="postgresql://db.example:port/keys"), "keys.url: write"),
        (Keys(url="postgresql://k:hunter2@db/k"), "keys.url: must not hold a password"),
        (Keys(vault=Vault(url="vault.example", token_file="/t")), "keys.vault.url: write"),
        (Keys(vault=Vault(url="https://v:8200/v1", token_file="/t")), "keys.vault.url: write"),
        (Keys(vault=Vault(url="https://v:port", token_file="/t")), "keys.vault.url: write"),
        (
            Keys(vault=Vault(url="http://v.example", token_file="/t")),
            "v.example is not this machine",
        ),
    ],
)
def test_what_is_wrong_is_said(keys: Keys, said: str) -> None:
    (found,) = problems(keys)
    assert said in found
    assert "hunter2" not in found


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(
        f'{LEAST}[keys]\nfile = "keys.db"\npassword_file = "/none"\n'
        '[keys.vault]\nurl = "x"\ntoken_file = "/no-token"\nca_file = "/no-ca"\nmount = "a b"\n'
    )
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert "mount" in str(caught.value)
    path.write_text(path.read_text().replace("a b", "transit"))
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    for key in (
        *("keys: give one", "keys.file:", "keys.password_file:", "keys.vault.url:"),
        *("keys.vault.token_file: there is no", "keys.vault.ca_file: there is no"),
    ):
        assert key in str(caught.value)


def test_the_store_that_is_named_is_used(
    tmp_path: Path, openbao: OpenBaoServer, empty_postgres_url: str
) -> None:
    token = tmp_path / "token"
    token.write_text(f"{ROOT}\n")
    token.chmod(0o600)
    stores = {
        f'file = "{tmp_path}/own.db"': tmp_path / "own.db",
        f'url = "{empty_postgres_url}"': None,
        f'[keys.vault]\nurl = "{openbao.url}"\ntoken_file = "{token}"': None,
    }
    for lines, file in stores.items():
        path = tmp_path / "server.toml"
        path.write_text(f'{LEAST}[database]\nurl = "sqlite:///{tmp_path}/s.db"\n[keys]\n{lines}\n')
        settings = read_settings(path)
        prepare_keys(settings)
        assert file is None or file.exists()
        with contextlib.closing(open_boxes(settings, TenantId("acme"))) as boxes:
            content = Content(owner_of_person(PersonId("anna")), "anna", b"Pixel")
            (box,) = boxes.seal("enrolments.phone_model", [content])
        with contextlib.closing(open_boxes(settings, TenantId("acme"))) as boxes:
            assert boxes.open("enrolments.phone_model", [content._replace(value=box)]) == [b"Pixel"]
