"""What became of an HTTP request.

Owns: what an answer, or that there is none, means to whoever has to send again.
Never: requests, or when to send again.
"""

from __future__ import annotations

from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore2

from shopbell_server.cdp.pinned import UnreachableError
from shopbell_server.core.delivery.retry import answer_of
from shopbell_server.ports.sinks import Outcome

ANSWER_BYTES: Final = 1024
"""Read of an answer's body, to use the connection again, and thrown away. A longer one costs the
connection."""

LOST: Final = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.RemoteProtocolError)
"""What goes wrong out there. Everything else is a fault in the program."""

_REDIRECTS: Final = range(300, 400)


def throw_away(answer: httpcore2.Response) -> None:
    """Read a short body, so that the connection can be used again; what it says is of no interest."""
    size = 0
    # The status has been read: a body that breaks off or drags on changes nothing about it.
    with suppress(*LOST):
        for chunk in answer.iter_stream():
            size += len(chunk)
            if size > ANSWER_BYTES:
                return


def outcome_of(answer: httpcore2.Response, now_s: int) -> Outcome:
    """Return what the status and `Retry-After` of an answer amount to."""
    redirect = answer.status in _REDIRECTS
    return Outcome(
        kind=answer_of(answer.status),
        reason=f"HTTP {answer.status}" + ("; redirects are not followed" if redirect else ""),
        retry_after_s=_retry_after_s(answer, now_s),
    )


def _retry_after_s(answer: httpcore2.Response, now_s: int) -> float | None:
    """Return what `Retry-After` says, in seconds or as a date; None if it says nothing that is clear."""
    for name, value in answer.headers:
        if name.lower() == b"retry-after":
            text = value.decode("latin-1").strip()
            # No more digits than a year of seconds has.
            if text.isascii() and text.isdigit():
                return float(text[:9])
            with suppress(ValueError, OverflowError):
                return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    return None


def why(error: Exception) -> str:
    """Return what went wrong, without the URL: it may hold a secret."""
    match error:
        case UnreachableError():
            return str(error)
        case httpcore2.ConnectTimeout():
            return "no connection in time"
        case httpcore2.TimeoutException():
            return "no answer in time"
        case httpcore2.RemoteProtocolError():
            return "its answer is not HTTP, or breaks off"
        case _:
            return "the connection was lost"
