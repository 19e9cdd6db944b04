"""The simulator's command line, wrongly used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shopbell_sim", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


PHONE = ("phone", "--enrolment", "none.json", "--radio", "none.sock")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("demo", "--port", "65536"), "--port 65536: ports are 0 to 65535\n"),
        (("demo", "--port", "-1"), "--port -1: ports are 0 to 65535\n"),
        (("demo", "--shoppers", "1"), "--shoppers 1: a board tells 2 to 99 people apart\n"),
        (("demo", "--shoppers", "100"), "--shoppers 100: a board tells 2 to 99 people apart\n"),
        (
            (*PHONE, "--distance", "0"),
            "--distance 0: write metres, more than 0, up to 1000\n",
        ),
        ((*PHONE, "--interval", "10"), "--interval 10: phones send every 20 to 10240 ms\n"),
    ],
)
def test_a_number_that_makes_no_sense_is_a_2_with_what_does(
    arguments: tuple[str, ...], says: str
) -> None:
    done = command(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", says)


def test_a_camera_of_the_environment_that_is_no_number_is_a_2() -> None:
    done = command("demo", CAMERA="front")
    assert done.returncode == 2
    assert done.stderr == 'CAMERA="front" is not a number; write CAMERA=0, or leave it out\n'


def test_what_is_not_there_is_a_1() -> None:
    assert command(*PHONE).returncode == 1
