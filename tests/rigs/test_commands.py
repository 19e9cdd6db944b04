"""What runs in a forked process runs as `python -m` would run it."""

from __future__ import annotations

import os
import tempfile

import pytest

from tests.rigs.commands import KILLED, LONGEST_S, Forked, run_command


def test_a_command_has_its_exit_code_and_what_it_said() -> None:
    done = run_command("shopbell_server", "keys")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "shopbell-server keys" in done.stderr


def test_a_program_reads_its_standard_input_and_goes_on_until_that_ends() -> None:
    heard, tell = os.pipe()
    with tempfile.TemporaryFile("w+") as out, os.fdopen(tell, "w") as asking:
        process = Forked(["json.tool", "--compact"], (heard, out.fileno(), out.fileno()))
        os.close(heard)
        asking.write("[1, 2]")
        assert process.poll() is None
        asking.close()
        assert process.wait(LONGEST_S) == 0
        out.seek(0)
        assert out.read() == "[1,2]\n"
        process.close()


@pytest.mark.parametrize("end", [Forked.terminate, Forked.kill])
def test_a_program_that_a_signal_ended_is_said_to_be_killed(end: object) -> None:
    assert callable(end)
    heard, tell = os.pipe()
    with tempfile.TemporaryFile() as out:
        process = Forked(["json.tool"], (heard, out.fileno(), out.fileno()))
        end(process)
        assert process.wait(LONGEST_S) == KILLED
        end(process)
        assert process.poll() == KILLED
        process.close()
    os.close(heard)
    os.close(tell)
