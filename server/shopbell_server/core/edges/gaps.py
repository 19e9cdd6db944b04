"""What edges sent and the server does not have: "nothing was lost" as a number.

Owns: when a gap in a stream is old enough to be told, and how much is missing in it.
Never: what was in the missing batches, or where ranges are kept (`stream_ranges`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.edges.stream_ranges import count, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.edges.stream_ranges import Ranges
    from shopbell_server.core.ids import EdgeId, Millis

Stream = tuple["EdgeId", str]

OPEN_MS: Final = 5 * 60_000
"""A batch that was lost on the way is sent again after 30 s, then 60, 120 …: five minutes are four tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is missing in a stream, and since when it is known that it is."""

    missing: Ranges
    since_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGap:
    """A gap that stayed open: `batches` are missing from what `edge` sent in one run of its process."""

    edge: EdgeId
    stream: str
    batches: int


def watched(
    before: Mapping[Stream, Gap], ranges: Mapping[Stream, Ranges], now_ms: Millis
) -> dict[Stream, Gap]:
    """Return the gaps of `ranges`; one that only shrank since `before` keeps its age."""
    after: dict[Stream, Gap] = {}
    for stream, there in ranges.items():
        gone = missing(there)
        if not gone:
            continue
        known = before.get(stream)
        # A gap that is partly filled is the same; one at another place is a new one.
        same = known is not None and gone[0][0] <= known.missing[-1][1]
        after[stream] = Gap(missing=gone, since_ms=known.since_ms if known and same else now_ms)
    return after


def open_gaps(gaps: Mapping[Stream, Gap], now_ms: Millis) -> tuple[OpenGap, ...]:
    """Return the gaps that have stayed open for OPEN_MS, by edge and stream."""
    return tuple(
        OpenGap(edge=edge, stream=stream, batches=count(gap.missing))
        for (edge, stream), gap in sorted(gaps.items())
        if now_ms - gap.since_ms >= OPEN_MS
    )
