"""A load that makes no sense, or that cannot be: what is said, and what the exit code is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from shopbell_program.commands import CommandError, UsageError
from shopbell_sim.adapters.load_line import Broker
from shopbell_sim.core.load_crowd import Size
from shopbell_sim.load import running
from shopbell_sim.load.asked import Load, broker_at
from shopbell_sim.load.folder import LoadFolder
from tests.rigs.commands import run_command
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

FEW = ("--stores", "2", "--customers", "2", "--tenant", "acme")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--tenant: missing; write the tenant of the server's settings\n"),
        ((*FEW, "--stores", "0"), "--stores 0: write 1 to 10000\n"),
        ((*FEW, "--edges", "0"), "--edges 0: write 1 to 100\n"),
        ((*FEW, "--customers", "1001"), "--customers 1001: write 1 to 1000\n"),
        ((*FEW, "--heard-by", "6"), "--heard-by 6: write 1 to 5\n"),
        ((*FEW, "--speed", "0"), "--speed 0: write 0.01 to 100\n"),
        ((*FEW, "--duration", "0.5"), "--duration 0.5: write 1 to 86400\n"),
        ((*FEW, "--connections", "11"), "--connections 11: write 1 to 10\n"),
        ((*FEW, "--connections", "0"), "--connections 0: write 1 to 10\n"),
        (
            (*FEW, "--tenant", "Acme"),
            "--tenant: topic: the tenant must be 1-40 of a-z, 0-9 and -\n",
        ),
        (
            (*FEW, "--broker", "localhost:1883"),
            "--broker localhost:1883: write mqtt://[user@]host[:port], or mqtts:// for one with TLS\n",
        ),
        (
            (*FEW, "--broker", "mqtt://edge@127.0.0.1"),
            "--password-file: goes with a user in --broker; give both or neither\n",
        ),
        (
            (*FEW, "--stores", "10000", "--customers", "100"),
            (
                "--stores 10000 x 108 people each in that time are more than 1000000: take fewer stores, "
                "fewer --customers, a shorter --duration or less --speed\n"
            ),
        ),
    ],
)
def test_what_makes_no_sense_is_a_2_with_what_does(arguments: tuple[str, ...], says: str) -> None:
    done = run_command("shopbell_sim", "load", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", says)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as raised:
        broker_at("mqtt://edge:hunter2@127.0.0.1", None, None)
    assert str(raised.value) == (
        "--broker: must hold no password; name its file with --password-file"
    )


def test_a_password_leaves_this_machine_over_tls_only() -> None:
    with pytest.raises(UsageError, match="write mqtts://"):
        broker_at("mqtt://edge@broker.example", "secret", None)
    assert broker_at("mqtts://edge@broker.example", "secret", None).port == 8883


def test_files_that_are_not_there_are_a_1(tmp_path: Path) -> None:
    for option in ("--password-file", "--ca"):
        done = run_command("shopbell_sim", "load", *FEW, option, tmp_path / "none")
        assert done.returncode == 1
        assert done.stderr.startswith(f"{option} {tmp_path}/none: ")


def test_the_seed_names_every_store_and_edge_and_the_key_is_for_this_user_alone(
    tmp_path: Path,
) -> None:
    data = tmp_path / "load"
    done = run_command("shopbell_sim", "load", "--write-seed", "--stores", "2", "--data", data)
    assert done.stdout == f"written: {data}/seed.yaml; now: shopbell-server seed {data}/seed.yaml\n"
    seed = json.loads((data / "seed.yaml").read_text())
    assert [store["id"] for store in seed["stores"]] == ["load-00000", "load-00001"]
    assert [edge["id"] for edge in seed["stores"][1]["edges"]][:2] == [
        "load-00001-0",
        "load-00001-1",
    ]
    assert (data / "api-key").stat().st_mode & 0o077 == 0
    key = (data / "api-key").read_text()
    run_command("shopbell_sim", "load", "--write-seed", "--stores", "3", "--data", data)
    assert (data / "api-key").read_text() == key  # more stores, the same key


def load(folder: Path, port: int, *, tls: bool = False, ca: Path | None = None) -> Load:
    broker = Broker(
        host="127.0.0.1", port=port, tls=tls, username="edge", password="edge-secret", ca=ca
    )
    return Load(
        data=folder / "load",
        server=f"http://127.0.0.1:{free_port()}",
        tenant="acme",
        broker=broker,
        size=Size(stores=1, edges=1, customers=1, heard_by=1, speed=1.0),
        duration_s=1.0,
        connections=1,
        seed=1,
    )


async def test_before_there_is_a_key_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="make it and the seed with --write-seed first"):
        await running.run(load(tmp_path, free_port()))


async def test_a_server_that_is_away_is_named(tmp_path: Path) -> None:
    asked = load(tmp_path, free_port())
    LoadFolder(path=asked.data).write_seed(asked.size)
    with pytest.raises(CommandError, match="Is the server running there"):
        await running.run(asked)


async def test_people_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    asked = load(tmp_path, free_port())
    folder = LoadFolder(path=asked.data)
    folder.write_seed(asked.size)
    folder.people.write_text("{}\n")
    with pytest.raises(CommandError, match=r"people\.ndjson: not what an earlier load wrote"):
        await running.run(asked)
