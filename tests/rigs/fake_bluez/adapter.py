"""One adapter of the fake bluetoothd: its scans, its devices, and what it tells of an advertisement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbus_fast import Variant

from tests.rigs.fake_bluez.device import Device
from tests.rigs.fake_bluez.signals import ADAPTER, DEVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.rigs.fake_bluez.advert import Said
    from tests.rigs.fake_bluez.profiles import Profile
    from tests.rigs.fake_bluez.signals import Signals


class Adapter:
    """Hears while it is powered and somebody scans."""

    def __init__(self, name: str, address: str, profile: Profile, signals: Signals) -> None:
        self.address = address
        self.path = f"/org/bluez/{name}"
        self.powered = True
        self.devices: dict[str, Device] = {}
        self._profile = profile
        self._signals = signals
        self._filters: dict[str, Mapping[str, Variant]] = {}
        self._scans: dict[str, Mapping[str, Variant]] = {}

    @property
    def scanning(self) -> bool:
        return self.powered and bool(self._scans)

    @property
    def properties(self) -> dict[str, Variant]:
        """What a client reads of it."""
        return {
            "Address": Variant("s", self.address),
            "AddressType": Variant("s", "public"),
            "Alias": Variant("s", "fake"),
            "Discovering": Variant("b", self.scanning),
            "Name": Variant("s", "fake"),
            "Powered": Variant("b", self.powered),
            "Roles": Variant("as", ["central", "peripheral"]),
        }

    def scans(self, client: str) -> bool:
        """Return whether `client` has a scan of its own."""
        return client in self._scans

    def filter(self, client: str, filters: Mapping[str, Variant]) -> None:
        """Set the filters of the scans that `client` starts from now on."""
        self._filters[client] = filters

    async def start(self, client: str) -> None:
        """Let `client` scan."""
        self._scans[client] = self._filters.get(client, {})
        await self._tell_scanning()

    async def stop(self, client: str) -> None:
        """End the scan of `client`, if it has one."""
        if self._scans.pop(client, None) is not None and not self._scans:
            await self._quiet()

    async def power(self, *, on: bool) -> None:
        """Switch it. Off ends every scan, and on does not bring an active one back."""
        if on == self.powered:
            return
        self.powered = on
        if not on and self._scans:
            self._scans.clear()
            await self._quiet()
        await self._signals.changed(self.path, ADAPTER, {"Powered": Variant("b", on)})

    async def hear(self, address: str, said: Said, rssi_dbm: int, now_s: float) -> bool:
        """Take an advertisement; return False if no scan is told of it."""
        if not self.scanning:
            return False
        duplicates = self._asked("DuplicateData", otherwise=True)
        if self._too_weak(rssi_dbm):
            return False
        if self._profile.needs_flags and not duplicates and said.flags is None:
            return False
        every = duplicates or not self._profile.dead_band
        device = self.devices.get(address)
        if device is None:
            path = f"{self.path}/dev_{address.replace(':', '_')}"
            device = self.devices[address] = Device(path, self.path, address)
            device.take(said, rssi_dbm, every=every, duplicates=duplicates)
            device.seen_at_s = now_s
            await self._signals.added(device.path, {DEVICE: device.properties})
            return True
        device.seen_at_s = now_s
        changed = device.take(said, rssi_dbm, every=every, duplicates=duplicates)
        if changed:
            await self._signals.changed(device.path, DEVICE, changed)
        return bool(changed)

    async def expire(self, before_s: float) -> None:
        """Forget the devices that were last heard before `before_s`."""
        silent = [
            address for address, device in self.devices.items() if device.seen_at_s < before_s
        ]
        for address in silent:
            await self._signals.removed(self.devices.pop(address).path, DEVICE)

    async def _quiet(self) -> None:
        for device in list(self.devices.values()):
            if device.forget_rssi():
                await self._signals.changed(device.path, DEVICE, {}, "RSSI")
        await self._tell_scanning()

    async def _tell_scanning(self) -> None:
        discovering = {"Discovering": Variant("b", self.scanning)}
        await self._signals.changed(self.path, ADAPTER, discovering)

    def _asked(self, name: str, *, otherwise: Any) -> bool:
        return any(
            filters[name].value if name in filters else otherwise
            for filters in self._scans.values()
        )

    def _too_weak(self, rssi_dbm: int) -> bool:
        """Return whether every scan has a threshold and this is below the lowest."""
        asked = [filters["RSSI"].value for filters in self._scans.values() if "RSSI" in filters]
        return len(asked) == len(self._scans) and rssi_dbm < min(asked)
