from __future__ import annotations

import pytest

from shopbell_edge.core.retailer import Retailer

UUID = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"


def test_an_ibeacon_begins_with_header_and_uuid() -> None:
    retailer = Retailer(uuid=UUID, prefix="5bb0e111")
    assert retailer.ibeacon_start.hex() == "0215" + UUID.replace("-", "")


@pytest.mark.parametrize(
    "uuid", ["", UUID.upper(), UUID.replace("-", ""), UUID + "\n", f"{{{UUID}}}"]
)
def test_a_uuid_is_written_in_one_way(uuid: str) -> None:
    with pytest.raises(ValueError, match=r"uuid is .*; write 32 lower-case"):
        Retailer(uuid=uuid, prefix="5bb0e111")


@pytest.mark.parametrize("prefix", ["", "5BB0E111", "5bb0e11", "5bb0e1111", "5bb0e11g"])
def test_a_prefix_has_eight_digits(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"prefix is .*; write 8 lower-case"):
        Retailer(uuid=UUID, prefix=prefix)


def test_a_prefix_cannot_be_that_of_standard_services() -> None:
    with pytest.raises(ValueError, match="as standard services do"):
        Retailer(uuid=UUID, prefix="0000180f")
