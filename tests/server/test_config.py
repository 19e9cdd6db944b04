from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_program.settings import SettingsError
from shopbell_server.config import FileSink, read_settings

if TYPE_CHECKING:
    from pathlib import Path

LEAST = """
tenant = "acme"
[retailer]
uuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
prefix = "5bb0e111"
"""


def faults(tmp_path: Path, text: str) -> str:
    path = tmp_path / "server.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    return str(caught.value)


def test_the_least_file_serves_one_store(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(LEAST + '[[sinks]]\nkind = "file"\nname = "all"\npath = "events.ndjson"\n')
    settings = read_settings(path)
    assert settings.http.port == 8400
    assert settings.sinks == (FileSink(name="all", path="events.ndjson"),)


def test_a_misspelt_key_is_named_with_the_right_one(tmp_path: Path) -> None:
    assert "retailer.prefix: missing" in faults(tmp_path, LEAST.replace("prefix", "prefx"))
    assert "did you mean 'prefix'?" in faults(tmp_path, LEAST.replace("prefix", "prefx"))


def test_demo_rules_stay_on_this_machine(tmp_path: Path) -> None:
    text = 'rules = "demo"\n' + LEAST + '[http]\nhost = "0.0.0.0"\n[demo]\nfolder = "x"\n'
    said = faults(tmp_path, text)
    assert "rules:" in said
    assert "demo:" in said


def test_a_broker_elsewhere_needs_tls(tmp_path: Path) -> None:
    assert "broker.tls: missing" in faults(tmp_path, LEAST + '[broker]\nhost = "mq.example"\n')


def test_a_user_needs_a_password_and_files_must_exist(tmp_path: Path) -> None:
    assert "give both or none" in faults(tmp_path, LEAST + '[broker]\nusername = "u"\n')
    missing = f'[broker]\nusername = "u"\npassword_file = "{tmp_path}/none"\n'
    assert "there is no file" in faults(tmp_path, LEAST + missing)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/hook", "must begin with https://"),
        ("https://user:pass@example.com/", "must not hold a password"),
        ("http://127.0.0.1:9/hook", "allow_loopback"),
        ("https://", "names no host"),
    ],
)
def test_an_endpoint_that_is_not_safe_is_refused(tmp_path: Path, url: str, says: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("whsec_x")
    sink = f'[[sinks]]\nkind = "webhook"\nname = "cdp"\nurl = "{url}"\nsecret_file = "{secret}"\n'
    assert says in faults(tmp_path, LEAST + sink)


def test_two_sinks_of_one_name_are_refused(tmp_path: Path) -> None:
    sink = '[[sinks]]\nkind = "file"\nname = "all"\npath = "x"\n'
    assert "stands twice" in faults(tmp_path, LEAST + sink + sink)
