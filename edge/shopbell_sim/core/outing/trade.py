"""What kind of day it is: how many come, what they do, which phones they have.

Owns: the numbers that a scenario chooses, and what is allowed of each.
Never: what becomes of them (`shopping`, `passing`, `shifts`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class Trade(Struct, frozen=True, kw_only=True):
    """Seconds count from when the doors open."""

    hours: Annotated[float, Meta(gt=0.5, le=24)] = 10.0
    customers: Annotated[int, Meta(ge=1, le=20_000)] = 600
    """Who take part: they come once at least, with a phone that is on the air when it can be."""
    hourly: tuple[Annotated[float, Meta(gt=0)], ...] = (1.0,)
    """How busy each hour is, relative to the others; the last holds for the rest of the day."""
    others_per_customer: Annotated[float, Meta(ge=0, le=100)] = 3.0
    """So many more people are there who do not take part: they stand in the way, and their devices talk."""
    devices_per_person: Annotated[float, Meta(ge=0, le=10)] = 1.5
    """A phone each, a watch or earbuds for one in two. [?]"""
    device_interval_ms: Annotated[float, Meta(ge=20, le=10_240)] = 500.0
    """How often each of those talks."""
    stops: tuple[Annotated[int, Meta(ge=1, le=100)], Annotated[int, Meta(ge=1, le=100)]] = (6, 14)
    look_s: Seconds = 75.0
    """Median of a look, log-normal."""
    look_sigma: Annotated[float, Meta(ge=0, le=2)] = 0.7
    pays: Share = 0.9
    paying_s: tuple[Seconds, Seconds] = (40.0, 150.0)
    levels_visited: Annotated[int, Meta(ge=1, le=20)] = 1
    """On so many levels at most she looks at things."""
    together: Share = 0.15
    """So many come with somebody who takes part too."""
    comes_again: Share = 0.05
    """So many come a second time that day, more than the gap of a visit later."""
    forgot: Share = 0.03
    """So many go out and are back within ten minutes."""
    brief: Share = 0.05
    """So many only look in: one thing, for seconds."""
    passers: Annotated[int, Meta(ge=0, le=20_000)] = 300
    """Who take part and walk past."""
    lingers: Share = 0.15
    """Of passers-by: they stop at the window."""
    waits: Share = 0.02
    """They wait for somebody before the door."""
    staff: Annotated[int, Meta(ge=0, le=100)] = 2
    iphones: Share = 0.4
    phone_sd_db: Annotated[float, Meta(ge=0, le=20)] = 7.4
    """Between models as they come [Google's table of 551]; about 3 where the app is calibrated."""
