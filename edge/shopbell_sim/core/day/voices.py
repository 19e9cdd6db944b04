"""The bytes of a day: what the phone of an outing says in each of its frames at a moment.

Owns: remembering bytes for as long as a phone repeats them.
Never: how it got its tokens.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.outing.handset import ROTATION_S
from shopbell_sim.core.phone import MAC_MINUTE_S, WINDOW_S, Identity, PhoneModel, Token, frames

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from shopbell_sim.core.outing.outings import Outing

_ADDRESS_BYTES: Final = 6
_RESOLVABLE: Final = 0x40
"""The two highest bits of a resolvable private address are 01."""


class Voices:
    """Of `outings`, with the tokens of `identities` by who; seconds count from `opens_s` (Unix)."""

    def __init__(
        self, outings: Sequence[Outing], identities: Mapping[str, Identity], opens_s: float
    ) -> None:
        self._outings = outings
        self._identities = identities
        self._opens_s = opens_s
        self._said: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def key(self, number: int, frame: int, at_s: float) -> tuple[int, int, int]:
        """Return what is the same for as long as the bytes of `say` are."""
        return number, frame, self._minute(number, at_s)

    def say(self, number: int, frame: int, at_s: float) -> bytes | None:
        """Return the advertising data of the outing's frame; None without a token for that time."""
        unix_s = self._opens_s + at_s
        key = (number, self._minute(number, at_s))
        said = self._said.get(key)
        if said is None:
            outing = self._outings[number]
            model = PhoneModel(
                platform=outing.handset.platform, name="", offset_db=0.0, interval_ms=0.0
            )
            identity = self._identities[outing.who]
            said = tuple(each.payload for each in frames(model, identity, unix_s))
            self._said[key] = said
        return said[frame] if said else None

    def _minute(self, number: int, at_s: float) -> int:
        """Return the minute of a mac, and of a phone without one that in which its token began."""
        unix_s = self._opens_s + at_s
        if self._outings[number].handset.platform == "ios":
            return int(unix_s // MAC_MINUTE_S)
        return int(unix_s // WINDOW_S) * (WINDOW_S // MAC_MINUTE_S)


def address_of(outing: Outing, at_s: float) -> str:
    """Return the address that the phone sends from: a random one, and another every quarter of an hour."""
    period = int((at_s + outing.handset.addresses_from_s) // ROTATION_S)
    drawn = hashlib.blake2b(f"{outing.who} {period}".encode(), digest_size=_ADDRESS_BYTES).digest()
    return bytes((drawn[0] & 0x3F | _RESOLVABLE, *drawn[1:])).hex(":")


def made_up(
    rng: Random, windows: range, *, retailer_uuid: str, prefix: str, power_dbm: int
) -> Identity:
    """Return tokens that nobody issued, for a day without a server; every phone needs its own."""
    return Identity(
        retailer_uuid=retailer_uuid,
        prefix=prefix,
        power_dbm=power_dbm,
        mac_key=rng.randbytes(16),
        tokens={
            window: Token(id32=rng.randbytes(4).hex(), id64=rng.randbytes(8).hex())
            for window in windows
        },
    )
