"""Whether what the server is trusted for holds: day keys, the record of who did what, its checkpoints.

Owns: what each figure means, and the remedy.
Never: reads any of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.doctor.verdict import failed, passed, warned
from shopbell_server.core.token_windows import day_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from shopbell_server.core.ids import Millis
    from shopbell_wire.messages import Finding

BEHIND_MS: Final = 15 * 60_000
"""Three checkpoints: one in five minutes, of which one may be just due and one on its way."""

AHEAD_DAYS: Final = 5
"""Phones fetch tokens for seven days when they have less than five left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The record of who did what against its newest checkpoint; None where there is none."""

    records: int
    oldest_unsigned_ms: Millis | None
    """When the first record was made that no checkpoint holds."""
    whole: bool
    """It goes on from its newest checkpoint."""


def day_keys(days: Collection[int], now_ms: Millis) -> Finding:
    """Return whether phones get tokens; `days` are those that have a key."""
    today = day_of(now_ms)
    ahead = 0
    while today + ahead in days:
        ahead += 1
    if ahead == 0:
        return failed(
            "day-keys",
            "none of today: no phone gets tokens (503), and none is recognised",
            "the running server makes them when it starts and every hour: `day_keys` in its log",
        )
    if ahead <= AHEAD_DAYS:
        return warned(
            "day-keys",
            f"for {ahead} days from today on, of eight",
            "the running server makes them every hour: does it run, with its jobs?",
        )
    return passed("day-keys", f"for {ahead} days from today on")


def erasures(overdue: int) -> Finding:
    """Return whether everybody who asked to be forgotten is; `overdue` are not after a day."""
    if overdue:
        return failed(
            "erasures",
            f"{overdue} are not done a day after they were asked for",
            "`shopbell-server erasures` says what is missing; the running server tries them again",
        )
    return passed("erasures", "none is overdue")


def chain(seen: Chain, now_ms: Millis, *, runs: bool) -> Iterator[Finding]:
    """Yield how the record stands; `runs` is whether a server does, who would sign."""
    if not seen.whole:
        yield failed(
            "audit",
            "it does not go on from its newest checkpoint: it was changed, or an older backup restored",
            "`shopbell-server audit verify`, then deploy/README.md, `Who looked, and who did what`",
        )
        return
    yield passed("audit", f"{seen.records} records, as they were when the newest were signed")
    since_ms = seen.oldest_unsigned_ms
    if since_ms is None or now_ms - since_ms <= BEHIND_MS:
        yield passed("checkpoints", "all but the newest records are signed")
    else:
        minutes = (now_ms - since_ms) // 60_000
        remedy = "`audit_checkpoint_failed` in the server's log says why"
        yield warned(
            "checkpoints",
            f"records of {minutes} minutes are not signed",
            remedy if runs else "the running server signs them: start it",
        )


def receiver(waiting: int, oldest_ms: Millis | None, now_ms: Millis) -> Finding:
    """Return whether the receiver has what was signed; `waiting` it has not confirmed, since `oldest_ms`."""
    if oldest_ms is None or now_ms - oldest_ms <= BEHIND_MS:
        return passed("receiver", f"{waiting} checkpoints on their way to it")
    return warned(
        "receiver",
        f"it has not confirmed {waiting} checkpoints, the oldest of "
        f"{(now_ms - oldest_ms) // 60_000} minutes ago",
        "`checkpoints_not_sent` in the server's log says what it answered; they wait and are sent again",
    )


def report(week: str, *, missing: bool) -> Finding:
    """Return whether the auditor has the report of the newest week that is over."""
    if missing:
        return warned(
            "report",
            f"there is none of {week}",
            "`unusual_looks_not_reported` in the server's log says why; `shopbell-server audit report`",
        )
    return passed("report", f"nothing is missing up to {week}")
