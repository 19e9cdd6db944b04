from __future__ import annotations

from shopbell_edge.core.doctor.verdict import passed
from shopbell_edge.core.tally import Tally
from shopbell_edge.tasks.checkup import OwnCheckup
from shopbell_wire.messages import MAX_FINDINGS
from tests.fakes.clock import FakeClock
from tests.fakes.spool import MemorySpool
from tests.fakes.uplink import FakeUplink


def checkup(tally: Tally) -> OwnCheckup:
    clock = FakeClock()
    return OwnCheckup(
        spool=MemorySpool(clock.now()),
        uplink=FakeUplink(),
        clock=clock,
        tally=tally,
        room_bytes=1 << 28,
        in_force=None,
        on_trial=lambda: False,
        machine=lambda: [passed("kernel", "6.12.1")],
    )


async def test_a_daemon_says_what_doctor_would_of_its_machine() -> None:
    found = await checkup(Tally()).findings()
    assert [each.check for each in found] == ["uplink", "clock", "spool", "settings", "kernel"]


async def test_a_machine_full_of_scanners_says_no_more_than_there_is_room_for() -> None:
    tally = Tally(hearing={f"hci{each}": ("hearing", "scanning") for each in range(60)})
    assert len(await checkup(tally).findings()) == MAX_FINDINGS
