"""How a command of ours ends: 0 done, 1 failed, 2 used wrongly; errors for people, never a traceback.

Owns: the frame around every command line.
Never: what a command does.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from shopbell_program.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable


class CommandError(Exception):
    """The command cannot do what was asked. The message says what, where, and what to do."""


def run(command: Callable[[], int | None]) -> int:
    """Run `command` and return the exit code of the process."""
    try:
        return command() or 0
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  # this is where a person reads
        return 2
    except CommandError as error:
        print(error, file=sys.stderr)  # noqa: T201  # as above
        return 1
    except Exception as error:  # noqa: BLE001  # the last fence: a bug must not print what it was working on
        print(_bug(error), file=sys.stderr)  # noqa: T201  # as above
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Somebody piped us into `head`. Python would complain once more while it shuts down.
        sys.stderr.close()
        return 1


def _bug(error: BaseException) -> str:
    """Say where a program of ours is wrong, without a value: texts of errors may hold people's data."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    return f"internal error, {type(error).__name__}; please report this:{where}"


_FRAMES = 6
"""The way to a mistake; before that is the event loop's."""
