"""A process that holds what an edge holds, and a street that walks by: `main`, with COUNT as its argument.

Loads the daemon, and no more than that if it can be helped. Prints its resident memory in kB as it begins and
after each tenth of COUNT advertisements, then the most that it ever was, and what came of it all.
"""

from __future__ import annotations

import gc
import socket
import sys
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from shopbell_edge import daemon  # all that an edge without a camera loads
from shopbell_edge.adapters.ble.ear import Ear
from shopbell_edge.adapters.ble.management import Kernel, Management
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import INSTRUCTION, RET, WHOLE
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import ONLINE
from shopbell_edge.core.units import Boottime, ScannerName
from shopbell_wire.messages import Clock

if TYPE_CHECKING:
    from shopbell_edge.core.advertisement import Advertisement

RETAILER: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")

ADDRESSES: Final = 100_000
OURS_EVERY: Final = 10
REAL: Final = 100
PER_S: Final = 1_000
GROUP: Final = 100
"""What waits in the socket at once: as many as come between two looks of the reader's."""

NOON_MS: Final = 1_795_262_400_000

HEARD: Final = bytes.fromhex("02 bf 00000000")
"""A random address, at -65 dBm, no flags."""


def around(said: bytes, more: int) -> tuple[bytes, bytes]:
    """Return what stands before the address and after it in the event of `said` and so many bytes more."""
    length = len(said) + more
    rest = HEARD + length.to_bytes(2, "little") + said
    return bytes.fromhex("1200 0000") + (6 + len(rest) + more).to_bytes(2, "little"), rest


STRANGER: Final = around(bytes.fromhex("02011a 08ff4c001005"), 5)
OURS: Final = around(
    bytes.fromhex("02011a 1b21")
    + bytes.fromhex(RETAILER.uuid.replace("-", ""))[::-1]
    + bytes.fromhex("10"),
    9,
)


class Street:
    """Who walks by; nothing of it is kept but the dice."""

    def __init__(self, kernel: socket.socket, edge: socket.socket) -> None:
        self.roster = Roster(scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules())
        self.sent = 0
        self._dice = Random(1).random
        self._now_ms = 1_000
        self._kernel = kernel
        self._ear = Ear(self.roster.look, self._boottime, self._hear, lambda: None)
        pass_all = INSTRUCTION.pack(RET, 0, 0, WHOLE)
        self.reader = Kernel(
            edge,
            0,
            Management(
                taking=lambda controller: taking(controller, RETAILER),
                program=lambda _controller, _sample: pass_all,
            ),
        )
        self.reader.hear(self._ear, lambda: None)

    def pass_by(self, count: int) -> None:
        """Let `count` advertisements be heard."""
        send, read = self._kernel.send, self.reader._read  # noqa: SLF001  the loop would call it
        for _ in range(0, count, GROUP):
            self._now_ms += GROUP * 1_000 // PER_S
            for _ in range(GROUP):
                send(self._next())
            read(GROUP + 1)
            if self._now_ms % 1_000 == 0:
                self.roster.tick(self._clock(), ONLINE)

    def _hear(self, advertisement: Advertisement) -> None:
        self.roster.hear(advertisement, self._boottime())

    def _boottime(self) -> Boottime:
        return Boottime(self._now_ms)

    def _next(self) -> bytes:
        self.sent += 1
        sender = int(self._dice() * ADDRESSES)
        if self.sent % OURS_EVERY:
            return STRANGER[0] + sender.to_bytes(6) + STRANGER[1] + sender.to_bytes(5)
        token = sender if sender % 2 else sender % REAL
        return OURS[0] + sender.to_bytes(6) + OURS[1] + token.to_bytes(8) + b"\xc5"

    def _clock(self) -> Clock:
        return Clock(
            boot="0" * 32,
            boottime_ms=self._now_ms,
            wall_ms=NOON_MS + self._now_ms,
            state="synced",
            err_ms=1,
        )


def status_kb(name: str) -> int:
    """Return a line of this process's status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(name)


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main() -> None:
    assert "cv2" not in sys.modules, f"{daemon.__name__} must not load OpenCV"
    kernel, edge = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with kernel, edge:
        for each in (kernel, edge):
            each.setblocking(False)  # noqa: FBT003  its signature
        street = Street(kernel, edge)
        say(status_kb("VmRSS:"))
        count = int(sys.argv[1])
        for _ in range(10):
            street.pass_by(count // 10)
            gc.collect()
            say(status_kb("VmRSS:"))
        say(status_kb("VmHWM:"))
        heard = street.reader.ours + street.reader.strangers
        assert heard == street.sent, f"{heard} heard of {street.sent}"
        say(
            f"{heard} advertisements; at the end {street.roster.present} phones are here, "
            f"and {street.roster.known} tokens are remembered"
        )
