from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core import advert
from shopbell_sim.core.picture import frame_pictures

UUID = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"

hex4 = st.binary(min_size=4, max_size=4).map(bytes.hex)
hex8 = st.binary(min_size=8, max_size=8).map(bytes.hex)


@given(id32=hex4, id64=hex8, mac=hex4)
def test_of_what_is_hers_one_byte_is_shown(id32: str, id64: str, mac: str) -> None:
    adverts = (
        advert.ibeacon(UUID, id32, -59),
        advert.service_data(UUID, id64, -59),
        advert.service_uuid("5bb0e111", id64, mac),
    )
    for one, drawn in zip(adverts, frame_pictures(adverts), strict=True):
        assert drawn.frame == one.frame
        for field, shown in zip(one.fields, drawn.fields, strict=True):
            assert len(shown.hex) == 2 * len(field.value)
            if field.name in ("id32", "id64", "mac32"):
                assert shown.hex == field.value[:1].hex() + "··" * (len(field.value) - 1)
            else:
                assert shown.hex == field.value.hex()
