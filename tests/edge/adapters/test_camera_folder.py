"""A folder of images that others may write to as well: nothing in it ends the edge, or keeps it busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from tests.edge.adapters.camera_pictures import PASS, qr
from tests.edge.adapters.test_camera import Counting, Reading, folder_of, put
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_cannot_be_set_aside_stays_and_the_next_is_read(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    in_the_way = tmp_path / "bad.unreadable"
    in_the_way.mkdir()
    (in_the_way / "something").touch()
    count = Counting()
    with capture_logs() as logs:
        async with Reading(folder_of(tmp_path, consume=True, count=count)) as reading:
            await until("it was tried", lambda: count["not_taken"] == 1)
            put(qr(), tmp_path / "good.png")
            await until("the next", lambda: reading.texts == [PASS])
            await until("taken", lambda: not (tmp_path / "good.png").exists())
    assert (tmp_path / "bad.png").exists()
    assert count == {"images": 1, "unreadable": 1, "not_taken": 1}
    assert [line["reason"] for line in logs if line["event"] == "image_not_taken"] == [
        "Is a directory"
    ]


async def test_a_folder_that_may_not_be_looked_into_is_blindness(tmp_path: Path) -> None:
    itself = tmp_path / "itself"
    itself.symlink_to(itself)
    async with Reading(folder_of(itself)) as reading:
        await until("blind", lambda: reading.said == ["no_folder"])
        itself.unlink()
        itself.mkdir()
        put(qr(), itself / "a.png")
        await until("heard", lambda: reading.texts == [PASS])
    assert reading.said == ["no_folder", "folder_opened"]
