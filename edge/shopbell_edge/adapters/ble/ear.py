"""What bleak hears becomes an Advertisement, and the address stays behind.

Owns: the callback that bleak calls for every advertisement.
Never: keeps anything of an advertisement, or lets the device it came from out of the callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_edge.core.advertisement import Advertisement

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

    from shopbell_edge.core.interest import Look
    from shopbell_edge.core.recovery import Reason
    from shopbell_edge.core.units import Boottime
    from shopbell_edge.core.usual import Usual

NOT_HEARD_DBM: Final = -127
"""What bleak reports where BlueZ has no RSSI: a property of a device changed, nothing was received."""


class Ear:
    """The callback for the scanners of one adapter, one after the other.

    `adverts` counts what was received, `foreign` what of it was of no interest. `boottime` is the clock by
    which it hears.
    """

    __slots__ = (
        "_ended",
        "_first",
        "_heard",
        "_look",
        "_proven",
        "adverts",
        "boottime",
        "foreign",
    )

    def __init__(
        self,
        look: Look[Usual],
        boottime: Callable[[], Boottime],
        heard: Callable[[Advertisement], None],
        first: Callable[[], None],
    ) -> None:
        """Take a `look` at everything, and call `heard` for what is found and does not hear it by itself.

        `first` is called when a scan has proved that it hears.
        """
        self.adverts = 0
        self.foreign = 0
        self._look = look
        self.boottime = boottime
        self._heard = heard
        self._first = first
        self._ended: asyncio.Future[Reason] | None = None
        self._proven = True

    def begin(self, ended: asyncio.Future[Reason]) -> None:
        """Listen through a new scanner. What `heard` or `first` raises goes into `ended`.

        Left to bleak it would be logged, and nobody would know.
        """
        self._ended = ended
        self._proven = False

    def detected(self, _device: BLEDevice, data: AdvertisementData) -> Usual | None:
        """Take one advertisement. Called on the event loop.

        Return what has heard it by itself, and will hear the same again without being looked for, for as
        long as it says so; None if nothing has. bleak looks at nothing that is returned.
        """
        # Unpacking skips the look-ups by name: this runs for every advertisement of every stranger.
        _, manufacturer_data, service_data, service_uuids, _, rssi_dbm, _ = data
        if rssi_dbm == NOT_HEARD_DBM:
            return None
        try:
            self.adverts += 1
            if not self._proven:
                self._proven = True
                self._first()
            usual = self._look(manufacturer_data, service_data, service_uuids)
            if usual is None:
                self.foreign += 1
            elif usual.hear(rssi_dbm, self.boottime()):
                return usual
            else:
                self._heard(Advertisement(rssi_dbm, manufacturer_data, service_data, service_uuids))
        except Exception as broken:  # noqa: BLE001  handed on to whoever awaits the scan
            if self._ended is not None and not self._ended.done():
                self._ended.set_exception(broken)
        return None
