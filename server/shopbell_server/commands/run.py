"""`shopbell-server run`. Owns: what it is asked for, and what it prints when the server is ready."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings
from shopbell_server.ingest.embedded_broker import embedded_broker

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine
    from shopbell_server.bootstrap import Ready


def add(line: CommandLine) -> None:
    """Add the command."""
    serve = line.add("run", "serve until SIGTERM", "run --config server.toml")
    serve.add_argument(
        "--migrate", action="store_true", help="do first what the command `migrate` does"
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
    settings = read_settings(arguments.config)
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
            preparing.upgrade(settings)
        if arguments.seed is not None:
            preparing.plant(settings, seed.read_seed(arguments.seed))
        for caution in preparing.cautions(settings):
            print(f"beware: {caution}", file=sys.stderr, flush=True)
        asyncio.run(
            bootstrap.serve(settings, _say_ready, sign_in=arguments.sign_in_link, broker=broker)
        )


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)  # as a shell says it


def _say_ready(ready: Ready) -> None:
    print(f"ready: {ready.url}", flush=True)
    for link in ready.sign_in:
        print(f"sign-in: {link}", flush=True)
