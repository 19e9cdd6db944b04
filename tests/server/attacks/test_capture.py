"""Row 6: somebody records a phone for a day, and looks for what stays the same.

The frames are the simulator's, made of the tokens that the server gives out, byte by byte as they go on the
air. Addresses are not in it: the platform changes them with the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from shopbell_sim.core.advert import Advert
from shopbell_sim.core.phone import Identity, PhoneModel, Token, frames
from tests.server.attacks.scene import Scene, enrolled, tokens
from tests.server.web.shop import NOON

if TYPE_CHECKING:
    from shopbell_sim.core.phone import Platform

DAY_WINDOWS: Final = 96
RUN: Final = 4
"""So many bytes in a row that come again are no chance: of 100 000 pairs, once in 40 000 recordings."""

STATIC: Final = {
    "service-data": {"flags", "header", "service", "version", "power"},
    "ibeacon": {"flags", "header", "ibeacon", "retailer", "power"},
    "service-uuid": {"flags", "header", "prefix"},
}
"""What a frame says in every window: what it is, whose retailer's, and how strong it is at a metre."""


Capture = Mapping[str, list[Advert]]


async def recorded(phones: int = 1) -> list[Capture]:
    """Return of each phone every frame that it sends in a day once a minute, as Android and as an iPhone."""
    scene = Scene()
    async with scene.client() as client:
        guests = [await enrolled(client, f"p-{number}") for number in range(phones)]
        return [_sent(guest, await tokens(client, guest)) for guest in guests]


def _sent(guest: dict[str, Any], given: Mapping[int, Any]) -> Capture:
    identity = Identity(
        retailer_uuid=guest["retailer_uuid"],
        prefix=guest["prefix"],
        power_dbm=-59,
        mac_key=bytes.fromhex(guest["mac_key"]),
        tokens={
            window: Token(id32=each["id32"], id64=each["id64"]) for window, each in given.items()
        },
    )
    found: dict[str, list[Advert]] = {}
    platforms: tuple[Platform, ...] = ("android", "ios")
    for platform in platforms:
        model = PhoneModel(platform=platform, name="x", offset_db=0.0, interval_ms=250.0)
        for minute in range(DAY_WINDOWS * 15):
            for each in frames(model, identity, NOON / 1000 + 60 * minute):
                found.setdefault(f"{platform} {each.frame}", []).append(each)
    return found


async def test_nothing_of_a_day_of_one_phone_comes_again_but_whose_app_it_is() -> None:
    (capture,) = await recorded()
    assert set(capture) == {
        *("android service-data", "android ibeacon", "ios service-uuid", "ios ibeacon"),
    }
    for name, heard in capture.items():
        frame = name.split()[1]
        assert len(heard) == DAY_WINDOWS * 15
        moving = moving_bytes(heard, STATIC[frame])
        windows = [moving[15 * number] for number in range(DAY_WINDOWS)]
        assert len(set(windows)) == DAY_WINDOWS, name
        for place in range(len(windows[0])):
            # A byte that stood still, or counted, would tell one phone from another.
            assert len({each[place] for each in windows}) > DAY_WINDOWS // 3, (name, place)
        runs = [{each[at : at + RUN] for at in range(len(each) - RUN + 1)} for each in windows]
        assert len(set().union(*runs)) == sum(map(len, runs)), name


def moving_bytes(heard: list[Advert], static: set[str]) -> list[bytes]:
    """Return of each frame the bytes that are not `static`, having seen that those are the same in all."""
    kept = {field.name: field.value for field in heard[0].fields if field.name in static}
    assert set(kept) == static
    for each in heard:
        assert {f.name: f.value for f in each.fields if f.name in static} == kept
    return [b"".join(f.value for f in each.fields if f.name not in static) for each in heard]


async def test_within_a_window_only_the_mac_changes_and_never_comes_back() -> None:
    """So that a recording of one minute is not one of the next."""
    (capture,) = await recorded()
    heard = capture["ios service-uuid"][:15]
    macs = [field.value for each in heard for field in each.fields if field.name == "mac32"]
    ids = {field.value for each in heard for field in each.fields if field.name == "id64"}
    assert (len(set(macs)), len(ids)) == (15, 1)
    assert all(one != other for one, other in pairwise(macs))


async def test_two_phones_share_what_stands_still_and_nothing_else() -> None:
    """What stands still is the retailer's, so it tells no phone from another."""
    one, other = await recorded(2)
    for name, mine in one.items():
        static = STATIC[name.split()[1]]
        hers, theirs = moving_bytes(mine, static), moving_bytes(other[name], static)
        assert not set(hers) & set(theirs)
        assert moving_bytes([*mine[:1], *other[name][:1]], static) == [hers[0], theirs[0]]
