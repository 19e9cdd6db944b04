"""A phone with the retailer's app: what it sends, and when.

Owns: which frames a platform can send, tokens by window, intervals with their random delay.
Never: how it got its tokens, or where it is.

An Android app sends from a foreground service; an iPhone only while the app is on its screen. Addresses
rotate too, but none leaves a radio's callback, so there is none here.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from shopbell_sim.core import advert

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from shopbell_sim.core.advert import Advert

Platform = Literal["android", "ios"]

WINDOW_S: Final = 900
"""A token's quarter of an hour."""

MAC_MINUTE_S: Final = 60

ADVERTISING_DELAY_MS: Final = 10.0
"""The controller adds 0 to 10 ms to every interval (Core Specification, Vol 6, Part B, 4.4.2.2.1)."""

IOS_SHARE: Final = 0.4
"""Of phones in the Netherlands, about."""

PHONE_SD_DB: Final = 7.4
"""Between models, as Google's exposure-notification table has it (551 models)."""

CALIBRATED_SD_DB: Final = 3.0
"""What is left where the power byte is calibrated for the model: hands, cases, pockets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneModel:
    """What differs between phones. `offset_db`: what it sends more than its power byte says."""

    platform: Platform
    name: str
    offset_db: float
    interval_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What to send in one window; hexadecimal."""

    id32: str = field(repr=False)
    id64: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What enrolment and token batch gave this phone; `power_dbm` is what its frames say."""

    retailer_uuid: str
    prefix: str
    power_dbm: int
    mac_key: bytes = field(repr=False)
    tokens: Mapping[int, Token] = field(repr=False)


def draw_model(
    rng: Random, *, interval_ms: float = 250.0, spread_db: float = PHONE_SD_DB
) -> PhoneModel:
    """Return some phone. Offsets beyond two sd are cut off: such models are no longer sold."""
    platform: Platform = "ios" if rng.random() < IOS_SHARE else "android"
    offset_db = min(max(rng.gauss(0, spread_db), -2 * spread_db), 2 * spread_db)
    name = {"ios": "Simulated iPhone", "android": "Simulated Android"}[platform]
    return PhoneModel(platform=platform, name=name, offset_db=offset_db, interval_ms=interval_ms)


def frames(model: PhoneModel, identity: Identity, unix_s: float) -> tuple[Advert, ...]:
    """Return what the phone sends at `unix_s`, each frame at its interval; nothing without a token."""
    token = identity.tokens.get(int(unix_s // WINDOW_S))
    if token is None:
        return ()
    if model.platform == "android":
        return (
            advert.service_data(identity.retailer_uuid, token.id64, identity.power_dbm),
            advert.ibeacon(
                identity.retailer_uuid, token.id32, identity.power_dbm, flags=advert.ANDROID_FLAGS
            ),
        )
    mac = mac32(identity.mac_key, token.id64, int(unix_s // MAC_MINUTE_S))
    return (
        advert.service_uuid(identity.prefix, token.id64, mac),
        advert.ibeacon(identity.retailer_uuid, token.id32, identity.power_dbm),
    )


def mac32(mac_key: bytes, id64: str, minute: int) -> str:
    """Return the mac (8 hexadecimal digits) that proves the frame to be of this minute."""
    text = b"shopbell1|u128" + bytes.fromhex(id64) + minute.to_bytes(4)
    return hmac.digest(mac_key, text, "sha256")[:4].hex()


def next_due_s(rng: Random, last_s: float, interval_ms: float) -> float:
    """Return when the frame that was sent at `last_s` is sent again."""
    return last_s + (interval_ms + rng.uniform(0, ADVERTISING_DELAY_MS)) / 1000


def next_turn_s(rng: Random, *, on: bool) -> float:
    """Return for how long an iPhone's app stays on the screen (`on`), or off it."""
    # Foreground bursts last 5 to 60 s; between them the phone is in a pocket.
    return rng.uniform(20.0, 50.0) if on else rng.uniform(4.0, 12.0)
