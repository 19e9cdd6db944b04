from __future__ import annotations

import pytest

from shopbell_server.core.delivery.customer_keys import (
    PAIRWISE,
    SINK_KEY_BYTES,
    customer_key,
    sink_key,
)
from shopbell_server.core.ids import PersonId

ADA, BOB = PersonId("ada"), PersonId("bob")
ONE, OTHER = bytes(32), bytes([1]) * 32
IDS = {"crm": "C-77", "email_sha256": ""}


def test_a_sink_gets_the_id_that_it_knows() -> None:
    key = customer_key(ADA, IDS, "crm", ONE)
    assert (key.kind, key.id) == ("crm", "C-77")


@pytest.mark.parametrize("wanted", [None, "email_sha256", "loyalty"])
def test_without_one_it_gets_an_id_of_its_own(wanted: str | None) -> None:
    key = customer_key(ADA, IDS, wanted, ONE)
    assert (key.kind, key.id) == (PAIRWISE, key.pairwise)
    assert len(key.id) == 32


def test_a_pairwise_id_stays_and_is_the_same_for_nobody_else_and_nowhere_else() -> None:
    pairwise = customer_key(ADA, {}, None, ONE).pairwise
    assert pairwise == customer_key(ADA, IDS, "crm", ONE).pairwise
    assert pairwise != customer_key(BOB, {}, None, ONE).pairwise
    assert pairwise != customer_key(ADA, {}, None, OTHER).pairwise


def test_a_short_sink_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes, not 16"):
        customer_key(ADA, {}, None, bytes(16))


def test_each_sink_has_a_key_of_its_own() -> None:
    keys = {sink_key(ONE, "cdp"), sink_key(ONE, "file"), sink_key(OTHER, "cdp")}
    assert len(keys) == 3
    assert all(len(key) == SINK_KEY_BYTES for key in keys)
    assert sink_key(ONE, "cdp") in keys


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        sink_key(bytes(31), "cdp")
