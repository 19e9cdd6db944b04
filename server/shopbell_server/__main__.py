"""`shopbell-server`: the server and what goes with it.

What a command needs is loaded when it runs: all of it takes a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from shopbell_program.commands import CommandError, CommandLine, UsageError, loading, run
from shopbell_program.settings import SettingsError
from shopbell_server.config.reading import open_secrets, read_settings
from shopbell_server.config.responsible import blanks
from shopbell_server.ingest.embedded_broker import BrokerFailedError, embedded_broker

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from shopbell_server.bootstrap import Ready
    from shopbell_server.config.settings import Settings


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
        "documents": _documents,
        "edge": _edge,
        "audit": _audit,
        "keys": _keys,
    }[arguments.command]
    if arguments.command == "edge" and arguments.action == "new-key":
        _new_key(arguments)
        return None
    settings = read_settings(arguments.config)
    return command(settings, arguments)


def _arguments() -> argparse.Namespace:
    line = CommandLine(
        "shopbell-server",
        "Join store visits to the online profile, under consent; show staff, tell the CDP.",
        "run --config server.toml",
    )
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
    line.add(
        "migrate", "bring the tables of the database up to date", "migrate --config server.toml"
    )
    line.add("check-config", "say all that is wrong with the settings", "check-config")
    seed = line.add("seed", "write stores, zones, edges, staff, profiles and API keys from a YAML file",
               "seed first-store.yaml --config server.toml")  # fmt: skip
    seed.add_argument("file", type=Path, metavar="FILE")
    _document_arguments(line)
    _edge_arguments(line)
    _audit_arguments(line)
    _key_arguments(line)
    return line.parse()


def _document_arguments(line: CommandLine) -> None:
    made = line.add(
        "documents",
        "write door sign, DPIA, record of processing and statement of sensing, as it is set up here",
        "documents --edges edges/ --out papers --config server.toml",
    )
    made.add_argument(
        "--out", type=Path, default=Path("papers"), metavar="DIR", help="where to (default: papers)"
    )
    made.add_argument("--language", choices=("nl", "en"), help="one of them only (default: both)")
    made.add_argument(
        "--edges",
        type=Path,
        metavar="DIR",
        help="a folder with the edge.toml of every edge, by any name that ends in .toml",
    )


def _edge_arguments(line: CommandLine) -> None:
    edge = line.group(
        "edge", "see how edges do, set them and order them about", "edge list --config server.toml"
    )
    shown = edge.add("list", "show how every edge does", "edge list")
    shown.add_argument("--json", action="store_true", help="print JSON")
    sent = edge.add(
        "configure",
        "send settings that go before those of the edge's own file",
        "edge configure ams01-door door.toml --wait 90",
    )
    sent.add_argument("edge", metavar="EDGE")
    sent.add_argument(
        "file", type=Path, metavar="FILE.toml", help="tables of edge.toml; empty: none"
    )
    sent.add_argument(
        "--expires",
        default="365d",
        metavar="TIME",
        help="an edge that hears of them later does not take them (default: 365d)",
    )
    _order_arguments(sent)
    told = edge.add(
        "command", "have an edge do something now", "edge command ams01-door identify --wait 10"
    )
    told.add_argument("edge", metavar="EDGE")
    told.add_argument(
        "what", choices=("restart-scanner", "diagnostics", "identify", "rotate-identity")
    )
    told.add_argument("scanner", nargs="?", metavar="NAME", help="which scanner to begin anew")
    told.add_argument(
        "--for",
        dest="seconds",
        default="60",
        metavar="TIME",
        help="how long to blink (default: 60)",
    )
    _order_arguments(told)
    asked = edge.add(
        "orders", "show what an edge was ordered, and what became of it", "edge orders ams01-door"
    )
    asked.add_argument("edge", metavar="EDGE")
    asked.add_argument("--most", type=int, default=20, help="the latest so many (default: 20)")
    asked.add_argument("--json", action="store_true", help="print JSON")
    made = edge.add(
        "new-key", "make the key that orders are signed with", "edge new-key /etc/shopbell"
    )
    made.add_argument("folder", type=Path, metavar="DIR")


def _key_arguments(line: CommandLine) -> None:
    keys = line.group(
        "keys",
        "make, see and revoke the API keys of other systems",
        "keys list --config server.toml",
    )
    made = keys.add(
        "create", "make a key and print it, this once", "keys create webshop --kind app"
    )
    made.add_argument("name", metavar="NAME", help="whose it is; several keys may have one name")
    made.add_argument(
        "--kind",
        choices=("app", "till"),
        required=True,
        help="app: asks for tickets with which phones enrol; till: sends receipts",
    )
    shown = keys.add("list", "show which keys there are, and when each was last used", "keys list")
    shown.add_argument("--json", action="store_true", help="print JSON")
    ended = keys.add("revoke", "let a key open nothing from now on", "keys revoke 3f9a0c51d2e7")
    ended.add_argument("id", metavar="ID", help="as `keys list` shows it")


def _audit_arguments(line: CommandLine) -> None:
    audit = line.group(
        "audit", "see who looked and who did what, and that nobody changed it", "audit verify"
    )
    verify = audit.add(
        "verify",
        "hold the record against its checkpoints; 1 if anything was changed",
        "audit verify --config server.toml",
    )
    verify.add_argument(
        "--checkpoints",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint file beside the one of the settings, of another server; may be repeated",
    )
    verify.add_argument(
        "--public-key",
        type=Path,
        metavar="FILE",
        help="what checkpoints are verified with (64 hexadecimal digits), for who has no signing key",
    )
    verify.add_argument("--json", action="store_true", help="print JSON")
    shown = audit.add("list", "show the newest records", "audit list --most 20")
    shown.add_argument("--most", type=int, default=20, help="so many (default: 20)")
    shown.add_argument("--json", action="store_true", help="print JSON")
    audit.add("public-key", "print what checkpoints are verified with", "audit public-key")


def _order_arguments(order: argparse.ArgumentParser) -> None:
    order.add_argument("--by", metavar="NAME", help="who orders it (default: you)")
    order.add_argument(
        "--wait",
        type=float,
        metavar="SECONDS",
        help="wait so long for the edge's answer; 1 if it is not `done`",
    )
    order.add_argument("--json", action="store_true", help="print JSON")


def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    # Until the loop takes it: so that whatever has begun is ended.
    signal.signal(signal.SIGTERM, _end)
    with contextlib.ExitStack() as stack:
        broker = embedded_broker(settings)
        with _told(arguments):
            if broker is not None:
                # It becomes ready while we load, and edges that start with us find it.
                stack.callback(broker.stop)
                broker.start()
            with loading():
                from shopbell_program import logs  # noqa: PLC0415  # as said above
                from shopbell_server import bootstrap, preparing, seed  # noqa: PLC0415  # as above
            logs.configure()
            if arguments.migrate:
                preparing.upgrade(settings)
            if arguments.seed is not None:
                preparing.plant(settings, seed.read_seed(arguments.seed))
            asyncio.run(
                bootstrap.serve(settings, _say_ready, sign_in=arguments.sign_in_link, broker=broker)
            )


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)  # as a shell says it


def _migrate(settings: Settings, arguments: argparse.Namespace) -> None:
    with _told(arguments):
        with loading():
            from shopbell_server import preparing  # noqa: PLC0415  # as said above
        print(f"the database is at revision {preparing.upgrade(settings)}")


def _check_config(settings: Settings, arguments: argparse.Namespace) -> None:
    for each in open_secrets(settings):
        print(f"beware: {each}", file=sys.stderr)
    sinks = [sink.name for sink in settings.sinks]
    told = ", ".join(sinks) or "none"
    print(f"{arguments.config} is right: tenant {settings.tenant}, sinks: {told}")
    lacking = ", ".join(blanks(settings.privacy, sinks))
    if lacking:
        print(f"the papers (`shopbell-server documents`) would lack: {lacking}")


def _seed(settings: Settings, arguments: argparse.Namespace) -> None:
    with _told(arguments):
        with loading():
            from shopbell_server import preparing, seed  # noqa: PLC0415  # as said above
        sown = preparing.plant(settings, seed.read_seed(arguments.file))
    print(
        f"{sown.stores} stores, {sown.edges} edges, {sown.staff} staff, {sown.profiles} profiles, "
        f"{sown.visits} past visits"
    )


def _documents(settings: Settings, arguments: argparse.Namespace) -> None:
    with _told(arguments):
        with loading():
            from shopbell_server import documents  # noqa: PLC0415  # as said above
        documents.documents(settings, arguments)


def _edge(settings: Settings, arguments: argparse.Namespace) -> int | None:
    with _told(arguments):
        with loading():
            from shopbell_server import fleet  # noqa: PLC0415  # as said above
        action = {
            "list": fleet.list_edges,
            "configure": fleet.configure,
            "command": fleet.command,
            "orders": fleet.orders,
        }[arguments.action]
        return action(settings, arguments)


def _keys(settings: Settings, arguments: argparse.Namespace) -> None:
    with _told(arguments):
        with loading():
            from shopbell_server import keyring  # noqa: PLC0415  # as said above
        action = {"create": keyring.create, "list": keyring.show, "revoke": keyring.end}
        action[arguments.action](settings, arguments)


def _audit(settings: Settings, arguments: argparse.Namespace) -> int | None:
    with _told(arguments):
        with loading():
            from shopbell_server import auditing  # noqa: PLC0415  # as said above
        action = {
            "verify": auditing.verify,
            "list": auditing.show,
            "public-key": auditing.public_key,
        }[arguments.action]
        return action(settings, arguments)


def _new_key(arguments: argparse.Namespace) -> None:
    from shopbell_server import fleet  # noqa: PLC0415  # as said above

    with _told(arguments):
        fleet.new_key(arguments.folder)


@contextlib.contextmanager
def _told(arguments: argparse.Namespace) -> Iterator[None]:
    """Make an error of what an operator can mend, and raise all others as they are."""
    try:
        yield
    except (CommandError, SettingsError, UsageError, BrokenPipeError):
        raise
    except Exception as error:
        said = _said(_leaf(error), arguments)
        if said is None:
            raise
        raise CommandError(said) from None


def _said(error: BaseException, arguments: argparse.Namespace) -> str | None:
    """Return what an operator reads: what, where, and what to look at; None for a fault of ours."""
    # Here, not above: where one of these was raised, what it takes is loaded already.
    from shopbell_server.assembly import CannotListenError  # noqa: PLC0415  # as said
    from shopbell_server.bootstrap import UnknownStaffError  # noqa: PLC0415  # as said
    from shopbell_server.db.engine import DatabaseAddressError  # noqa: PLC0415  # as said
    from shopbell_server.db.migrate import (  # noqa: PLC0415  # as said
        DatabaseTooNewError,
        DatabaseTooOldError,
    )
    from shopbell_server.ingest.account import (  # noqa: PLC0415  # as said
        BrokerCertificatesError,
    )
    from shopbell_server.ingest.courier import BrokerUnreachableError  # noqa: PLC0415  # as said
    from shopbell_server.ports.database import (  # noqa: PLC0415  # as said
        DatabaseBusyError,
        DatabaseLostError,
    )
    from shopbell_server.usecases.orders import UnknownEdgeError  # noqa: PLC0415  # as said

    match error:
        case UnknownEdgeError():
            return f'there is no edge "{error}"; `shopbell-server edge list` shows which there are'
        case BrokerUnreachableError():
            return f"{error}; see [broker] in {arguments.config}"
        case DatabaseLostError() | DatabaseAddressError():
            return f"{error}; see [database] in {arguments.config}"
        case (
            DatabaseBusyError()
            | DatabaseTooNewError()
            | DatabaseTooOldError()
            | BrokerCertificatesError()
            | BrokerFailedError()
            | CannotListenError()
            | UnknownStaffError()
        ):
            return str(error)
        case OSError():
            where = "" if error.filename is None else f'"{error.filename}": '
            return f"cannot go on: {where}{error.strerror or error}"
        case _:
            return None


def _leaf(error: BaseException) -> BaseException:
    """Return the first real error in a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _say_ready(ready: Ready) -> None:
    print(f"ready: {ready.url}", flush=True)
    for link in ready.sign_in:
        print(f"sign-in: {link}", flush=True)


if __name__ == "__main__":
    main()
