"""How a command of ours ends: 0 done, 1 failed, 2 used wrongly; errors for people, never a traceback.

Owns: the frame around every command line. The environment is asked for one thing: where a file is.
Never: what a command does.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.settings import SettingsError
from shopbell_program.whereabouts import leaf_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class CommandError(Exception):
    """The command cannot do what was asked. The message says what, where, and what to do."""


class UsageError(Exception):
    """The command was asked in a way that makes no sense. The message says how to ask."""


class CommandLine:
    """A program of ours on the command line: commands, each with an example and with its settings.

    `name` is the program's, `shopbell-edge`; where its settings are, `--config` says, else the variable
    SHOPBELL_EDGE_CONFIG, else /etc/shopbell/edge.toml.
    """

    def __init__(self, name: str, text: str, example: str) -> None:
        self._name = name
        short = name.removeprefix("shopbell-")
        self._variable = f"SHOPBELL_{short.upper()}_CONFIG"
        self._config = f"/etc/shopbell/{short}.toml"
        self._parser = argparse.ArgumentParser(
            prog=name, description=text, epilog=f"example: {name} {example}"
        )
        self._commands = self._parser.add_subparsers(
            dest="command", required=True, metavar="COMMAND"
        )

    def group(self, name: str, text: str, example: str) -> CommandLine:
        """Add a command that has commands of its own; which of them was asked for is in `action`."""
        whole = self._commands.add_parser(
            name, help=text, description=text, epilog=f"example: {self._name} {example}"
        )
        inner = CommandLine(self._name, text, example)
        inner._commands = whole.add_subparsers(dest="action", required=True, metavar="ACTION")
        return inner

    def add(self, name: str, text: str, example: str) -> argparse.ArgumentParser:
        """Add a command and return its parser, for options of its own."""
        command = self._commands.add_parser(
            name, help=text, description=text, epilog=f"example: {self._name} {example}"
        )
        command.add_argument(
            "--config",
            type=Path,
            default=Path(os.environ.get(self._variable, self._config)),
            help=f"the settings (default: ${self._variable}, else {self._config})",
        )
        return command

    def parse(self) -> argparse.Namespace:
        """Return what was asked; whoever asked wrongly is told how, with exit code 2."""
        return self._parser.parse_args()


def at_least_one(text: str) -> int:
    """Return how many are asked for; the `type` of an argument that is a count."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count: write a whole number from 1 on")
    return count


@contextmanager
def loading() -> Iterator[None]:
    """Import what a command needs inside this: it takes a quarter less.

    The garbage collector would look at every class and function again and again while there are more and
    more of them, and none is garbage. It rests meanwhile, and never looks at them later either.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def run(command: Callable[[], int | None]) -> int:
    """Run `command` and return the exit code of the process."""
    try:
        return command() or 0
    except (SettingsError, UsageError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # this is where a person reads
        return 2
    except CommandError as error:
        print(error, file=sys.stderr)  # noqa: T201  # as above
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the last fence: a bug must not print what it was working on
        if _reader_left(error):
            # Somebody piped us into `head`. Python would complain once more while it shuts down.
            sys.stderr.close()
        else:
            print(_bug(error), file=sys.stderr)  # noqa: T201  # as above
        return 1


def _reader_left(error: Exception) -> bool:
    """Return whether nobody reads what we print any more, found out here or in tasks of ours."""
    if isinstance(error, ExceptionGroup):
        return all(_reader_left(each) for each in error.exceptions)
    return isinstance(error, BrokenPipeError)


def _bug(error: BaseException) -> str:
    """Say where a program of ours is wrong, without a value: texts of errors may hold people's data."""
    error = leaf_of(error)
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    return f"internal error, {type(error).__name__}; please report this:{where}"


_FRAMES = 6
"""The way to a mistake; before that is the event loop's."""
