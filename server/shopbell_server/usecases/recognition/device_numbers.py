"""Draw device numbers: what a token decrypts to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import DeviceNo

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy

DEVICE_NO_BYTES: Final = 4
"""As wide as a token's room (signals, tokens)."""


def free_device_no(work: UnitOfWork, entropy: Entropy) -> DeviceNo:
    """Return a random number that nobody has: at ten million devices one draw in 430 is taken."""
    while True:
        number = DeviceNo(int.from_bytes(entropy.token(DEVICE_NO_BYTES)))
        if number and not work.people.by_device_no([number]):
            return number
