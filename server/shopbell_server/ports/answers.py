"""What was answered, so that a write may be asked twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What was answered to a write that carried an Idempotency-Key.

    `name_sha256` is of who asked and the key together. `sealed` is the answer, readable only with the
    credential that asked: it may hold secrets that are stored nowhere else in clear.
    """

    name_sha256: bytes
    request_sha256: bytes
    sealed: bytes
    expires_ms: Millis


class Answers(Protocol):
    """Lets a write be asked twice and take effect once."""

    def recall(self, name_sha256: bytes, now_ms: Millis) -> KeptAnswer | None:
        """Return what was kept under that name, unless it has expired."""
        ...

    def keep(self, answer: KeptAnswer, now_ms: Millis) -> bool:
        """Keep it in place of an expired one; False if a living answer of that name is there already."""
        ...

    def drop_expired(self, now_ms: Millis) -> int:
        """Forget what has expired; return how many."""
        ...
