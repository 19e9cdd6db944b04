"""A device as bluetoothd keeps it: what it ever said, and what of that is new.

The service UUIDs of an address only ever accumulate. Manufacturer and service data accumulate by their key
too, except for a scan with DuplicateData: then each advertisement replaces what it brings some of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbus_fast import Variant

from tests.rigs.fake_bluez.profiles import RSSI_DEAD_BAND_DB

if TYPE_CHECKING:
    from tests.rigs.fake_bluez.advert import Said


class Device:
    """One address, from its first advertisement until it has been silent for too long."""

    def __init__(self, path: str, adapter: str, address: str) -> None:
        self.path = path
        self.seen_at_s = 0.0
        self._rssi_dbm: int | None = None
        self._manufacturer: dict[int, bytes] = {}
        self._service: dict[str, bytes] = {}
        self._uuids: list[str] = []
        self.properties = {
            "Address": Variant("s", address),
            "AddressType": Variant("s", "random"),
            "Adapter": Variant("o", adapter),
            "Alias": Variant("s", address.replace(":", "-")),
            "Blocked": Variant("b", False),  # noqa: FBT003  the signature of Variant
            "Bonded": Variant("b", False),  # noqa: FBT003
            "Connected": Variant("b", False),  # noqa: FBT003
            "LegacyPairing": Variant("b", False),  # noqa: FBT003
            "Paired": Variant("b", False),  # noqa: FBT003
            "ServicesResolved": Variant("b", False),  # noqa: FBT003
            "Trusted": Variant("b", False),  # noqa: FBT003
            "UUIDs": Variant("as", []),
        }

    def take(
        self, said: Said, rssi_dbm: int, *, every: bool, duplicates: bool
    ) -> dict[str, Variant]:
        """Take an advertisement in; return the properties to report. `every`: no dead band."""
        changed = self._data(said, duplicates=duplicates)
        if said.flags is not None:
            self._if_new(changed, "AdvertisingFlags", Variant("ay", said.flags))
        if said.name is not None:
            self._if_new(changed, "Name", Variant("s", said.name))
            self._if_new(changed, "Alias", Variant("s", said.name))
        if said.tx_power is not None:
            self._if_new(changed, "TxPower", Variant("n", said.tx_power))
        if every or self._rssi_dbm is None or abs(rssi_dbm - self._rssi_dbm) >= RSSI_DEAD_BAND_DB:
            self._rssi_dbm = rssi_dbm
            changed["RSSI"] = Variant("n", rssi_dbm)
        self.properties.update(changed)
        return changed

    def forget_rssi(self) -> bool:
        """Forget how strongly it was heard, when the last scan ends; return whether that is news."""
        if self._rssi_dbm is None:
            return False
        self._rssi_dbm = None
        del self.properties["RSSI"]
        return True

    def _data(self, said: Said, *, duplicates: bool) -> dict[str, Variant]:
        changed: dict[str, Variant] = {}
        if said.manufacturer:
            merged = said.manufacturer if duplicates else self._manufacturer | said.manufacturer
            if duplicates or merged != self._manufacturer:
                self._manufacturer = merged
                data = {company: Variant("ay", value) for company, value in merged.items()}
                changed["ManufacturerData"] = Variant("a{qv}", data)
        if said.service:
            both = said.service if duplicates else self._service | said.service
            if duplicates or both != self._service:
                self._service = both
                data_of = {service: Variant("ay", value) for service, value in both.items()}
                changed["ServiceData"] = Variant("a{sv}", data_of)
        unseen = [text for text in dict.fromkeys(said.uuids) if text not in self._uuids]
        if unseen:
            self._uuids = self._uuids + unseen
            changed["UUIDs"] = Variant("as", self._uuids)
        return changed

    def _if_new(self, changed: dict[str, Variant], name: str, value: Variant) -> None:
        if self.properties.get(name) != value:
            changed[name] = value
