from __future__ import annotations

import pytest

from shopbell_wire.settable import unsettable


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"broker": {"host": "x"}}, ["broker: cannot be set from afar; what can: presence"]),
        ({"presence": 3}, ["presence: is no table"]),
        ({"scanners": {"hci0": 3}}, ["scanners.hci0: is no table"]),
        ({"scanners": {"hci0": {"adapter": "hci1"}}}, ["scanners.hci0.adapter: cannot be set"]),
        ({"spool": {}, "codes": 1}, ["spool: cannot be set", "codes: is no table"]),
        ({"presence": {"leave_s": 200}, "scanners": {"hci0": {"leave_loss_db": 28}}}, []),
    ],
)
def test_what_no_edge_lets_be_set_is_not_even_sent(
    settings: dict[str, object], said: list[str]
) -> None:
    found = [f"{key}: {problem}" for key, problem in unsettable(settings)]
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))
