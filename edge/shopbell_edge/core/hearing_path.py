"""Which of two ways a Bluetooth radio hears: the kernel's management socket, or bluetoothd through bleak.

Owns: what a trial of the socket must show, why it is not used, and when to try again.
Never: counts, opens a socket, or asks what time it is.

The socket costs a tenth of bleak's way or less and is told every advertisement. But it needs capabilities and
a kernel that plays along, and when it fails it fails silently. So it is chosen only after it has delivered
what bleak delivered at the same time, and given up as soon as it no longer does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hear = Literal["auto", "management", "bleak"]
"""What the operator asked for. `auto` chooses; the others insist."""

Way = Literal["management", "bleak"]

WhyNot = Literal[
    "management_absent",
    "management_denied",
    "management_unanswered",
    "management_lost",
    "management_deaf",
    "management_misses",
]
"""Why the socket is not used, as it is reported.

`absent`: this machine has no such sockets (a container, a kernel without Bluetooth, RestrictAddressFamilies).
`denied`: the process lacks CAP_NET_ADMIN. `unanswered`: the kernel does not say whether it may.
`lost`: it broke while in use. `deaf`: it delivered nothing of what bleak heard; `misses`: less than that.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRules:
    """What a trial must show."""

    window_s: float = 10.0
    """How long both are counted at least: most of one scan of BlueZ (10.24 s, then 5 s of rest)."""

    least: int = 20
    """Advertisements that either must have delivered before the two are compared; an empty shop waits."""

    share: float = 0.9
    """Of what bleak delivered. It also calls back where nothing was received: a name was resolved, a device
    was remembered from before."""

    slack: int = 3
    """Advertisements that were on their way over the bus when the trial began."""

    retry_s: float = 600.0
    """After a no the next trial: both ways cost something while they are compared."""

    doubt_s: float = 30.0
    """Silence of the socket after which bleak is asked whether it hears something."""


Verdict = Literal["management", "management_deaf", "management_misses"]


def verdict(rules: TrialRules, elapsed_s: float, bleak: int, management: int) -> Verdict | None:
    """Return what a trial of `elapsed_s` has shown, by advertisements delivered; None: not yet enough."""
    if elapsed_s < rules.window_s or max(bleak, management) < rules.least:
        return None
    if management >= rules.share * bleak - rules.slack:
        return "management"
    return "management_misses" if management else "management_deaf"


class Choice:
    """What is known of the socket of one radio. Times are seconds of one steady clock."""

    __slots__ = ("_asked", "_due_s", "_rules", "why")

    def __init__(self, asked: Hear, rules: TrialRules) -> None:
        self.why: WhyNot | None = None
        """Why the socket is not used; None as long as nothing speaks against it."""
        self._asked: Hear = asked
        self._rules = rules
        self._due_s = 0.0

    @property
    def insists(self) -> bool:
        """Whether the socket is to be used whatever a trial would show."""
        return self._asked == "management"

    def wants_trial(self, now_s: float) -> bool:
        """Return whether the socket should be tried beside bleak now."""
        if self._asked != "auto":
            return False
        return self.why is None or now_s >= self._due_s

    def refuse(self, why: WhyNot, now_s: float) -> None:
        """Keep to bleak for `retry_s`."""
        self.why, self._due_s = why, now_s + self._rules.retry_s

    def hurry(self) -> None:
        """Let the next trial be due at once: bleak was found to be told too little."""
        self._due_s = 0.0

    def take(self) -> None:
        """Note that the socket is used from now on."""
        self.why = None
