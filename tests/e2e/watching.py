"""Looking for traces: everything that the broker carries, and every byte that a shop wrote down."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from paho.mqtt.client import MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import MetaData, select

from shopbell_program.mqtt_client import EndableClient
from shopbell_server.db.engine import open_engine, reading
from tests.e2e.shop import watcher
from tests.rigs.postgres import as_superuser
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from paho.mqtt.client import Client

    from tests.e2e.shop import Shop

CONFIDENTIAL: Final = {".password", ".key", ".secret"}
"""Files of a shop that hold what its operator put there."""


@dataclass(slots=True)
class Traffic:
    """What the broker carried: topic and payload."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def bytes(self) -> bytes:
        return b"\n".join(topic.encode() + b" " + payload for topic, payload in self.messages)


@asynccontextmanager
async def overhearing(shop: Shop) -> AsyncIterator[Traffic]:
    """Subscribe to everything until the end of the block."""
    access = watcher(shop)
    traffic = Traffic()
    subscribed = asyncio.Event()
    loop = asyncio.get_running_loop()
    client = EndableClient(
        CallbackAPIVersion.VERSION2, protocol=MQTTv5 if access.protocol == "5" else MQTTv311
    )
    client.username_pw_set(access.username, access.password)
    client.on_connect = lambda client, *_: _subscribe(client)
    client.on_subscribe = lambda *_: _tell(loop, subscribed)
    client.on_message = lambda _client, _userdata, message: traffic.messages.append(
        (message.topic, bytes(message.payload))
    )
    client.connect("127.0.0.1", access.port)
    client.loop_start()
    try:
        await until("a subscription to everything", subscribed.is_set)
        yield traffic
    finally:
        client.disconnect()
        client.loop_stop()


def _subscribe(client: Client) -> None:
    client.subscribe("#", 0)


def _tell(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)


def files(shop: Shop, *endings: str) -> dict[str, bytes]:
    """Return the files of a shop by their paths (those with one of `endings`, if any are given)."""
    found: dict[str, bytes] = {}
    for path in sorted(shop.folder.rglob("*")):
        name = str(path.relative_to(shop.folder))
        if path.is_file() and path.suffix not in CONFIDENTIAL and name.endswith(endings or ""):
            found[name] = path.read_bytes()
    return found


def tables(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables of its database."""
    engine = open_engine(as_superuser(shop.database))
    try:
        metadata = MetaData()
        with reading(engine).begin() as connection:
            metadata.reflect(connection)
            return {
                name: [dict(row) for row in connection.execute(select(table)).mappings()]
                for name, table in metadata.tables.items()
            }
    finally:
        engine.dispose()


def traces(needles: Iterable[str], haystacks: dict[str, bytes]) -> list[str]:
    """Return where one of `needles` is found, in any case. No needle is told: a report is an artefact."""
    lowered = {name: hay.lower() for name, hay in haystacks.items()}
    return [
        f"needle {number} in {name}"
        for number, needle in enumerate(needles)
        for name, hay in lowered.items()
        if needle.lower().encode() in hay or _raw(needle) in hay
    ]


def spellings(address: str) -> list[str]:
    """Return the ways in which a Bluetooth address is written."""
    return [address, address.replace(":", "_"), address.replace(":", "-"), address.replace(":", "")]


def _raw(needle: str) -> bytes:
    """Return a needle of 6 bytes and more in hexadecimal as bytes; shorter ones are found by chance."""
    try:
        raw = bytes.fromhex(needle)
    except ValueError:
        raw = b""
    return raw.lower() if len(raw) >= 6 else needle.lower().encode()


def recorded_of(shop: Shop, person: str) -> set[str]:
    """Return what the audit says was done by or to somebody."""
    return {
        str(row["what"])
        for row in tables(shop)["audit_records"]
        if person in map(str, row.values())
    }


def rows_of(shop: Shop, person: str) -> set[str]:
    """Return the tables in which somebody's enrolment stands."""
    return {
        name
        for name, rows in tables(shop).items()
        if any(person in str(value) for row in rows for value in row.values())
    }
