"""`shopbell-server identity …` as an operator uses it."""

from __future__ import annotations

import argparse
import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.audit.chain import What
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import ProfileId
from shopbell_server.operating import profile_desk
from shopbell_server.preparing import upgrade
from shopbell_server.usecases.staff.looks import looks_at
from tests.server.db.rows import enrol
from tests.server.links import link
from tests.server.test_commands import SERVER, command

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_server.config.settings import Settings

NUMBER = "2912345678901"


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Path:
    """Give the settings of a shop with two profiles, each with a number."""
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path))
    shutil.copy(migrated_file, tmp_path / "shopbell.db")
    settings = read_settings(path)
    upgrade(settings)
    with closing(open_database(settings)) as database, database.begin() as work:
        for name, number in (("anna", NUMBER), ("ben", "30")):
            profile = ProfileId(name)
            work.people.put_profile(
                Profile(id=profile, first_name=None, language=None, staff=False)
            )
            link(work, profile, "loyalty_number", number)
        work.commit()
    return path


@pytest.fixture
def settings(config: Path) -> Settings:
    return read_settings(config)


def asked(**values: Any) -> argparse.Namespace:
    plain: dict[str, Any] = {
        "json": True,
        "undo": None,
        "enrolment": [],
        "identifier": [],
        "new": None,
    }
    return argparse.Namespace(**{**plain, **values})


def shown(settings: Settings, capsys: pytest.CaptureFixture[str], profile: str) -> Any:
    profile_desk.show(settings, asked(profile=profile))
    return json.loads(capsys.readouterr().out)


def merge(settings: Settings, joined_as: str = "household") -> None:
    profile_desk.merge_profiles(
        settings, asked(profile="anna", other="ben", joined_as=joined_as, reason="household")
    )


def test_two_profiles_are_merged_shown_and_taken_apart(config: Path) -> None:
    merged = command(
        *("identity", "merge", "anna", "ben", "--as", "household", "--reason", "household"),
        *("--config", config),
    )
    assert merged.returncode == 0, merged.stderr
    entry = merged.stdout.split()[1].rstrip(":")
    table = command("identity", "show", "anna", "--config", config).stdout
    assert "merged as household" in table
    assert NUMBER not in table
    undone = command(
        *("identity", "split", "anna", "--undo", entry, "--reason", "mistake"),
        *("--config", config),
    )
    assert undone.returncode == 0, undone.stderr
    refused = command(
        *("identity", "split", "anna", "--undo", entry, "--reason", "mistake"),
        *("--config", config),
    )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "undone by" in refused.stderr


def test_what_is_shown_has_no_value(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    merge(settings)
    capsys.readouterr()
    found = shown(settings, capsys, "anna")
    assert found["parts"] == ["ben"]
    assert [each["said_of"] for each in found["identifiers"]] == ["anna", "ben"]
    assert [each["as"] for each in found["history"]] == ["household"]
    assert NUMBER not in json.dumps(found)
    profile_desk.show(settings, asked(profile="ben", json=False))
    assert "ben is part of anna" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no profile"):
        profile_desk.show(settings, asked(profile="nobody"))


def test_which_of_two_profiles_is_not_there_is_said(config: Path) -> None:
    refused = command(
        *("identity", "merge", "anna", "nobody", "--as", "household", "--reason", "household"),
        *("--config", config),
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("`nobody`: There is no such profile. ")


def test_a_look_and_a_merge_are_on_record(settings: Settings) -> None:
    merge(settings, "one_person")
    with closing(open_database(settings)) as database, database.read() as work:
        (act,) = [each.act for each in work.audit.records(0) if each.act.what == What.MERGED]
    assert (act.actor.kind, act.why) == ("operator", "household")


def test_identifiers_are_taken_out_into_a_profile_of_their_own(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    merge(settings)
    capsys.readouterr()
    number = shown(settings, capsys, "anna")["identifiers"][0]["id"]
    profile_desk.split_profile(
        settings, asked(profile="anna", identifier=[number], new="new", reason="mistake")
    )
    assert "1 identifiers moved" in capsys.readouterr().out
    profile_desk.find(settings, asked(kind="loyalty_number", value=NUMBER))
    assert capsys.readouterr().out == "new\n"
    with pytest.raises(UsageError, match="--undo alone"):
        profile_desk.split_profile(
            settings, asked(profile="anna", undo="e", new="new", reason="mistake")
        )


def test_what_stays_when_a_merge_is_undone_is_named(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    merge(settings)
    entry = capsys.readouterr().out.split()[1].rstrip(":")
    number = shown(settings, capsys, "anna")["identifiers"][1]["id"]
    profile_desk.split_profile(
        settings, asked(profile="anna", identifier=[number], reason="mistake")
    )
    capsys.readouterr()
    profile_desk.split_profile(settings, asked(profile="anna", undo=entry, reason="mistake"))
    assert f"{number} stayed" in capsys.readouterr().out


def test_an_identifier_is_unlinked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    number = shown(settings, capsys, "anna")["identifiers"][0]["id"]
    profile_desk.unlink_identifiers(settings, asked(profile="anna", identifier=[number]))
    assert "1 identifiers less" in capsys.readouterr().out
    assert shown(settings, capsys, "anna")["identifiers"] == []
    with pytest.raises(CommandError, match="not all of these identifiers"):
        profile_desk.unlink_identifiers(settings, asked(profile="anna", identifier=[number]))
    with pytest.raises(CommandError, match="no profile has this"):
        profile_desk.find(settings, asked(kind="loyalty_number", value=NUMBER))


def test_a_tills_number_is_blocked_and_let_be(
    config: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    profile_desk.block_value(settings, asked(kind="loyalty_number", value=NUMBER))
    assert "from 1 profiles" in capsys.readouterr().out
    freed = command("identity", "unblock", "loyalty_number", NUMBER, "--config", config)
    assert freed.returncode == 0, freed.stderr
    with pytest.raises(CommandError, match="not blocked"):
        profile_desk.unblock_value(settings, asked(kind="loyalty_number", value=NUMBER))


def test_blocking_every_kind_says_that_nothing_was_taken(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    profile_desk.block_value(settings, asked(kind="*", value=NUMBER))
    assert "those that have it keep it" in capsys.readouterr().out
    profile_desk.block_value(settings, asked(kind="loyalty_number", value=NUMBER))
    assert "from 1 profiles" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "value", "problem"), [("Loyalty", "1", "KIND"), ("crm", " ", "VALUE")]
)
def test_what_is_no_identifier_is_asked_for_again(
    settings: Settings, kind: str, value: str, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        profile_desk.find(settings, asked(kind=kind, value=value))


def test_who_is_shown_is_told_of_one_look(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_database(settings)) as database, database.begin() as work:
        enrolment = enrol(work)
        work.commit()
    capsys.readouterr()
    found = shown(settings, capsys, enrolment.profile)
    assert len(found["enrolments"]) == 1
    with closing(open_database(settings)) as database, database.read() as work:
        looks = looks_at(work, enrolment.person)
    assert [(each.role, each.purpose) for each in looks] == [("operator", "review_profile")]
