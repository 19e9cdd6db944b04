"""An installation whose papers are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_program.settings import read
from shopbell_server.config.settings import Settings
from shopbell_server.core.ids import EdgeId, StoreId, ZoneId
from shopbell_server.core.registry import Edge, Store, Zone
from shopbell_server.papers.facts import Facts, facts_of
from shopbell_server.papers.sensing import sensing_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

AMS = StoreId("ams01")
DOOR, TILL = EdgeId("ams01-door"), EdgeId("ams01-till")

LEAST: Mapping[str, Any] = {
    "tenant": "acme",
    "retailer": {"uuid": "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", "prefix": "5bb0e111"},
}

PRIVACY = {
    "controller": "De Gracht <B.V.>",
    "address": "Kalverstraat 92, Amsterdam",
    "contact": "privacy@degracht.example",
    "dpo": "none",
    "page": "https://degracht.example/privacy",
    "stored_in": "Nederland",
}

DOOR_FILE: Mapping[str, Any] = {"edge": DOOR, "radios": [{"kind": "bluetooth", "adapter": "hci0"}]}
TILL_FILE: Mapping[str, Any] = {"edge": TILL, "cameras": [{"scanner": "cam0", "device": 0}]}


def facts(
    more: Mapping[str, Any] | None = None,
    files: Mapping[EdgeId, Mapping[str, Any]] | None = None,
    *,
    active: bool = True,
) -> Facts:
    """Return the facts of a store with a radio at the door and a camera at the till."""
    settings = read({**LEAST, **(more or {})}, Settings)
    handed_in = {DOOR: DOOR_FILE, TILL: TILL_FILE} if files is None else files
    return facts_of(
        settings,
        stores=[Store(id=AMS, name="Kalverstraat", timezone="Europe/Amsterdam")],
        zones={
            AMS: [
                Zone(id=ZoneId("entrance"), store=AMS, name="Entree"),
                Zone(id=ZoneId("till"), store=AMS, name="Kassa"),
            ]
        },
        edges={
            DOOR: Edge(id=DOOR, store=AMS, active=True, zones={"*": ZoneId("entrance")}),
            TILL: Edge(
                id=TILL,
                store=AMS,
                active=active,
                zones={"*": ZoneId("entrance"), "cam0": ZoneId("till")},
            ),
        },
        sensing={edge: sensing_of(file, {}) for edge, file in handed_in.items()},
        made_on="2026-11-22",
    )
