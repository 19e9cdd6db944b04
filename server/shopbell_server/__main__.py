"""`shopbell-server`: the server and what goes with it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program import logs
from shopbell_program.commands import CommandError, CommandLine, run
from shopbell_server import bootstrap
from shopbell_server.assembly import CannotListenError
from shopbell_server.config import read_settings
from shopbell_server.db.engine import DatabaseAddressError
from shopbell_server.db.migrate import DatabaseTooNewError, DatabaseTooOldError
from shopbell_server.ingest.embedded_broker import BrokerFailedError
from shopbell_server.ingest.subscriber import BrokerCertificatesError
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.seed import read_seed

if TYPE_CHECKING:
    import argparse

    from shopbell_server.bootstrap import Ready
    from shopbell_server.config import Settings


_EXPECTED = (
    DatabaseAddressError,
    DatabaseBusyError,
    DatabaseLostError,
    DatabaseTooNewError,
    DatabaseTooOldError,
    BrokerCertificatesError,
    BrokerFailedError,
    CannotListenError,
    bootstrap.UnknownStaffError,
)
"""What an operator can mend, and their texts say how."""


def main() -> None:
    """Run the command line."""
    sys.exit(run(_command))


def _command() -> int | None:
    arguments = _arguments()
    command = {
        "run": _run,
        "migrate": _migrate,
        "check-config": _check_config,
        "seed": _seed,
    }[arguments.command]
    settings = read_settings(arguments.config)
    try:
        return command(settings, arguments)
    except _EXPECTED as error:
        raise CommandError(_told(error, arguments)) from None


def _arguments() -> argparse.Namespace:
    line = CommandLine(
        "shopbell-server",
        "Join store visits to the online profile, under consent; show staff, tell the CDP.",
        "run --config server.toml",
    )
    serve = line.add("run", "serve until SIGTERM", "run --config server.toml")
    serve.add_argument(
        "--sign-in-link",
        metavar="STAFF",
        help="print a link that signs this member of staff in, once, within 15 minutes",
    )
    line.add(
        "migrate", "bring the tables of the database up to date", "migrate --config server.toml"
    )
    line.add("check-config", "say all that is wrong with the settings", "check-config")
    seed = line.add("seed", "write stores, zones, edges, staff, profiles and API keys from a YAML file",
               "seed first-store.yaml --config server.toml")  # fmt: skip
    seed.add_argument("file", type=Path, metavar="FILE")
    return line.parse()


def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    logs.configure()
    expected: list[BaseException] = []
    try:
        asyncio.run(bootstrap.serve(settings, _say_ready, sign_in=arguments.sign_in_link))
    except* _EXPECTED as group:
        expected.extend(group.exceptions)
    except* OSError as group:
        expected.extend(group.exceptions)
    if expected:
        error = _leaf(expected[0])
        raise CommandError(_told(error, arguments))


def _told(error: BaseException, arguments: argparse.Namespace) -> str:
    """Return what an operator reads: what, where, and what to look at."""
    if isinstance(error, DatabaseLostError | DatabaseAddressError):
        return f"{error}; see [database] in {arguments.config}"
    if isinstance(error, OSError):
        where = "" if error.filename is None else f'"{error.filename}": '
        return f"cannot go on: {where}{error.strerror or error}"
    return str(error)


def _leaf(error: BaseException) -> BaseException:
    """Return the first real error in a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _say_ready(ready: Ready) -> None:
    print(f"ready: {ready.url}", flush=True)
    if ready.sign_in is not None:
        print(f"sign-in: {ready.sign_in}", flush=True)


def _migrate(settings: Settings, _: argparse.Namespace) -> None:
    print(f"the database is at revision {bootstrap.upgrade(settings)}")


def _check_config(settings: Settings, arguments: argparse.Namespace) -> None:
    sinks = ", ".join(sink.name for sink in settings.sinks) or "none"
    print(f"{arguments.config} is right: tenant {settings.tenant}, sinks: {sinks}")


def _seed(settings: Settings, arguments: argparse.Namespace) -> None:
    sown = bootstrap.plant(settings, read_seed(arguments.file))
    print(
        f"{sown.stores} stores, {sown.edges} edges, {sown.staff} staff, {sown.profiles} profiles, "
        f"{sown.visits} past visits"
    )


if __name__ == "__main__":
    main()
