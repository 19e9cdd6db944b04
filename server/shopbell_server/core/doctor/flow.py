"""Whether what comes in comes in, and what goes out goes out.

Owns: what each figure means, and the remedy.
Never: connects to anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import Millis
    from shopbell_wire.messages import Finding

LATE_MS: Final = 15 * 60_000
"""Three attempts of the schedule have failed: no hiccup any more."""

LOST_MS: Final = 3_600_000
"""As the alarm `ShopbellDeliveryOff` has it."""

MOST_NAMES: Final = 5


def sink(name: str, waiting: int, oldest_ms: Millis | None, now_ms: Millis) -> Finding:
    """Return whether a sink takes what it is told; `waiting` are due or will be, since `oldest_ms`."""
    if oldest_ms is None or now_ms - oldest_ms <= LATE_MS:
        return passed("sink", f"{waiting} events wait", name)
    late_ms = now_ms - oldest_ms
    found = f"{waiting} events wait, the oldest for {late_ms // 60_000} minutes"
    remedy = "`sink_fails` or `sink_gone` in the server's log says what it answered"
    return (failed if late_ms > LOST_MS else warned)("sink", found, remedy, name)


def visits(named: Collection[str], stores: Collection[str]) -> Finding:
    """Return whether all stores that the rules of visits name are in the registry."""
    unknown = sorted(set(named) - set(stores))
    if not unknown:
        return passed("visits", f"{len(named)} stores have an expected stay of their own")
    return warned(
        "visits",
        f"an expected stay of stores that there are not: {', '.join(unknown[:MOST_NAMES])}",
        "visits.expected_stay_min_of goes by the ids of the seed; these do nothing",
    )


def edges(active: Collection[str], online: Mapping[str, bool]) -> Finding:
    """Return which edges of the registry are there; `online` is what each said last, or its will."""
    away = sorted(each for each in active if not online.get(each, False))
    if not active:
        return warned(
            "edges",
            "the registry has none: nobody is heard",
            "`shopbell-server seed FILE` registers them (deploy/server/first-store.yaml)",
        )
    if not away:
        return passed("edges", f"all {len(active)} are connected")
    names = ", ".join(away[:MOST_NAMES]) + (" …" if len(away) > MOST_NAMES else "")
    return warned(
        "edges",
        f"{len(away)} of {len(active)} are away: {names}",
        "`shopbell-server edge list` says since when; then power, network and `shopbell-edge doctor` there",
    )


def server(problems: Mapping[str, str] | None, url: str) -> Finding:
    """Return whether the server of these settings runs.

    `problems` is what `/readyz` says, None if nobody answers.
    """
    if problems is None:
        return warned(
            "server",
            f"nobody answers at {url}",
            "`systemctl status shopbell-server`; what is said below is of what it would find",
        )
    if problems:
        said = "; ".join(f"{name}: {text}" for name, text in sorted(problems.items()))
        return failed("server", f"it runs and cannot work: {said}", "see the lines below")
    return passed("server", f"runs, and is ready, at {url}")
