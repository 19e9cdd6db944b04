"""A database and its keys are made ready together."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from shopbell_server import preparing
from shopbell_server.assembly import open_database, written_folders
from shopbell_server.config.reading import read_settings
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import ProfileId
from shopbell_server.db import key_store, migrate
from shopbell_server.db.key_pairing import OtherKeysError
from shopbell_server.db.key_store import KeysNotPreparedError
from tests.server.config.test_reading import LEAST
from tests.server.test_commands import command

if TYPE_CHECKING:
    from pathlib import Path

NOOR = ProfileId("noor")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(f'{LEAST}[database]\nurl = "sqlite:///{tmp_path}/shop.db"\n')
    return path


def remember(config: Path) -> None:
    with closing(open_database(read_settings(config))) as database, database.begin() as work:
        profile = Profile(id=NOOR, first_name="Noor", language="nl", staff=False)
        work.people.put_profile(profile)
        work.commit()


def name(config: Path) -> str | None:
    with closing(open_database(read_settings(config))) as database, database.read() as work:
        return work.people.profiles([NOOR])[NOOR].first_name


def test_both_are_made_and_made_again_without_harm(config: Path) -> None:
    settings = read_settings(config)
    assert preparing.upgrade(settings) == migrate.NEWEST
    remember(config)
    assert preparing.upgrade(settings) == migrate.NEWEST
    assert name(config) == "Noor"


def test_a_database_without_its_keys_is_not_opened(config: Path, tmp_path: Path) -> None:
    settings = read_settings(config)
    preparing.upgrade(settings)
    remember(config)
    (tmp_path / "keys.db").rename(tmp_path / "set-aside.db")
    with pytest.raises(KeysNotPreparedError, match=r'no file ".*keys\.db"\. Is its disk mounted'):
        open_database(settings)
    migrating = command("migrate", "--config", config)
    assert migrating.returncode == 1
    assert "Is its disk mounted, and is [keys] right?" in migrating.stderr
    assert not (tmp_path / "keys.db").exists()
    (tmp_path / "set-aside.db").rename(tmp_path / "keys.db")
    assert name(config) == "Noor"


@pytest.mark.parametrize("emptied", [False, True])
def test_keys_of_another_database_are_refused(
    config: Path, tmp_path: Path, *, emptied: bool
) -> None:
    settings = read_settings(config)
    preparing.upgrade(settings)
    remember(config)
    (tmp_path / "keys.db").rename(tmp_path / "set-aside.db")
    if emptied:
        (tmp_path / "keys.db").touch()
    else:
        key_store.prepare(f"sqlite:///{tmp_path}/keys.db")
    refused = KeysNotPreparedError if emptied else OtherKeysError
    with pytest.raises(refused, match="restore"):
        preparing.upgrade(settings)
    with pytest.raises(refused, match="restore"):
        open_database(settings)
    (tmp_path / "set-aside.db").rename(tmp_path / "keys.db")
    assert name(config) == "Noor"


def test_a_database_that_is_away_is_not_made_by_who_only_asks(config: Path, tmp_path: Path) -> None:
    said = command("keys", "list", "--config", config)
    assert said.returncode == 1
    assert f'no file "{tmp_path}/shop.db". Is its disk mounted' in said.stderr
    assert not (tmp_path / "shop.db").exists()


def test_a_database_is_made_only_for_who_asks_for_one(config: Path, tmp_path: Path) -> None:
    """Where a disk is not mounted a file is missing too."""
    before = set(tmp_path.iterdir())
    said = command("migrate", "--config", config)
    assert said.returncode == 1
    assert f'no file "{tmp_path}/shop.db". Is its disk mounted' in said.stderr
    assert "`shopbell-server migrate --create` makes it" in said.stderr
    assert set(tmp_path.iterdir()) == before, "no store of keys, either"
    for line in (("migrate", "--create"), ("migrate",), ("migrate", "--create")):
        assert command(*line, "--config", config).returncode == 0


def test_who_has_lost_the_keys_says_so_and_goes_on(config: Path, tmp_path: Path) -> None:
    preparing.upgrade(read_settings(config))
    remember(config)
    (tmp_path / "keys.db").unlink()
    assert command("migrate", "--new-keys", "--config", config).returncode == 0
    assert name(config) is None
    remember(config)
    assert name(config) == "Noor"
    assert command("migrate", "--config", config).returncode == 0


def test_the_disks_of_both_are_looked_at_for_room(config: Path, tmp_path: Path) -> None:
    assert written_folders(read_settings(config)) == {tmp_path}
    (tmp_path / "safe").mkdir()
    config.write_text(f'{config.read_text()}[keys]\nfile = "{tmp_path}/safe/keys.db"\n')
    assert written_folders(read_settings(config)) == {tmp_path, tmp_path / "safe"}


def test_what_is_wrong_with_the_store_of_keys_names_its_table(config: Path, tmp_path: Path) -> None:
    preparing.upgrade(read_settings(config))
    (tmp_path / "keys.db").write_text("no database " * 1000)
    said = command("migrate", "--config", config)
    assert said.returncode == 1
    assert "the store of keys: " in said.stderr
    assert f"see [keys] in {config}" in said.stderr
