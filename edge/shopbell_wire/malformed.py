"""The one exception for whatever came over the wire and is not what the contract says.

Owns: the names of what can be wrong.
Never: content. Neither reason nor detail repeats what the payload said, so both may be logged.
"""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "empty",  # no bytes at all, or a batch without events
    "too_big",
    "too_deep",
    "too_many",  # events
    "too_long",  # a text
    "not_utf8",
    "not_json",
    "duplicate_key",
    "number",  # not finite, or an integer that a double cannot hold
    "nul",
    "surrogate",
    "version",
    "shape",  # well-formed JSON, but not one of the messages
    "topic",
]
"""Goes into acknowledgements and metric labels: names are added, never changed."""


class MalformedError(ValueError):
    """Not a message of a version that we read; the sender must not send it again.

    `reason` is for machines; the text adds what and where, for people. `stream` and `seq` name the
    batch when they could be read in spite of what is wrong (both or neither), so that the server can
    refuse it by name instead of leaving the edge to send it for ever.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.stream: str | None = None
        self.seq: int | None = None
