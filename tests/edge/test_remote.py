from __future__ import annotations

import tomllib
from typing import Any

import pytest

from shopbell_edge.config.checks import faults
from shopbell_edge.config.remote import faults_of, over
from shopbell_edge.config.tables import Settings
from shopbell_program.settings import SettingsError, read

FILE: dict[str, Any] = tomllib.loads(
    """
    tenant = "acme"
    edge = "door"
    [broker]
    host = "127.0.0.1"
    [retailer]
    uuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
    prefix = "5bb0e111"
    [presence]
    leave_s = 200
    inactive_s = 70
    [[radios]]
    kind = "socket"
    scanner = "door-radio"
    path = "/run/radio.sock"
    enter_loss_db = 14
    [[cameras]]
    scanner = "till"
    device = 0
    """
)


def settled(settings: dict[str, Any]) -> Settings:
    return read(over(FILE, settings), Settings, lambda whole: list(faults(whole)))


def test_a_document_goes_before_the_file_key_by_key() -> None:
    assert not faults_of(FILE, {"presence": {"leave_s": 300}})
    presence = settled({"presence": {"leave_s": 300}}).presence
    assert (presence.leave_s, presence.inactive_s) == (300, 70)


def test_a_table_that_the_file_does_not_have_is_its_default_but_for_the_document() -> None:
    assert settled({"codes": {"repeat_s": 10}}).codes.repeat_s == 10


def test_a_scanner_is_set_by_the_name_that_events_carry() -> None:
    settings = {"scanners": {"door-radio": {"enter_loss_db": 18, "offset_db": -2}}}
    assert not faults_of(FILE, settings)
    radio = settled(settings).radios[0]
    assert (radio.enter_loss_db, radio.offset_db, radio.leave_loss_db) == (18, -2, None)


def test_opening_hours_may_be_set_from_afar() -> None:
    document = {"hours": {"zone": "UTC", "monday": "09:00-18:00"}}
    assert not faults_of(FILE, document)
    assert settled(document).hours is not None
    file = {**FILE, "hours": {"zone": "UTC", "monday": "09:00-18:00", "sunday": "12:00-17:00"}}
    closed = over(file, {"hours": {"sunday": "closed"}})["hours"]
    assert closed == {"zone": "UTC", "monday": "09:00-18:00", "sunday": "closed"}


def test_without_a_document_the_file_is_as_it_was() -> None:
    assert over(FILE, {}) == FILE


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"broker": {"host": "elsewhere"}}, "broker: cannot be set from afar"),
        ({"edge": "till"}, "edge: cannot be set from afar"),
        ({"presence": 3}, "presence: is no table"),
        ({"scanners": {"hci7": {}}}, "scanners.hci7: is not here; what is: door-radio"),
        ({"scanners": {"door-radio": 1}}, "scanners.door-radio: is no table"),
        ({"scanners": {"door-radio": {"path": "/"}}}, "scanners.door-radio.path: cannot be set"),
    ],
)
def test_what_only_the_file_may_say_is_refused_by_name(settings: dict[str, Any], said: str) -> None:
    (fault,) = faults_of(FILE, settings)
    assert said in str(fault)


def test_what_is_wrong_with_a_value_is_said_as_of_a_file() -> None:
    with pytest.raises(SettingsError, match=r"presence\.leave_s"):
        settled({"presence": {"leave_s": -4}})


def test_the_adapter_names_a_radio_of_this_machine() -> None:
    file = {**FILE, "radios": [{"kind": "bluetooth"}, {"kind": "bluetooth", "adapter": "hci1"}]}
    changed = over(file, {"scanners": {"hci0": {"offset_db": 1}, "hci1": {"offset_db": 2}}})
    assert [radio["offset_db"] for radio in changed["radios"]] == [1, 2]
    assert not faults_of(file, {"scanners": {"hci1": {}}})
