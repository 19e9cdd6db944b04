"""From the running shop to the picture that the `/demo` page shows.

Owns: which phone is followed, and how strongly it was heard where.
Never: the shape of the picture (`core.picture`).
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from shopbell_sim.adapters.show_pass import left_s, modules, pass_of
from shopbell_sim.core.picture import (
    LevelPicture,
    PersonPicture,
    PhonePicture,
    Picture,
    ScannerPicture,
    floor_picture,
    frame_pictures,
    place,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_sim.core.airspace import Heard
    from shopbell_sim.core.crowd import Crowd, Who
    from shopbell_sim.core.floor import Floor
    from shopbell_sim.core.site.shapes import Point
    from shopbell_sim.customer import Customer

FRESH_S: Final = 2.0
"""A level older than this is not shown as heard."""

COUNTED_S: Final = 1.0
"""Advertisements are counted over so long."""


class Painter:
    """Paints one shop."""

    def __init__(self, floor: Floor) -> None:
        self._scanners = floor.scanners
        self._floor = floor_picture(floor)
        self._levels: dict[str, tuple[float, int]] = {}
        self._recent: deque[tuple[float, str]] = deque()
        self.followed: Who | None = None
        """Whose phone is shown; somebody else's once she is gone."""

    def heard(self, heard: Heard, now_s: float) -> None:
        """Note that a scanner heard something."""
        self._recent.append((now_s, heard.scanner))
        while self._recent[0][0] < now_s - COUNTED_S:
            self._recent.popleft()
        if heard.sender == self.followed:
            self._levels[heard.scanner] = (now_s, heard.rssi_dbm)

    def paint(
        self,
        crowd: Crowd,
        customers: Mapping[Who, Customer],
        strangers: Iterable[Point],
        now_s: float,
    ) -> Picture:
        """Return the picture of this moment."""
        counts = Counter(scanner for at_s, scanner in self._recent if at_s > now_s - COUNTED_S)
        self._follow(crowd, customers)
        return Picture(
            at_ms=round(now_s * 1000),
            floor=self._floor,
            scanners=tuple(
                ScannerPicture(
                    name=each.name,
                    zone=each.zone,
                    x=each.at.x,
                    y=each.at.y,
                    per_s=counts[each.name],
                )
                for each in self._scanners
            ),
            people=tuple(
                PersonPicture(
                    who=who,
                    name=customers[who].person.first_name,
                    x=round(shopper.at.x, 2),
                    y=round(shopper.at.y, 2),
                    state=customers[who].state,
                    doing=shopper.doing,
                )
                for who, shopper in crowd.shoppers.items()
            ),
            strangers=tuple(place(at) for at in strangers),
            phone=self._phone(crowd, customers, now_s),
        )

    def _follow(self, crowd: Crowd, customers: Mapping[Who, Customer]) -> None:
        """Follow the same phone as long as it is in the shop, then whoever came in first."""
        if self.followed in crowd.shoppers:
            return
        self._levels.clear()
        self.followed = next(
            (
                who
                for who in crowd.shoppers
                if crowd.zone_of(who) is not None and customers[who].identity is not None
            ),
            None,
        )

    def _phone(
        self, crowd: Crowd, customers: Mapping[Who, Customer], now_s: float
    ) -> PhonePicture | None:
        who = self.followed
        if who is None:
            return None
        customer, shopper = customers[who], crowd.shoppers[who]
        person = customer.person
        return PhonePicture(
            who=who,
            name=person.first_name,
            platform=customer.platform,
            state=customer.state,
            doing=shopper.doing,
            zone=crowd.zone_of(who),
            interval_ms=customer.interval_ms,
            purposes=() if customer.identity is None else tuple(sorted(person.gives)),
            frames=frame_pictures(customer.on_air),
            levels=tuple(
                LevelPicture(scanner=each.name, rssi_dbm=self._level(each.name, now_s))
                for each in self._scanners
            ),
            pass_rows=rows_of(modules(pass_of(customer.enrolled, now_s))),
            pass_left_s=left_s(now_s),
        )

    def _level(self, scanner: str, now_s: float) -> int | None:
        at_s, rssi_dbm = self._levels.get(scanner, (0.0, 0))
        return rssi_dbm if now_s - at_s < FRESH_S else None
