"""What came of a load, and how it is said.

Owns: the figures, and what counts as lost.
Never: counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one load. `seconds` and `cpu_s` (this process's) are those of speaking and answers."""

    stores: int
    edges: int
    customers: int
    """At a time."""
    connections: int
    seconds: float
    cpu_s: float
    events: int
    batches: int
    batch_bytes: int
    """Of all batches as they were sent, those that were sent again included; MQTT and TCP are not."""
    line_sent_bytes: int
    """Over the connections that there were at the end, as TCP's payload: MQTT and TLS are in it."""
    line_received_bytes: int
    line_packets: int
    """Both ways; each has 52 bytes of TCP and IPv4 more."""
    acknowledged: int
    refused: int
    unanswered: int
    given_up: int
    """Events for which there was no room, because the server did not answer for so long."""
    nobody: int
    """Tokens that mean nobody to the server, though they are its own."""
    sent_again: int
    lines_lost: int
    p50_ms: int
    """From a batch's sealing to its answer."""
    p99_ms: int
    most_ms: int

    @property
    def good(self) -> bool:
        """Whether everything was taken in, and everybody was known."""
        return not (self.refused or self.unanswered or self.given_up or self.nobody)


def said(summary: Summary) -> Iterator[str]:
    """Yield the lines for a person."""
    one = summary
    yield (
        f"{one.stores} stores, {one.edges} edges on {one.connections} connections, "
        f"{one.customers} customers at a time, {one.seconds:.0f} s"
    )
    yield (
        f"events sent {one.events}, {one.events / one.seconds:.0f} a second, in {one.batches} batches of "
        f"{one.batch_bytes} bytes; acknowledged {one.acknowledged}"
    )
    yield f"from sealing to the answer: p50 {one.p50_ms} ms, p99 {one.p99_ms} ms, most {one.most_ms} ms"
    yield f"batches sent again {one.sent_again}, connections lost {one.lines_lost}"
    yield (
        f"events refused {one.refused}, unanswered {one.unanswered}, given up {one.given_up}; "
        f"tokens that mean nobody {one.nobody}"
    )
    yield "all of it was taken in" if one.good else "NOT ALL OF IT WAS TAKEN IN"
