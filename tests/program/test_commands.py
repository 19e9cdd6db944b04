from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shopbell_program.commands import CommandError, UsageError, run
from shopbell_program.settings import Fault, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable


def raising(error: BaseException) -> Callable[[], int | None]:
    def command() -> int | None:
        raise error

    return command


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (lambda: None, 0, ""),
        (lambda: 1, 1, ""),
        (raising(CommandError("the broker is away")), 1, "the broker is away\n"),
        (
            raising(SettingsError("edge.toml", [Fault(key="a", problem="missing")])),
            2,
            "edge.toml cannot be used:\n  a: missing\n",
        ),
        (raising(KeyboardInterrupt()), 130, ""),
    ],
)
def test_a_command_ends_with_a_code_and_a_sentence(
    command: Callable[[], int | None], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == code
    assert capsys.readouterr().err == says


def test_a_bug_says_where_and_not_with_what(capsys: pytest.CaptureFixture[str]) -> None:
    secret = ValueError("Eva")
    assert run(raising(ExceptionGroup("tasks", [secret]))) == 1
    said = capsys.readouterr().err
    assert said.startswith("internal error, ValueError; please report this:")
    assert "Eva" not in said


def test_a_command_that_makes_no_sense_is_a_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(UsageError("say for how long"))) == 2
    assert capsys.readouterr().err == "say for how long\n"


@pytest.mark.parametrize(
    "error", ["BrokenPipeError", "ExceptionGroup('tasks', [BrokenPipeError()])"]
)
def test_a_reader_who_goes_away_is_no_bug(error: str) -> None:
    code = (
        "from shopbell_program.commands import run\n"
        "def command():\n"
        f"    raise {error}\n"
        "raise SystemExit(run(command))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, b"")
