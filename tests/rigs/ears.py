"""One Bluetooth radio of an edge with all that is behind it, up to the spool."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.core.backoff import Backoff
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.tally import Tally
from shopbell_edge.core.telling import ONLINE
from shopbell_edge.core.units import ScannerName
from shopbell_edge.tasks.listen import Listening
from shopbell_wire.messages import Presence, ScannerHealth
from tests.edge.tasks.running import running
from tests.fakes.spool import MemorySpool
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from shopbell_edge.ports import EdgeClock

RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
PHONE: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
NEAR_DBM: Final = -65


class Ears:
    """`events` are what the server would be told."""

    def __init__(self, adapter: str, clock: EdgeClock, recovery: Recovery) -> None:
        self.spool = MemorySpool(clock.now(), room=100_000)
        self.tally = Tally()
        self.rounds = 0
        self._scanner = adapter
        roster = Roster(scanner=ScannerName(adapter), retailer=RETAILER, rules=Rules())
        radio = BluetoothRadio(
            adapter,
            look=roster.look,
            boottime=clock.boottime,
            recovery=recovery,
            uniform=lambda _low, high: high,
        )
        self.listening = Listening(radio, roster, self.spool, clock, self.tally)

    @property
    def phases(self) -> list[str]:
        events = [event for event, _ in self.spool.events.values()]
        return [event.phase for event in events if isinstance(event, Presence)]

    @property
    def health(self) -> list[ScannerHealth]:
        events = [event for event, _ in self.spool.events.values()]
        return [event for event in events if isinstance(event, ScannerHealth)]

    @property
    def state(self) -> str:
        return self.tally.hearing[self._scanner][0]

    def alive(self) -> None:
        self.rounds += 1

    async def hear(self, advertise: Callable[[], Awaitable[object]]) -> None:
        """Advertise until one more sighting has come all the way."""
        before = self.tally.adverts[self._scanner]().get("ours", 0)

        async def heard() -> bool:
            await advertise()
            return self.tally.adverts[self._scanner]().get("ours", 0) > before

        await until("a sighting", heard)

    async def look_round(self) -> None:
        """Wait until all that is due has been judged."""
        before = self.rounds
        await until("rounds", lambda: self.rounds > before + 1)


@asynccontextmanager
async def listening_at(
    adapter: str, clock: EdgeClock, recovery: Recovery | None = None
) -> AsyncIterator[Ears]:
    """Listen until the end of the block, with quick new tries unless `recovery` says otherwise."""
    quick = Recovery(backoff=Backoff(first_s=0.001, most_s=0.01))
    ears = Ears(adapter, clock, recovery or quick)
    async with running(ears.listening.run(lambda: True, ONLINE, ears.alive)):
        await until("it hears", lambda: ears.state == "hearing")
        yield ears
