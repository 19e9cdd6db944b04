"""A customer, and what her phone holds or her fob sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_sim.core.fob import INTERVAL_MS

if TYPE_CHECKING:
    from shopbell_sim.adapters.app import Enrolled
    from shopbell_sim.core.advert import Advert
    from shopbell_sim.core.fob import Fob
    from shopbell_sim.core.phone import Identity
    from shopbell_sim.core.plan import Person


@dataclass(slots=True)
class Customer:
    """`identity` is None while she is not recognised; `on_air` is what is sent now.

    Who has a `fob` sends nothing with her phone.
    """

    person: Person
    enrolled: Enrolled
    identity: Identity | None
    fob: Fob | None = None
    app_open: bool = True
    turn_s: float = 0.0
    away_until_s: float = 0.0
    withdraws_at_s: float | None = None
    refused_visits: int = 0
    on_air: tuple[Advert, ...] = ()

    @property
    def platform(self) -> str:
        """What sends: `android`, `ios` or `fob`."""
        return self.person.phone.platform if self.fob is None else "fob"

    @property
    def interval_ms(self) -> float:
        """How often it does."""
        return self.person.phone.interval_ms if self.fob is None else INTERVAL_MS

    @property
    def state(self) -> str:
        """What her phone does: `off` without consent, `silent` with the app closed, `sending`."""
        if self.identity is None:
            return "off"
        return "sending" if self.on_air else "silent"
