"""The numbers of presence, and why they are what they are.

Owns: what a store may set about presence, and what makes no sense.
Never: applies them (`presence`, `roster`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OFFSET_DB: Final = 40.0
"""A scanner in a metal ceiling loses 20 dB against one on a table; twice that is a slip of the pen."""

POWERS_DBM: Final = range(-90, -29)
"""Power at 1 m that a phone can have. It sends -21 to +10 dBm and loses 40 dB over the first metre; hand and
pocket take up to 30 more. What lies outside is nonsense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Presence at one scanner. Raises ValueError, naming all that is wrong, for what contradicts itself."""

    enter_loss_db: float = 20.0
    """Near enough to have come in: some 4 m in the open. Set at the door, by walking with a phone."""

    leave_loss_db: float = 30.0
    """Weaker than this counts as unheard. 10 dB over `enter_loss_db`: a body between phone and scanner costs
    as much, and must not make anybody leave."""

    scanner_offset_db: float = 0.0
    """Added to every loss: positive for a scanner that hears better than most."""

    default_power_dbm: int = -59
    """Power at 1 m of frames that do not say it: the middle of the phones that were measured."""

    enter_sightings: int = 3
    """One may be an echo, two an accident."""

    enter_within_ms: int = 10_000
    """Three sightings at an interval of 1 s, at half the air lost, take 6 s on average."""

    window_ms: int = 10_000
    """Sightings that strength is judged by: enough for a median, short against a walk across a shop."""

    window_most_ms: int = 15_000
    """The window where `window_ms` holds less than `window_sightings`."""

    window_sightings: int = 5
    """Fewer have no quartiles to speak of."""

    inactive_ms: int = 60_000
    """Unheard for so long: may be gone. Three times what a 1 s beacon at half duty takes (21 s)."""

    leave_ms: int = 180_000
    """Unheard for so long: gone. `leave_timeout` checks it against the beacon and the scanner."""

    shown_ms: int = 60_000
    """A stay that has lasted so long is told at once, for from then on the server may show it to staff (its
    `shown_dwell_ms`). With the next report she would be shown up to 30 s late; so it is one report more
    for each token, four an hour beside 120 of a phone that lies still. A store whose server asks for
    another dwell is told with the next report, as before."""

    shown_sightings: int = 5
    """And heard so often (the server's `shown_sightings`): with fewer it would not be shown yet."""

    def __post_init__(self) -> None:
        wrong = "; ".join(_contradictions(self))
        if wrong:
            raise ValueError(wrong)


def _contradictions(rules: Rules) -> Iterator[str]:
    """Yield what makes no sense, each with what is allowed."""
    if rules.enter_loss_db > rules.leave_loss_db:
        yield (
            f"enter_loss_db is {rules.enter_loss_db:g}, above leave_loss_db, {rules.leave_loss_db:g}: "
            "whoever entered would be unheard at once; lower the one or raise the other"
        )
    if abs(rules.scanner_offset_db) > MOST_OFFSET_DB:
        yield (
            f"scanner_offset_db is {rules.scanner_offset_db:g}; "
            f"write {-MOST_OFFSET_DB:g} to {MOST_OFFSET_DB:g}"
        )
    if rules.default_power_dbm not in POWERS_DBM:
        yield (
            f"default_power_dbm is {rules.default_power_dbm}; "
            f"write {POWERS_DBM[0]} to {POWERS_DBM[-1]}, -59 if unknown"
        )
    for name in (
        "enter_sightings",
        "enter_within_ms",
        "window_sightings",
        "window_ms",
        "inactive_ms",
        "shown_sightings",
    ):
        if getattr(rules, name) < 1:
            yield f"{name} is {getattr(rules, name)}; write 1 or more"
    for shorter, longer in (("window_ms", "window_most_ms"), ("inactive_ms", "leave_ms")):
        if getattr(rules, shorter) > getattr(rules, longer):
            yield (
                f"{longer} is {getattr(rules, longer)}, below {shorter}, {getattr(rules, shorter)}; "
                "raise the one or lower the other"
            )
