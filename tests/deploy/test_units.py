"""The units as they are shipped give the daemon what it needs, and what its own checks ask for."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.core.doctor.supervision import MOST_WATCHDOG_S
from shopbell_edge.core.liveness import BeatRules

if TYPE_CHECKING:
    from configparser import SectionProxy

DEPLOY = Path(__file__).parents[2] / "deploy"


def section(path: str, name: str) -> SectionProxy:
    unit = ConfigParser(interpolation=None, strict=False, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation has it
    unit.read_string((DEPLOY / path).read_text(encoding="utf-8"))
    return unit[name]


EDGE = section("edge/shopbell-edge.service", "Service")


def test_the_watchdog_hungers_within_half_a_minute_and_is_fed_several_times_before_it_bites() -> (
    None
):
    assert EDGE["Type"] == "notify", "nobody would listen to the daemon otherwise"
    rules, bites_s = BeatRules(), int(EDGE["WatchdogSec"])
    assert rules.stalled_ms + rules.beat_ms <= 30_000
    assert 4 * rules.beat_ms < bites_s * 1_000
    assert bites_s <= MOST_WATCHDOG_S


@pytest.mark.parametrize(
    "path",
    [
        "edge/shopbell-edge.service",
        "server/shopbell-server.service",
        "server/shopbell-server@.service",
    ],
)
def test_a_process_that_ends_is_started_again_however_often(path: str) -> None:
    """A radio that is given up and a disk that fails end it on purpose; systemd allows five in 10 s."""
    service, unit = section(path, "Service"), section(path, "Unit")
    assert service["Restart"] == "always"
    assert unit.get("StartLimitIntervalSec") == "0" or 5 * int(service["RestartSec"]) > 10


def test_an_upgrade_of_the_server_takes_the_time_that_it_takes() -> None:
    """After 90 s systemd would kill it, which takes all of it back, and begin anew: for ever."""
    service = section("server/shopbell-server.service", "Service")
    assert " migrate " in service["ExecStartPre"]
    assert service["TimeoutStartSec"] == "infinity"


def test_the_edge_may_hear_through_the_management_socket_and_nothing_beyond() -> None:
    assert EDGE["AmbientCapabilities"] == EDGE["CapabilityBoundingSet"] == "CAP_NET_ADMIN"
    assert EDGE["NoNewPrivileges"] == "yes"
    families = set(EDGE["RestrictAddressFamilies"].split())
    assert families == {"AF_UNIX", "AF_INET", "AF_INET6", "AF_BLUETOOTH"}


def test_the_edge_reaches_its_readers_and_its_clock() -> None:
    groups = set(EDGE["SupplementaryGroups"].split())
    assert groups == {"bluetooth", "video", "dialout", "input"}
    for hides in ("PrivateDevices", "DeviceAllow", "ProtectClock"):
        assert hides not in EDGE, "a camera, a scanner or adjtimex would be out of reach"


def test_what_the_edge_keeps_is_its_own() -> None:
    assert EDGE["UMask"] == "0077"
    assert EDGE["StateDirectory"] == "shopbell-edge"
    assert EDGE["StateDirectoryMode"] == "0700"


def test_one_process_of_several_is_as_fenced_in_as_the_only_one_and_never_migrates() -> None:
    alone = section("server/shopbell-server.service", "Service")
    one = section("server/shopbell-server@.service", "Service")
    of_starting = {"ExecStartPre", "ExecStart", "TimeoutStartSec"}
    assert {key for key in alone if alone[key] != one.get(key)} == of_starting
    assert " run " in one["ExecStart"]
    assert " --role %i " in one["ExecStart"]
    assert "migrate" not in one["ExecStart"]
