"""`shopbell-server audit …`, as an auditor calls it."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from shopbell_program.signing import Signer
from shopbell_server.checkpoint_file import CheckpointFile
from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.usecases.keeping.keep_audit import Notary, OtherFileError, make_checkpoint
from tests.rigs.checkpoint_receiver import CheckpointReceiverRig
from tests.rigs.databases import open_sql
from tests.server.operating.test_fleet import SERVER
from tests.server.test_commands import command

NOON = Millis(1_795_262_400_000)
KEY = bytes(range(32))


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Path:
    """Write the settings of a server that has done three things, all of them signed."""
    path = tmp_path / "server.toml"
    key = tmp_path / "audit.key"
    key.write_text(KEY.hex())
    key.chmod(0o600)
    path.write_text(
        SERVER.format(folder=tmp_path, port=1)
        + f'[audit]\ncheckpoint_file = "{tmp_path}/checkpoints"\nsigning_key_file = "{key}"\n'
    )
    shutil.copy(migrated_file, tmp_path / "shopbell.db")
    assert command("migrate", "--create", "--config", path).returncode == 0
    with closing(open_sql(url(path), TenantId("acme"))) as database:
        with database.begin() as work:
            actor = Actor(kind="operator", name="olga")
            acts = [
                Act(at_ms=Millis(NOON + each), actor=actor, what=What.SEEDED) for each in range(3)
            ]
            work.audit.note(acts)
            work.commit()
        notary = Notary(
            tenant=TenantId("acme"),
            sign=Signer(KEY).sign,
            checkpoints=CheckpointFile(tmp_path / "checkpoints"),
        )
        make_checkpoint(database, notary, None, NOON)
    return path


def url(config: Path) -> str:
    return f"sqlite:///{config.parent}/shopbell.db"


def asking(config: Path, receiver: CheckpointReceiverRig) -> None:
    """Let the settings name `receiver`."""
    token = config.parent / "audit.token"
    token.write_text(f"{receiver.token}\n")
    token.chmod(0o600)
    config.write_text(
        f'{config.read_text()}checkpoint_url = "{receiver.url}"\n'
        f'checkpoint_token_file = "{token}"\nallow_loopback = true\n'
    )


def tamper(config: Path) -> None:
    engine = create_engine(url(config))
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_records_never_change"))
        connection.execute(text("UPDATE audit_records SET actor_name = 'x' WHERE number = 2"))
    engine.dispose()


def test_what_is_whole_is_said_to_be(config: Path) -> None:
    said = command("audit", "verify", "--config", config)
    assert (said.returncode, said.stdout) == (0, "3 records from 1 on, vouched for up to 3\n")


def test_what_was_changed_is_named(config: Path) -> None:
    tamper(config)
    said = command("audit", "verify", "--config", config)
    assert said.returncode == 1
    assert said.stdout.startswith("record 2 was changed\n")
    said = command("audit", "verify", "--json", "--config", config)
    assert said.returncode == 1
    assert json.loads(said.stdout) == {
        "records": 3,
        "first": 1,
        "vouched": 3,
        "findings": [{"fault": "changed", "record": 2}],
    }


def test_an_auditor_needs_the_public_key_alone(config: Path) -> None:
    public = config.parent / "audit.pub"
    public.write_text(command("audit", "public-key", "--config", config).stdout)
    before, _, _ = config.read_text().partition("[audit]")
    config.write_text(before)
    by = ("--checkpoints", config.parent / "checkpoints", "--config", config)
    said = command("audit", "verify", "--public-key", public, *by)
    assert (said.returncode, said.stdout) == (0, "3 records from 1 on, vouched for up to 3\n")
    assert "--public-key FILE" in command("audit", "verify", *by).stderr
    public.write_text("no key")
    assert "audit public-key" in command("audit", "verify", "--public-key", public, *by).stderr
    alone = command("audit", "verify", "--config", config)
    assert alone.returncode == 0
    assert "no checkpoint" in alone.stdout
    assert "[audit]" in command("audit", "public-key", "--config", config).stderr


def test_checkpoints_that_are_gone_or_changed_are_told(config: Path) -> None:
    checkpoints = config.parent / "checkpoints"
    kept = checkpoints.read_text()
    checkpoints.write_text(kept + "{}\n")
    said = command("audit", "verify", "--config", config)
    assert said.returncode == 1
    assert "line 3" in said.stderr
    checkpoints.write_text(kept.replace('"number":3', '"number":4'))
    said = command("audit", "verify", "--config", config)
    assert "checkpoint of record 4 was not signed with this key" in said.stdout
    checkpoints.unlink()
    said = command("audit", "verify", "--config", config)
    assert said.returncode == 1
    assert "somebody took it away" in said.stderr


def test_the_newest_records_are_listed(config: Path) -> None:
    said = command("audit", "list", "--most", "2", "--config", config)
    assert said.stdout.splitlines() == [
        "NUMBER  AT                         ACTOR     NAME  WHAT",
        "2       2026-11-21T12:00:00+00:00  operator  olga  seeded",
        "3       2026-11-21T12:00:00+00:00  operator  olga  seeded",
    ]
    listed = command("audit", "list", "--json", "--config", config)
    assert [each["number"] for each in json.loads(listed.stdout)] == [1, 2, 3]


def test_that_there_are_no_such_records_is_said(config: Path) -> None:
    said = command("audit", "list", "--from", "9", "--config", config)
    assert said.stdout == "there is no record from 9 on; the newest is 3\n"
    for wrong in ("0", "-3", "many"):
        refused = command("audit", "list", "--most", wrong, "--config", config)
        assert refused.returncode == 2
        assert "write a whole number from 1 on" in refused.stderr


def test_settings_that_cannot_be_are_told(config: Path) -> None:
    (config.parent / "audit.key").write_text("no key")
    config.write_text(config.read_text().replace("/checkpoints", "/nowhere/checkpoints"))
    said = command("check-config", "--config", config)
    assert said.returncode != 0
    assert "audit.signing_key_file" in said.stderr
    assert 'there is no folder "' in said.stderr


def test_what_a_receiver_kept_vouches_as_the_file_does(config: Path) -> None:
    own = config.parent / "checkpoints"
    with CheckpointReceiverRig(config.parent) as receiver:
        asking(config, receiver)
        verify = ("audit", "verify", "--checkpoints", receiver.url, "--config", config)
        receiver.file.write_bytes(own.read_bytes())
        # The file of this machine knows of nothing that the owner of the machine did not want known.
        own.write_text("")
        said = command(*verify)
        assert (said.returncode, said.stdout) == (0, "3 records from 1 on, vouched for up to 3\n")
        copy = ("audit", "verify", "--checkpoints", receiver.file, "--config", config)
        assert command(*copy).stdout == said.stdout
        receiver.shows = False
        assert "HTTP 403" in command(*verify).stderr
    assert "no connection" in command(*verify).stderr
    other = ("audit", "verify", "--checkpoints", "https://other.example/", "--config", config)
    assert "audit.checkpoint_url" in command(*other).stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('checkpoint_url = "http://audit.example/"', "must begin with https://"),
        ('checkpoint_url = "https://127.0.0.1/"', "allow_loopback = true"),
        ('checkpoint_url = "https://10.0.0.1/"', "private or special network"),
        ('checkpoint_token_file = "{token}"', "goes with audit.checkpoint_url"),
        (
            'checkpoint_url = "https://audit.example/"\ncheckpoint_token_file = "{token}"',
            "one line of printable ASCII",
        ),
    ],
)
def test_a_receiver_that_cannot_be_is_told(config: Path, more: str, said: str) -> None:
    token = config.parent / "token"
    token.write_text("two words")
    config.write_text(f"{config.read_text()}{more.format(token=token)}\n")
    assert said in command("check-config", "--config", config).stderr


def agreed(config: Path, day: str = "2026-01-05") -> Path:
    """Let the settings say that the works council agreed; return where reports go."""
    folder = config.parent / "reports"
    folder.mkdir()
    config.write_text(
        f'{config.read_text()}[audit.report]\nfolder = "{folder}"\n'
        f'[audit.report.works_council]\nagreed_on = "{day}"\ndocument = "OR 2026-17"\n'
    )
    return folder


def test_a_weeks_report_is_written_and_that_is_on_record(config: Path) -> None:
    folder = agreed(config)
    said = command("audit", "report", "--week", "2026-W03", "--config", config)
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines() == [
        f"{folder}/unusual-looks-2026-W03.{end}"
        for end in ("nl.html", "nl.md", "en.html", "en.md", "json")
    ]
    assert all(each.exists() for each in map(Path, said.stdout.splitlines()))
    listed = command("audit", "list", "--from", "4", "--most", "1", "--json", "--config", config)
    (record,) = json.loads(listed.stdout)
    assert (record["number"], record["what"], record["about"], record["why"]) == (
        4,
        "unusual_looks.reported",
        "2026-W03",
        "OR 2026-17",
    )
    said = command("audit", "report", "--week", "2026-W03", "--json", "--config", config)
    assert json.loads(said.stdout)["findings"] == []


@pytest.mark.parametrize(
    ("week", "said"),
    [
        ("last", "such as 2026-W47"),
        ("2299-W01", "is not over yet"),
        ("2026-W01", "began before the works council agreed (2026-01-05)"),
    ],
)
def test_a_report_that_cannot_be_is_told(config: Path, week: str, said: str) -> None:
    agreed(config)
    asked = command("audit", "report", "--week", week, "--config", config)
    assert asked.returncode in {1, 2}
    assert said in asked.stderr


def test_without_the_works_council_there_is_no_report(config: Path) -> None:
    said = command("audit", "report", "--config", config)
    assert said.returncode == 1
    assert "[audit.report.works_council]" in said.stderr
    agreed(config, "2026-02-30")
    assert "no day of the calendar" in command("check-config", "--config", config).stderr


def test_another_file_counts_by_the_operators_word_alone(config: Path) -> None:
    config.write_text(config.read_text().replace("/checkpoints", "/others"))
    others = CheckpointFile(config.parent / "others")
    with closing(open_sql(url(config), TenantId("acme"))) as database:
        notary = Notary(tenant=TenantId("acme"), sign=Signer(KEY).sign, checkpoints=others)
        with pytest.raises(OtherFileError):
            make_checkpoint(database, notary, None, NOON)
    said = command("audit", "begin-file", "--config", config).stdout
    assert "counts from record 4 on" in said
    listed = command("audit", "list", "--most", "1", "--config", config).stdout
    assert What.CHECKPOINTS_BEGUN in listed
    verified = command("audit", "verify", "--config", config)
    assert (verified.returncode, "vouched for up to 4" in verified.stdout) == (0, True)
    config.write_text(config.read_text().replace("/others", "/no/such/folder"))
    refused = command("audit", "begin-file", "--config", config)
    assert refused.returncode != 0
    assert "audit.checkpoint_file" in refused.stderr
    config.write_text(config.read_text().split("[audit]", maxsplit=1)[0])
    assert "add a table [audit]" in command("audit", "begin-file", "--config", config).stderr
