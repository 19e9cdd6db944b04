from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_program.settings import SettingsError
from shopbell_server.assembly import mark_of
from shopbell_server.config.reading import read_settings
from shopbell_server.config.sinks import FileSink
from shopbell_server.core.ids import TenantId
from shopbell_server.core.recognition.fixed_ids import marker
from shopbell_server.operating.ordering import new_key

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


def keyed(tmp_path: Path, key: str = "00" * 32) -> str:
    """Return the lines that name a key for the ids of sinks."""
    file = tmp_path / "pairwise"
    file.write_text(key + "\n")
    return f'[delivery]\npairwise_key_file = "{file}"\n'


def test_the_least_file_serves_one_store(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    sink = '[[sinks]]\nkind = "file"\nname = "all"\npath = "events.ndjson"\n'
    path.write_text(LEAST + keyed(tmp_path) + sink)
    settings = read_settings(path)
    assert settings.http.port == 8400
    assert settings.sinks == (FileSink(name="all", path="events.ndjson"),)


def test_fobs_are_recognised_where_there_is_a_key_for_them(tmp_path: Path) -> None:
    file = tmp_path / "fixed-id"
    line = f'fixed_id_key_file = "{file}"\n'
    text = LEAST.replace("[retailer]\n", "[retailer]\n" + line)
    assert text != LEAST
    assert "retailer.fixed_id_key_file: there is no file" in faults(tmp_path, text)
    file.write_text("00" * 31)
    said = faults(tmp_path, text)
    assert "does not hold 32 bytes in hexadecimal; `openssl rand -hex 32 > FILE` makes one" in said
    file.write_text("00" * 32)
    path = tmp_path / "server.toml"
    path.write_text(text)
    settings = read_settings(path)
    mark = mark_of(settings)
    assert mark is not None
    assert mark("00" * 20) == marker(bytes(32), TenantId(settings.tenant))("00" * 20)
    path.write_text(LEAST)
    assert mark_of(read_settings(path)) is None


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


def test_a_broker_that_is_no_host_is_not_asked_for_tls(tmp_path: Path) -> None:
    said = faults(tmp_path, LEAST + '[broker]\nhost = "mqtt://mq.example"\n')
    assert "broker.host: 'mqtt://mq.example' is no host name and no address; write it alone" in said
    assert "broker.tls" not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hunter2@db.example/shop",
        "postgresql://shop:@db.example/shop",
        "postgresql://shop@db.example/shop?password=hunter2",
        "postgresql+psycopg://:hunter2@/shop",
    ],
)
def test_a_password_does_not_stand_in_the_address(tmp_path: Path, url: str) -> None:
    said = faults(tmp_path, LEAST + f'[database]\nurl = "{url}"\n')
    assert "database.url: must not hold a password" in said
    assert "name that in database.password_file" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "origin",
    [
        "board.example",
        "https://board.example/",
        "https://Board.example",
        "https://",
        "https://u@board.example",
        "https://board.example:port",
        "ftp://board.example",
        "",
    ],
)
def test_an_origin_that_no_browser_names_is_refused(tmp_path: Path, origin: str) -> None:
    assert "is no origin; write" in faults(tmp_path, LEAST + f'[http]\norigin = "{origin}"\n')


