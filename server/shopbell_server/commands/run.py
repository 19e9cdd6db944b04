"""`shopbell-server run`. Owns: what it is asked for, and what it prints when the server is ready."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from msgspec.structs import replace

from shopbell_program.commands import UsageError, loading
from shopbell_program.settings import SettingsError
from shopbell_server.config.processes import cautions_of_run, faults_of_run
from shopbell_server.config.reading import read_settings
from shopbell_server.config.run import ROLES, Run
from shopbell_server.ingest.embedded_broker import embedded_broker

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine
    from shopbell_server.bootstrap import Ready
    from shopbell_server.config.settings import Settings

MOST_PORT: Final = 65_535

_MADE: Final = (
    'there was no file "{}": an empty database was made. If you had one, stop this server, take the new file '
    "away, and mount the disk, or restore the backup"
)


def add(line: CommandLine) -> None:
    """Add the command."""
    serve = line.add("run", "serve until SIGTERM", "run --config server.toml")
    serve.add_argument(
        "--role",
        action="append",
        choices=["all", *ROLES],
        metavar="ROLE",
        help=f"what this process does: all, {', '.join(ROLES)}; may be repeated (else run.roles)",
    )
    serve.add_argument(
        "--port", type=int, help="where this process is reached, instead of http.port; 0: any free"
    )
    serve.add_argument(
        "--migrate",
        action="store_true",
        help="do first what the command `migrate --create` does",
    )
    serve.add_argument(
        "--seed", type=Path, metavar="FILE", help="do first what the command `seed` does"
    )
    serve.add_argument(
        "--sign-in-link",
        metavar="STAFF",
        action="append",
        default=[],
        help="print a link that signs this member of staff in, once, within 15 minutes; may be repeated",
    )


def perform(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM."""
    settings = _settings(arguments)
    # Until the loop takes it: so that whatever has begun is ended.
    signal.signal(signal.SIGTERM, _end)
    with contextlib.ExitStack() as stack:
        broker = embedded_broker(settings)
        if broker is not None:
            # It becomes ready while we load, and edges that start with us find it.
            stack.callback(broker.stop)
            broker.start()
        with loading():
            # Here, not above: all of it takes a second.
            from shopbell_program import logs  # noqa: PLC0415  # as said
            from shopbell_server import bootstrap, preparing, seed  # noqa: PLC0415  # as said
        logs.configure()
        if arguments.migrate:
            made = preparing.missing(settings)
            preparing.upgrade(settings)
            if made is not None and arguments.seed is None:
                # With a seed a first start is meant.
                print(f"beware: {_MADE.format(made)}", file=sys.stderr, flush=True)
        if arguments.seed is not None:
            preparing.plant(settings, seed.read_seed(arguments.seed))
        for caution in (*cautions_of_run(settings), *preparing.cautions(settings)):
            print(f"beware: {caution}", file=sys.stderr, flush=True)
        asyncio.run(
            bootstrap.serve(settings, _say_ready, sign_in=arguments.sign_in_link, broker=broker)
        )


def _settings(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the file with what the command line says instead, checked as a whole."""
    settings = read_settings(arguments.config)
    if arguments.role is not None:
        roles = ROLES if "all" in arguments.role else tuple(dict.fromkeys(arguments.role))
        settings = replace(settings, run=Run(roles=roles))
    if arguments.port is not None:
        if not 0 <= arguments.port <= MOST_PORT:
            raise UsageError(
                f"--port: {arguments.port} is no port; write one from 0 to {MOST_PORT}"
            )
        settings = replace(settings, http=replace(settings.http, port=arguments.port))
    faults = list(faults_of_run(settings))
    if faults:
        raise SettingsError(f"{arguments.config} with --role", faults)
    if arguments.sign_in_link and "web" not in settings.run.roles:
        raise UsageError("--sign-in-link goes with the role web: nobody signs in at this process")
    return settings


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)  # as a shell says it


def _say_ready(ready: Ready) -> None:
    print(f"ready: {ready.url}", flush=True)
    for link in ready.sign_in:
        print(f"sign-in: {link}", flush=True)
