from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from shopbell_program.places import (
    address,
    not_a_host,
    not_a_path,
    not_an_address,
    not_readable,
    not_secret,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_there_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("x")
    assert list(not_readable("a.key_file", str(file))) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (fault,) = not_readable("a.key_file", str(tmp_path / "key"))
    assert str(fault) == f'a.key_file: there is no file "{tmp_path}/key"'


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (fault,) = not_readable("a.key_file", str(tmp_path))
    assert "there is no file" in fault.problem


def test_a_pipe_that_nobody_writes_to_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert list(not_readable("a.key_file", str(tmp_path / "pipe"))) != []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_this_user_may_not_read_says_so(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("x")
    file.chmod(0)
    (fault,) = not_readable("a.key_file", str(file))
    assert "this user may not read it" in fault.problem


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_what_no_file_is_called_is_no_path(path: str) -> None:
    assert len(list(not_a_path("p", path))) == 1
    assert len(list(not_readable("p", path))) == 1


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o660])
def test_a_secret_is_its_owners_and_its_groups(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text("x")
    file.chmod(mode)
    assert list(not_secret("a.key_file", str(file))) == []


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_secret_that_is_open_to_everybody_is_named_with_the_remedy(
    tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "key"
    file.write_text("x")
    file.chmod(mode)
    (fault,) = not_secret("a.key_file", str(file))
    assert f"(mode {mode:o}): `chmod o-rwx` it" in fault.problem


@pytest.mark.parametrize("path", ["", "a\0b", "/none"])
def test_what_is_not_there_is_open_to_nobody(path: str) -> None:
    assert list(not_secret("a.key_file", path)) == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "mq.example", "bücher.example"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert list(not_a_host("h", host)) == []


@pytest.mark.parametrize("host", ["", "a..b", "a b", "a" * 64, "http://here", "a\0b", "a.b" * 90])
def test_what_cannot_be_looked_up_is_no_host(host: str) -> None:
    assert len(list(not_a_host("h", host))) == 1


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mq.example:8883", "mq.example", 8883),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("[2001:db8::1]:65535", "2001:db8::1", 65_535),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert address(text) == (host, port)
    assert list(not_an_address("a", text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mq.example",
        ":8883",
        "mq.example:",
        "mq:0",
        "mq:65536",
        "::1:8883",
        "mqtt://mq:1",
        "a b:1",
    ],
)
def test_what_names_no_port_of_a_host_is_no_address(text: str) -> None:
    (fault,) = not_an_address("a", text)
    assert fault.key == "a"
    assert repr(text) in str(fault) or "is no host name" in str(fault)