@pytest.mark.parametrize("origin", ["https://board.example", "http://127.0.0.1:8400"])
def test_an_origin_is_scheme_and_host(tmp_path: Path, origin: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(LEAST + f'[http]\norigin = "{origin}"\n')
    assert read_settings(path).http.origin == origin


def test_patterns_are_said_in_words(tmp_path: Path) -> None:
    said = faults(tmp_path, 'tenant = "Acme"\n[retailer]\nuuid = "x"\nprefix = "5BB"\n')
    assert 'tenant: "Acme" is not allowed; 1 to 40 of a-z, 0-9 and - in quotes' in said
    assert 'retailer.uuid: "x" is not allowed; 32 lower-case hexadecimal digits in quotes' in said
    assert 'retailer.prefix: "5BB" is not allowed; 8 lower-case hexadecimal digits' in said
    assert "^" not in said


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
        ("https://169.254.169.254/latest", "private or special"),
        ("https://[::ffff:10.0.0.1]/", "private or special"),
        ("https://[::1", "is not a URL"),
        ("https://example.com:99999/", "is not a URL"),
        ("https://bücher.example/", "plain ASCII"),
    ],
)
def test_an_endpoint_that_is_not_safe_is_refused(tmp_path: Path, url: str, says: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("whsec_x")
    sink = f'[[sinks]]\nkind = "webhook"\nname = "cdp"\nurl = "{url}"\nsecret_file = "{secret}"\n'
    assert says in faults(tmp_path, LEAST + sink)


def test_two_sinks_of_one_name_are_refused(tmp_path: Path) -> None:
    sink = '[[sinks]]\nkind = "file"\nname = "all"\npath = "x"\n'
    said = faults(tmp_path, LEAST + sink + sink)
    assert "stands twice" in said
    assert "delivery.pairwise_key_file: missing" in said


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ("", "holds no secret"),
        ("# old\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nplain", "line 3 does not begin with"),
        ("whsec_c2hvcnQ=", "line 1 holds 5 bytes"),
    ],
)
def test_a_secret_that_cannot_be_used_is_found_before_the_first_event(
    tmp_path: Path, secret: str, says: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(secret)
    sink = '[[sinks]]\nkind = "webhook"\nname = "cdp"\nurl = "https://cdp.example/"\n'
    said = faults(tmp_path, LEAST + keyed(tmp_path) + sink + f'secret_file = "{file}"\n')
    assert says in said
    assert "c2hvcnQ" not in said


@pytest.mark.parametrize("key", ["", "00" * 31, "zz" * 32, "ü"])
def test_the_key_of_ids_has_32_bytes(tmp_path: Path, key: str) -> None:
    said = faults(tmp_path, LEAST + keyed(tmp_path, key))
    assert "does not hold 32 bytes in hexadecimal" in said


def test_a_sink_needs_a_key_and_a_folder_that_is_there(tmp_path: Path) -> None:
    sink = f'[[sinks]]\nkind = "file"\nname = "all"\npath = "{tmp_path}/none/events.ndjson"\n'
    said = faults(tmp_path, LEAST + sink)
    assert "delivery.pairwise_key_file: missing" in said
    assert "sinks[0].path: there is no folder" in said


def test_a_schedule_has_a_first_attempt(tmp_path: Path) -> None:
    assert "delivery.schedule_s" in faults(tmp_path, LEAST + "[delivery]\nschedule_s = []\n")


def test_a_secret_is_text_that_this_user_may_read(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe\x00")
    named = f'[broker]\nusername = "u"\npassword_file = "{file}"\n'
    assert "broker.password_file" in (said := faults(tmp_path, LEAST + named))
    assert "is not text" in said


def test_a_key_for_orders_is_a_key(tmp_path: Path) -> None:
    key = tmp_path / "orders.key"
    orders = f'[orders]\nsigning_key_file = "{key}"\n'
    assert "orders.signing_key_file: there is no file" in faults(tmp_path, LEAST + orders)
    key.write_text("secret words")
    said = faults(tmp_path, LEAST + orders)
    assert "orders.signing_key_file" in said
    assert "`shopbell-server edge new-key` makes one" in said
    assert "secret words" not in said


@pytest.mark.parametrize("name", ["orders.pub", "renamed.key"])
@pytest.mark.parametrize("table", ["orders", "audit"])
def test_nobody_signs_with_the_public_half(tmp_path: Path, name: str, table: str) -> None:
    new_key(tmp_path)
    private, public = tmp_path / "orders.key", tmp_path / "orders.pub"
    (tmp_path / "renamed.key").write_text(public.read_text())
    more = f'checkpoint_file = "{tmp_path}/checkpoints"\n' if table == "audit" else ""
    text = f'[{table}]\nsigning_key_file = "{{key}}"\n{more}'
    said = faults(tmp_path, LEAST + text.format(key=tmp_path / name))
    assert f'{table}.signing_key_file: "{tmp_path / name}" holds a public key' in said
    assert f'name its private half, "{private}"' in said
    assert public.read_text().strip() not in said
    (tmp_path / "server.toml").write_text(LEAST + text.format(key=private))
    assert read_settings(tmp_path / "server.toml").tenant == "acme"
    private.unlink()
    assert "makes one" in faults(tmp_path, LEAST + text.format(key=tmp_path / name))


def test_a_missing_key_of_ids_is_told_once(tmp_path: Path) -> None:
    sink = '[[sinks]]\nkind = "file"\nname = "all"\npath = "events.ndjson"\n'
    assert faults(tmp_path, LEAST + sink).count("delivery.pairwise_key_file") == 1


@pytest.mark.parametrize(
    "url", ["mysql://u@h/x", "shopbell.db", "", "http://[", "sqlite3:///x", "sqlite://shop.db"]
)
def test_a_database_that_there_is_none_of_is_refused(tmp_path: Path, url: str) -> None:
    said = faults(tmp_path, LEAST + f'[database]\nurl = "{url}"\n')
    assert "database.url: write " in said
