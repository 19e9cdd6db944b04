"""How a Bluetooth radio says how it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_edge.ports import Health

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.core.hearing_path import Way, WhyNot
    from shopbell_edge.core.recovery import Reason


class Voice:
    """Says how the radio does, each time that this changes."""

    __slots__ = ("_health", "_said", "_way", "_why", "reason")

    def __init__(self, health: Callable[[Health], None]) -> None:
        self.reason: Reason = "no_bus"
        """Why nothing is heard, or was before it was heard again."""
        self._health = health
        self._said: Health | None = None
        self._way: Way = "bleak"
        self._why: WhyNot | None = None

    def by(self, way: Way, why: WhyNot | None = None) -> None:
        """Note which way it hears, and why not the other; say so if it hears."""
        self._way, self._why = way, why
        if self._said is not None and self._said.state == "hearing":
            self.hearing()

    def blind(self, reason: Reason, for_s: float = 0.0) -> None:
        """Say that nothing is heard, and since when."""
        self.reason = reason
        self._say(Health(state="blind", reason=reason, for_ms=round(for_s * 1_000)))

    def hearing(self) -> None:
        """Say that it hears. The reason is the way, or what is wrong with the better one."""
        reason = "scanning_management" if self._way == "management" else self._why or "scanning"
        self._say(Health(state="hearing", reason=reason, way=self._way))

    def _say(self, health: Health) -> None:
        if health != self._said:
            self._said = health
            self._health(health)
