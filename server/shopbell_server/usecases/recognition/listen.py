"""What a group of batches says, by true times: sightings, passes and numbers, and what is refused.

Owns: dating by anchors, what of a batch counts, opening what is sealed.
Never: who is meant (`recognise`), or whether a batch is new (`take`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopbell_server.core.dating import dating_of
from shopbell_server.core.edges.admission import (
    admit,
    anchor_err_ms,
    dated_by_window,
    is_believable,
)
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.recognition import passes
from shopbell_server.ports.batches import Anchor
from shopbell_server.usecases.recognition.heard import (
    Feeling,
    Heard,
    ShownNumber,
    ShownPass,
    Sightings,
)
from shopbell_wire.messages import ClockAnchor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shopbell_server.core.dating import Dating
    from shopbell_server.core.edges.admission import Admitted, Felt, Seen, Shown
    from shopbell_server.core.recognition.token_reader import Reading, TokenReader
    from shopbell_server.core.registry import Edge
    from shopbell_server.ports.batches import BatchRecord, Stream
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_wire.codec import Received
    from shopbell_wire.messages import Refused

ReadNumber = Callable[[EdgeId, str], "str | None"]
"""(edge of the topic, `sealed`) → the loyalty number; None if it was not sealed to us by that edge
(`core.recognition.loyalty_numbers.opened`, with the key)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch of an edge that we know, read."""

    edge: Edge
    payload: bytes
    received: Received
    record: BatchRecord


@dataclass(slots=True, kw_only=True)
class Listened:
    """What counts of a group; what is refused, and of which stream; how much came to nothing."""

    heard: Heard = field(default_factory=Heard)
    refused: list[tuple[Stream, Refused]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    unopened: set[EdgeId] = field(default_factory=set)
    """Edges whose sealed numbers we could not open: they seal to another key."""


def listen(
    work: UnitOfWork,
    fresh: Sequence[Batch],
    repeated: Iterable[Batch],
    tokens: TokenReader,
    read_number: ReadNumber | None,
    now_ms: Millis,
) -> Listened:
    """Return what counts of `fresh` batches; of `repeated` ones only what is refused, once more.

    The anchors of `fresh` are kept first: they date other batches of the same group, and later ones.
    """
    _keep_anchors(work, fresh, now_ms)
    repeated = tuple(repeated)
    dating = _datings(work, (*fresh, *repeated))
    listened = Listened()
    for batch in fresh:
        admitted = admit(batch.received.events, batch.received.seq, dating(batch), now_ms)
        refused = [*batch.received.refused, *admitted.refused]
        listened.refused += [(_stream(batch), each) for each in refused]
        listened.counts.update(each.reason for each in refused)
        listened.counts["skipped"] += batch.received.skipped
        seen = _sightings(admitted, tokens, now_ms)
        listened.heard.sightings.append(
            Sightings(edge=batch.edge, stream=batch.received.stream, seen=seen)
        )
        # Where neither edge nor token knows the time, there is nothing to be of anybody.
        listened.counts["unresolved"] += len(admitted.seen) + len(admitted.undated) - len(seen)
        for shown in admitted.shown:
            _code(batch.edge, shown, read_number, listened)
        listened.heard.felt += _feelings(batch.edge, admitted.felt)
    for batch in repeated:
        # The answer to it may be what was lost on the way.
        admitted = admit(batch.received.events, batch.received.seq, dating(batch), now_ms)
        refused = [*batch.received.refused, *admitted.refused]
        listened.refused += [(_stream(batch), each) for each in refused]
    listened.heard.passes.sort(key=_when)
    listened.heard.numbers.sort(key=_when)
    return listened


def _keep_anchors(work: UnitOfWork, fresh: Iterable[Batch], now_ms: Millis) -> None:
    anchors = [
        Anchor(
            edge=batch.edge.id,
            boot=event.boot,
            boottime_ms=event.boottime_ms,
            wall_ms=Millis(event.wall_ms),
            err_ms=anchor_err_ms(event),
        )
        for batch in fresh
        for _, event in batch.received.events
        if isinstance(event, ClockAnchor) and is_believable(event, now_ms)
    ]
    for anchor in sorted(anchors, key=_place):
        work.batches.put_anchor(anchor)


def _datings(work: UnitOfWork, batches: Iterable[Batch]) -> Callable[[Batch], Dating]:
    """Return how each batch is dated: by its own clock, or by the anchor of its boot."""
    anchors = work.batches.anchors(
        {
            (batch.edge.id, batch.received.clock.boot)
            for batch in batches
            if batch.received.clock.state == "unsynced"
        }
    )

    def dating(batch: Batch) -> Dating:
        clock = batch.received.clock
        return dating_of(clock, anchors.get((batch.edge.id, clock.boot)))

    return dating


def _sightings(
    admitted: Admitted, tokens: TokenReader, now_ms: Millis
) -> list[tuple[Seen, Reading]]:
    """Return what was heard, and whom it may mean; of what has no date, what its token dates."""
    heard = list(zip(admitted.seen, tokens.readings(admitted.seen), strict=True))
    if admitted.undated:
        readings = tokens.readings_of_undated(admitted.undated, now_ms)
        heard += [
            (dated_by_window(presence, reading.candidates[0].window, now_ms), reading)
            for presence, reading in zip(admitted.undated, readings, strict=True)
            if reading.candidates
        ]
    return heard


def _feelings(edge: Edge, felt: Iterable[Felt]) -> Iterator[Feeling]:
    for each in felt:
        said = each.health
        yield Feeling(
            edge=edge,
            scanner=said.scanner,
            at_ms=each.at_ms,
            state=said.state,
            reason=said.reason,
        )


def _code(edge: Edge, shown: Shown, read_number: ReadNumber | None, listened: Listened) -> None:
    """Add a code that was held up, if it is one of ours in form."""
    scan = shown.scan
    if isinstance(scan.text, str):
        code = passes.parse(scan.text)
        if code is None:
            listened.counts["code_unknown"] += 1
        else:
            listened.heard.passes.append(
                ShownPass(edge=edge, scanner=scan.scanner, at_ms=shown.at_ms, code=code)
            )
    elif isinstance(scan.sealed, str):
        number = None if read_number is None else read_number(edge.id, scan.sealed)
        if number is None:
            listened.counts["number_unopened"] += 1
            listened.unopened.add(edge.id)
        else:
            listened.heard.numbers.append(
                ShownNumber(edge=edge, scanner=scan.scanner, at_ms=shown.at_ms, number=number)
            )


def _stream(batch: Batch) -> Stream:
    return batch.record.key.edge, batch.record.key.stream


def _place(anchor: Anchor) -> tuple[EdgeId, str, int]:
    """Order anchors as every worker writes them; of equally good ones of a boot the first counts."""
    return anchor.edge, anchor.boot, anchor.boottime_ms


def _when(shown: ShownPass | ShownNumber) -> tuple[Millis, EdgeId, str]:
    """Order codes by their times, so that the first of two counts in whatever order they came."""
    return shown.at_ms, shown.edge.id, shown.scanner
