from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_program.settings import SettingsError
from shopbell_server.core.edges.orders import Answer, Ordered
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.papers.sensing import Sensor, in_force, read_edges, sensing_of
from shopbell_wire.orders import Configure, Identify
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_server.core.edges.orders import Result
    from shopbell_wire.orders import Task


def ordered(task: Task, result: Result | None) -> Ordered:
    answer = None if result is None else Answer(result=result, reason="", at_ms=Millis(2))
    return Ordered(
        edge=EdgeId("door"),
        number=1,
        task=task,
        issued_ms=Millis(1),
        expires_ms=Millis(9),
        by="sam",
        answer=answer,
    )


def test_the_shipped_file_of_an_edge_is_read() -> None:
    [(edge, document)] = read_edges(ROOT / "deploy" / "edge").items()
    assert edge == "ams01-door"
    assert sensing_of(document, {}).sensors == (Sensor(kind="radio", name="hci0"),)


def test_settings_from_afar_go_before_the_file() -> None:
    file = {"hours": {"zone": "UTC", "monday": "09:00-18:00", "radio": "on"}}
    own = sensing_of(file, {})
    assert own.hours is not None
    assert dict(own.hours)["monday"] == "09:00-18:00"
    assert not own.rests
    set_ = sensing_of(file, {"hours": {"monday": "10:00-12:00", "radio": "off"}})
    assert set_.hours is not None
    assert dict(set_.hours)["monday"] == "10:00-12:00"
    assert set_.rests


def test_only_settings_that_an_edge_took_count_and_only_the_latest() -> None:
    late = ordered(Configure(settings={"hours": {"monday": "closed"}}), "refused")
    taken = ordered(Configure(settings={"codes": {"repeat_s": 5}}), "done")
    early = ordered(Configure(settings={"hours": {"monday": "10:00-12:00"}}), "done")
    other = ordered(Identify(for_s=5), "done")
    waits = ordered(Configure(settings={}), None)
    assert in_force([waits, other, late, taken, early]) == {"codes": {"repeat_s": 5}}
    assert in_force([waits, other, late]) == {}


def test_numbers_fobs_and_names_come_from_their_tables() -> None:
    heard = sensing_of(
        {
            "radios": [{"kind": "socket", "scanner": "air"}, {}],
            "usb_scanners": [{"kind": "evdev", "scanner": "gun"}],
            "static": {"ibeacons": []},
            "numbers": {},
        },
        {},
    )
    assert [each.name for each in heard.sensors] == ["air", "hci0", "gun"]
    assert heard.numbers
    assert not heard.fixed_ids
    assert heard.hours is None


def test_a_folder_without_files_of_edges_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"put the edge\.toml of every edge there"):
        read_edges(tmp_path)
    (tmp_path / "server.toml").write_text('tenant = "acme"\n')
    with pytest.raises(SettingsError, match="names no edge"):
        read_edges(tmp_path)
    (tmp_path / "server.toml").write_text('edge = "door"\n')
    (tmp_path / "two.toml").write_text('edge = "door"\n')
    with pytest.raises(SettingsError, match="has a file here already"):
        read_edges(tmp_path)
