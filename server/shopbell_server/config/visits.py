"""Settings of what a visit is: the table [visits].

Owns: its keys, their units, and what may stand in them.
Never: what the numbers do (`core.visits.rules`, where each has its reason).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct, field

from shopbell_program.settings import Fault
from shopbell_server.core.ids import StoreId
from shopbell_server.core.units import HOUR_MS, MINUTE_MS, SECOND_MS
from shopbell_server.core.visits.rules import ALLOWED, VisitRules, demo, disordered, outside
from shopbell_wire.messages import Name

if TYPE_CHECKING:
    from collections.abc import Iterator


class Visits(Struct, frozen=True, kw_only=True):
    """When a visit begins and ends, and when staff see it. Every change gives visits another `rule_version`.

    Visits that were told keep the version that they were made by, until late evidence changes them.
    """

    gap_min: int = 30
    """Silence that ends a visit; back within it is the same visit."""
    left_shown_min: int = 3
    """Unseen for so long, the board says "left?"."""
    off_board_min: int = 10
    """Unseen for so long, she is off the board."""
    expected_stay_min: int = 45
    """After a code or a report of the app she is taken to be there so long, if no radio says otherwise."""
    expected_stay_min_of: dict[Name, int] = field(default_factory=dict)
    """The same by store, where it is another: `{ "ams-01" = 90 }`."""
    min_dwell_s: int = 120
    """Heard for less, and no code: not a visit."""
    shown_dwell_s: int = 60
    """Heard for less, and no code: not shown to staff."""
    shown_sightings: int = 5
    """Received less often, and no code: not shown to staff."""
    engaged_min: int = 10
    """A visit that lasts so long is called engaged."""
    longest_h: int = 8
    """A longer stay is cut into pieces that say `overlong`."""
    zone_dwell_s: int = 60
    """She was in a zone, and did not only cross it."""
    zone_recent_s: int = 60
    """What a scanner said longer ago says nothing about where she is now."""
    candidate_kept_h: int = 24
    """So long after its end what was too short for a visit is forgotten. 0: at once."""


def rules_of(visits: Visits, speed: Literal["standard", "demo"]) -> VisitRules:
    """Return by which rules visits are made; `demo` shortens every duration of them."""
    rules = _chosen(visits)
    return demo(rules) if speed == "demo" else rules


def faults_of_visits(visits: Visits) -> Iterator[Fault]:
    """Yield what is out of its range or in the wrong order, for every store."""
    rules = _chosen(visits)
    for name in outside(rules):
        yield _out_of_range(_KEYS[name], name, getattr(rules, name))
    for smaller, greater in disordered(rules):
        yield Fault(
            key=f"visits.{_KEYS[smaller]}",
            problem=f"must not be longer than visits.{_KEYS[greater]}",
        )
    for store, minutes in visits.expected_stay_min_of.items():
        key = f"expected_stay_min_of.{store}"
        hers = rules.at(StoreId(store))
        if "expected_stay_ms" in outside(hers):
            yield _out_of_range(key, "expected_stay_ms", hers.expected_stay_ms)
        elif minutes < visits.off_board_min:
            yield Fault(
                key=f"visits.{key}", problem="must not be shorter than visits.off_board_min"
            )


def _out_of_range(key: str, name: str, value: int) -> Fault:
    low, high = ALLOWED[name]
    unit = _UNITS[name]
    return Fault(
        key=f"visits.{key}",
        problem=f"is {value // unit}: must be {low // unit} to {high // unit}",
    )


def _chosen(visits: Visits) -> VisitRules:
    return replace(
        VisitRules(),
        **{name: getattr(visits, key) * _UNITS[name] for name, key in _KEYS.items()},
        expected_stays_ms=tuple(
            (StoreId(store), minutes * MINUTE_MS)
            for store, minutes in sorted(visits.expected_stay_min_of.items())
        ),
    )


_SUFFIXES: Final = {"min": MINUTE_MS, "s": SECOND_MS, "h": HOUR_MS}


def _keyed() -> Iterator[tuple[str, str, int]]:
    """Yield the rule that each key is of, the key, and its unit."""
    for key in Visits.__struct_fields__:
        stem, _, suffix = key.rpartition("_")
        if f"{stem}_ms" in ALLOWED:
            yield f"{stem}_ms", key, _SUFFIXES[suffix]
        elif key in ALLOWED:
            yield key, key, 1


_KEYS: Final = {name: key for name, key, _ in _keyed()}
_UNITS: Final = {name: unit for name, _, unit in _keyed()}
