"""`shopbell-sim load` on the command line. Owns: its options. What it needs is loaded when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import CommandError, UsageError, loading

if TYPE_CHECKING:
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # it has no public name


def add(commands: Commands) -> None:
    """Add the command."""
    text = "many stores at once against a broker and a server that run already"
    one = commands.add_parser(
        "load",
        help=text,
        description="Speak for the edges of many stores, with real tokens, and wait for every answer. Exit "
        "code 1 if anything was lost or refused. Once: --write-seed, then `shopbell-server seed` with that "
        "file. People are enrolled over HTTP by the first run; raise [limits] of the server for many.",
        epilog="example: shopbell-sim load --tenant acme --stores 10 --broker mqtt://edge@127.0.0.1:1883 "
        "--password-file edge.password",
    )
    number = one.add_argument
    number("--stores", type=int, default=1000, metavar="N", help="(default: 1000)")
    number("--edges", type=int, default=5, metavar="N", help="of each store (default: 5)")
    number("--customers", type=int, default=50, metavar="N", help="in each at a time (default: 50)")
    number(
        "--heard-by",
        type=int,
        metavar="N",
        help="edges that hear a customer at a time (default: 3, or all if there are fewer)",
    )
    number("--duration", type=float, default=60.0, metavar="S", help="seconds (default: 60)")
    number(
        "--speed",
        type=float,
        default=1.0,
        help="stays, walks and reports so many times as fast (default: 1)",
    )
    number("--seed", type=int, default=1, help="another number, other customers (default: 1)")
    one.add_argument("--tenant", metavar="NAME", help="as the server's settings have it")
    one.add_argument(
        "--server", default="http://127.0.0.1:8400", metavar="URL", help="(default: %(default)s)"
    )
    one.add_argument(
        "--broker",
        default="mqtt://127.0.0.1:1883",
        metavar="URL",
        help="mqtt://user@host:port, mqtts:// with TLS (default: %(default)s)",
    )
    one.add_argument("--password-file", type=Path, metavar="FILE", help="of that user")
    one.add_argument("--ca", type=Path, metavar="FILE", help="of the broker's certificate")
    number(
        "--connections", type=int, metavar="N", help="shared by the edges (default: one an edge)"
    )
    one.add_argument(
        "--data",
        type=Path,
        default=Path("load-data"),
        help="folder of the seed, the API key and who is enrolled (default: load-data)",
    )
    one.add_argument("--json", action="store_true", help="print the summary as one JSON object")
    one.add_argument(
        "--write-seed", action="store_true", help="write the seed of these stores, and stop"
    )


def perform(arguments: argparse.Namespace) -> int:
    """Do what was asked; return the exit code."""
    with loading():
        from shopbell_sim.core.load_crowd import Size  # noqa: PLC0415
        from shopbell_sim.load import asked, folder, running  # noqa: PLC0415  # as said above
    if arguments.tenant is None and not arguments.write_seed:
        raise UsageError("--tenant: missing; write the tenant of the server's settings")
    edges = arguments.edges
    load = asked.checked(
        asked.Load(
            data=arguments.data,
            server=arguments.server,
            tenant=arguments.tenant or "any",
            broker=asked.broker_at(
                arguments.broker, _password(arguments.password_file), _file(arguments.ca)
            ),
            size=Size(
                stores=arguments.stores,
                edges=edges,
                customers=arguments.customers,
                heard_by=min(3, edges) if arguments.heard_by is None else arguments.heard_by,
                speed=arguments.speed,
            ),
            duration_s=arguments.duration,
            connections=arguments.stores * edges
            if arguments.connections is None
            else arguments.connections,
            seed=arguments.seed,
        )
    )
    if arguments.write_seed:
        written = folder.LoadFolder(path=arguments.data)
        written.write_seed(load.size)
        print(f"written: {written.seed}; now: shopbell-server seed {written.seed}")
        return 0
    return running.main(load, as_json=arguments.json)


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--password-file {path}: {_why(error)}") from None


def _file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise CommandError(f"--ca {path}: there is no such file")
    return path


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (isinstance(error, OSError) and error.strerror) or "not text"
