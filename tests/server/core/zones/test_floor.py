from __future__ import annotations

import pytest

from shopbell_server.core.zones.floor import Area, Floor, Receiver

SOMEWHERE = Receiver(name="r", x_m=1, y_m=2, z_m=2)


@pytest.mark.parametrize(("right", "top"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_an_empty_rectangle_is_refused(right: float, top: float) -> None:
    with pytest.raises(ValueError, match=r"zone a: rectangle .* is empty; write left"):
        Area(name="a", left_m=0, bottom_m=0, right_m=right, top_m=top)


def test_a_floor_needs_receivers_and_zones() -> None:
    some = Area(name="a", left_m=0, bottom_m=0, right_m=1, top_m=1)
    with pytest.raises(ValueError, match="without receivers"):
        Floor(extent=some, receivers=(), zones=(some,))
    with pytest.raises(ValueError, match="without zones"):
        Floor(extent=some, receivers=(SOMEWHERE,), zones=())
