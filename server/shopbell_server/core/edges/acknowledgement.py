"""What an edge is told about its batches.

Owns: that a batch is either committed or refused, and that an answer fits into a message.
Never: why something is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from shopbell_server.core.edges import stream_ranges
from shopbell_wire.messages import Ack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from shopbell_server.core.ids import Millis
    from shopbell_wire.messages import Refused

MOST_REFUSED: Final = 400
"""Refusals in one answer. Each takes at most 80 bytes (a number of 16 digits, an index, the longest
reason): 32 KB. The ranges of the largest group (512 batches, 36 bytes each) take 18, and 64 are allowed."""


MOST_NOBODY: Final = 250
"""Tokens that mean nobody in one answer. Each takes at most 43 bytes (a fob's 40 digits): 11 KB. What is left
out, as it is beside refusals, for which the room is, is told when the edge tells of it again."""


def acks(
    stream: str,
    committed: Iterable[int],
    refused: Sequence[Refused],
    now_ms: Millis,
    nobody: Collection[str] = (),
) -> Iterator[Ack]:
    """Yield the answers about batches of `stream`: one, or several that are small enough to send.

    A batch that is refused, whole or in part, is not among the committed: the edge sets aside what the
    refusal names and forgets the rest. All that is refused of a batch stands in one answer, in the
    order of its events. Where nothing is refused, it names MOST_NOBODY of the tokens that mean `nobody`.
    """
    by_seq: dict[int, list[Refused]] = {}
    for each in dict.fromkeys(refused):
        by_seq.setdefault(each.seq, []).append(each)
    ranges = stream_ranges.with_seqs((), set(committed) - by_seq.keys())
    part: list[Refused] = []
    for seq in sorted(by_seq):
        if part and len(part) + len(by_seq[seq]) > MOST_REFUSED:
            yield Ack(stream=stream, committed=ranges, refused=tuple(part), server_ms=now_ms)
            ranges, part = (), []
        part += sorted(by_seq[seq], key=_place)
    if ranges or part:
        unmeant = () if part else sorted(nobody)[:MOST_NOBODY]
        yield Ack(
            stream=stream,
            committed=ranges,
            refused=tuple(part),
            server_ms=now_ms,
            nobody=tuple(unmeant) or UNSET,
        )


def _place(refused: Refused) -> int:
    return -1 if refused.index is None else refused.index
