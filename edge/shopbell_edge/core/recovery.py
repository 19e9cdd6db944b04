"""What to try next when a radio does not hear.

Owns: the reasons of blindness, the ladder of remedies, and how patient to be.
Never: tries a remedy, or asks what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from shopbell_edge.core.backoff import Backoff
from shopbell_edge.core.hearing_path import WhyNot
from shopbell_edge.core.reception import Doubt

Reason = Literal[
    "no_bus",
    "bus_lost",
    "no_bluetoothd",
    "dbus_owner_lost",
    "no_adapter",
    "adapter_gone",
    "adapter_off",
    "start_failed",
    "silent",
    WhyNot,
    Doubt,
]
"""Why a radio does not hear, as it is reported.

`no_…`: was not there when needed. `…_lost`, `…_gone`, `…_off`: went away under a running scan.
`start_failed`: everything is there and scanning still would not start. `silent`: it scans and nothing comes.
`management_…`: where only the management socket may be used, why that cannot be (`hearing_path`).
The doubts (`reception`): something comes, and the heartbeat beacon shows that not everything does.
"""

Step = Literal["new_scanner", "power_cycle", "restart_bluetoothd", "give_up"]

DOUBTS: Final = frozenset[Reason](get_args(Doubt))

LADDER: Final[tuple[Step, ...]] = ("new_scanner", "power_cycle", "restart_bluetoothd")
"""Cheapest first. A new scanner cures a lost session, switching the adapter off and on a wedged
controller, a restart a wedged bluetoothd. What is left is a restart of this process."""

STUCK: Final = frozenset[Reason]({"start_failed", "silent"}) | DOUBTS
"""Everything is in its place and it does not hear: only then does a stronger remedy help. Where something
is missing (no adapter, switched off on purpose) the remedy is to wait for it."""

WAIT_FIRST: Final = frozenset[Reason](
    {
        "no_bus",
        "bus_lost",
        "start_failed",
        "management_absent",
        "management_denied",
        "management_unanswered",
        "management_lost",
    }
)
"""Trying again at once would fail again. With the others the next attempt itself waits for what is missing,
or the time was spent being silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How patient a radio is."""

    silent_s: float = 90.0
    """Silence after which a scan is no longer believed. A phone advertises every 0.25 to 1 s and scans hear
    half of it; with a heartbeat beacon at 1 s, 90 s of silence by chance is below 10^-20."""

    check_s: float = 30.0
    """How often silence is looked at; it is noticed `silent_s` to `silent_s + check_s` after it began."""

    ready_s: float = 180.0
    """How long one attempt waits for what is missing (bluetoothd, adapter, power). It wakes up at once when
    that comes; the limit only makes a lasting absence count as a failure. A new process would find no more,
    and forget who is here: half an hour of absence ends it, ten minutes do not."""

    attempts: int = 10
    """Failures in a row, no advertisement in between, before the radio is given up: half an hour without
    an adapter, a quarter of an hour of silence. The supervisor then starts the process again."""

    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=0.5, most_s=30.0))
    """Waits between attempts where trying at once would only fail again."""


def next_step(reason: Reason, failures: int, attempts: int) -> Step:
    """Return the remedy after `failures` (≥ 1) in a row, the last of them for `reason`.

    A doubt is no reason to give up: the radio hears something, and a new process would hear no more.
    """
    if failures >= attempts and reason not in DOUBTS:
        return "give_up"
    if reason not in STUCK:
        return "new_scanner"
    return LADDER[min(failures, len(LADDER)) - 1]
