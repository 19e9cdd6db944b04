"""What an app says of itself and what an edge noticed, where the two agree.

Owns: when they do, and what their agreement is worth.
Never: what each is worth alone (`evidence`), or what follows from it (`sessions`).

Either alone can be made up: an app's report by whoever has its phone, a hint by whoever heard the air. For
both at once somebody needs the phone, and must be in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.evidence import Evidence
from shopbell_server.core.visits.intervals import APPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.evidence import Interval

AGREE_MS: Final = 120_000
"""So close together a report and what an edge noticed are of one moment: what in two stores would be a
contradiction (`conflict.AT_ONCE_MS`) is an agreement in one. An app that is on the screen, which is when an
iPhone can be heard, reports when it comes there; of a phone that is heard all the time every report does."""


def agree(acts: Sequence[Interval], evidence: Sequence[Interval]) -> bool:
    """Return whether one of the app's reports among `acts` agrees with something that an edge noticed.

    `evidence` is all of one stay, `acts` among it. More evidence never makes them agree less.
    """
    reports_ms = [each.key.first_ms for each in acts if each.key.carrier == "app"]
    if not reports_ms:
        return False
    return any(
        each.key.first_ms - AGREE_MS <= at_ms <= each.last_ms + AGREE_MS
        for each in evidence
        if each.key.carrier not in APPS
        for at_ms in reports_ms
    )


def raised(best: Evidence) -> Evidence:
    """Return what a stay with `best` as its strongest single evidence is worth where the two agree."""
    return max(best, Evidence.SIGNAL)
