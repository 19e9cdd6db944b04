from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.checkpoint_file import CheckpointFile, IllegibleError
from shopbell_server.core.audit.chain import Checkpoint
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from pathlib import Path


def made(number: int) -> Checkpoint:
    return Checkpoint(
        number=number, digest=bytes([number]) * 32, at_ms=Millis(number), signature=b"s" * 64
    )


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    assert file.last() is None
    for number in (1, 2, 3):
        file.append(made(number))
    again = CheckpointFile(tmp_path / "checkpoints")
    assert list(again.all()) == [made(1), made(2), made(3)]
    assert again.last() == made(3)
    assert again.before(Millis(2)) == made(2)
    assert again.before(Millis(0)) is None


def test_a_line_that_a_power_cut_left_is_none(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints"
    file = CheckpointFile(path)
    file.append(made(1))
    file.append(made(2))
    path.write_bytes(path.read_bytes()[:-20])
    assert file.last() == made(1)
    file.append(made(3))
    assert list(file.all()) == [made(1), made(3)]


@pytest.mark.parametrize(
    "line", ["{}", '{"number":1,"digest":"zz","at_ms":1,"signature":""}', "hello}"]
)
def test_a_line_that_is_something_else_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "checkpoints"
    CheckpointFile(path).append(made(1))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(IllegibleError, match="line 3"):
        CheckpointFile(path).last()


def test_where_it_cannot_be_kept_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        CheckpointFile(tmp_path / "no folder" / "checkpoints").append(made(1))
