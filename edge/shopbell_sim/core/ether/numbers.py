"""The numbers of a building's air, and where each comes from.

Owns: parameters of path loss, shadowing, fading, losses and hearing.
Never: applies them.

Sources: [TETAM] one beacon, 12 receivers, a hall of 21 by 18 m; [SAL] ten receivers, a door; [MIT-LL]
rotations and walls; [GAEN] Google's exposure-notification table of 551 models; [BLEBeacon] a recorded year;
[?] not verified.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

PACKET_MS: Final = 0.376
"""47 bytes at 1 Mbit/s: a full legacy advertisement."""

NEAREST_M: Final = 0.3
"""Path loss means nothing nearer than the antenna's own size."""

STRONGEST_DBM: Final = -20
"""What a phone at NEAREST_M gives at most."""

CHANNELS: Final = 3
"""37, 38 and 39. A scanner stays on one for a scan interval, then goes on to the next."""

HAND_DB: Final = (6.0, 10.0)
"""Best less worst over a whole turn with the phone in a hand: 6 to 15 indoors [MIT-LL, 8 rotations]."""

Decibel = Annotated[float, Meta(ge=0, le=60)]
Positive = Annotated[float, Meta(gt=0, le=1000)]
Dbm = Annotated[float, Meta(ge=-130, le=0)]
Ratio = Annotated[float, Meta(ge=-60, le=60)]


class Ether(Struct, frozen=True, kw_only=True):
    """What a site's air does to signals. The defaults are a shop's."""

    exponent_open: Positive = 2.0
    """Open floor 1.8 to 2.2; best match of [TETAM] on end metrics."""
    exponent_per_rack: Decibel = 0.35
    """Each full rack between adds as much: three make 3.05, where 2.5 to 3.5 is told of shelving [?]."""
    exponent_most: Positive = 3.2
    power_at_1_m_dbm: Dbm = -57.0
    """-59 nominal at 0 dBm; 2 more because the body is counted by itself [TETAM]."""
    shadowing_sd_db: Decibel = 3.0
    """2 to 4.5; [TETAM] was reproduced best with 2, in a hall without racks."""
    decorrelation_m: Positive = 2.5
    """Over which shadowing changes: 1 to 3 m [?]."""
    rician_moving_db: Ratio = 2.0
    rician_still_db: Ratio = 8.0
    """Still 6 to 10 [?]: the sd of still readings is 3.0 dB (median), of steps while moving 3.8 [TETAM]."""
    behind_racks_db: Ratio = -40.0
    """Of Rician K where two racks or more lie between: no steady ray, Rayleigh [?]."""
    coherence_m: Positive = 0.06
    """Half a wavelength: fading is another after as much of a step."""
    coherence_s: Positive = 6.0
    """Who stands still sways, others pass: fading is another after so long [?]."""
    channel_sd_db: Decibel = 1.0
    """Between channels of one receiver [TETAM: 0.8 median, 2.2 p90 over three phases]."""
    receiver_sd_db: Decibel = 1.0
    """Between receivers of one make: 0.5 to 1.5."""
    lost: Annotated[float, Meta(ge=0, le=0.95)] = 0.12
    """Of packets that nothing else explains: reception was 0.85 to 0.88 [TETAM]."""
    lost_run: Annotated[float, Meta(ge=1, le=1000)] = 1.5
    """Packets in a row that are lost so, on average: 1.2 to 2.1 [TETAM]."""
    floor_dbm: Dbm = -96.0
    floor_sd_db: Decibel = 2.0
    """Where hearing ends: 1 % of received packets were below -100 [BLEBeacon]."""
    body_db_per_person: Decibel = 3.0
    """A body in the way, on average over hits and misses of the first Fresnel zone [?]."""
    body_m: Positive = 0.5
    """As wide is a body to a ray that meets it."""
    most_crowd_db: Decibel = 12.0
    """Signals find a way round any crowd, over heads and by the ceiling."""
