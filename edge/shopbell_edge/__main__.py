"""`shopbell-edge`: the daemon and what goes with it.

What a command needs is loaded when it runs: a small machine takes seconds for all of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import CommandError, CommandLine, UsageError, loading, run

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from shopbell_edge.adapters.spool.reading import RefusedBatch, Waiting
    from shopbell_edge.config.tables import Settings


_MOST_LISTEN_S = 3600.0


def main() -> None:
    """Run the command line."""
    sys.exit(run(_command))


def _command() -> int | None:
    arguments = _arguments()
    command = {
        "run": _run,
        "check-config": _check_config,
        "doctor": _doctor,
        "scan": _scan,
        "spool": _spool,
    }[arguments.command]
    return command(arguments)


def _arguments() -> argparse.Namespace:
    line = CommandLine(
        "shopbell-edge",
        "Hear opted-in phones and read loyalty codes; tell the server.",
        "run --config edge.toml",
    )
    line.add("run", "run the daemon until SIGTERM", "run --config edge.toml")
    line.add(
        "check-config", "say all that is wrong with the settings", "check-config --config edge.toml"
    )
    doctor = line.add("doctor", "say what works on this machine, what does not, and what to do",
                "doctor --config edge.toml --listen 60")  # fmt: skip
    doctor.add_argument("--listen", type=float, default=60.0, metavar="SECONDS",
                help="how long to listen before the radios (default: 60)")  # fmt: skip
    doctor.add_argument("--json", action="store_true", help="print JSON")
    scan = line.add("scan", "show what is heard now", "scan --config edge.toml --seconds 30")
    scan.add_argument("--seconds", type=float, help="stop after so long (default: until Ctrl-C)")
    scan.add_argument("--json", action="store_true", help="print one JSON document after --seconds")
    spool = line.add("spool", "show what waits for the server, how old it is, and how much room it has",
                "spool --config edge.toml --json")  # fmt: skip
    spool.add_argument("--refused", action="store_true", help="list what the server will not take")
    spool.add_argument("--json", action="store_true", help="print JSON")
    return line.parse()


def _run(arguments: argparse.Namespace) -> None:
    with loading():
        from shopbell_edge import daemon  # noqa: PLC0415  # as said above
        from shopbell_edge.config.reading import read_file  # noqa: PLC0415  # as above
        from shopbell_program import logs  # noqa: PLC0415  # as above
    own = read_file(arguments.config)
    logs.configure()
    try:
        asyncio.run(daemon.run(own, daemon.notify_socket()))
    except* (OSError, ModuleNotFoundError) as group:
        reasons = sorted({_explained(each) for each in _leaves(group)})
        said = "\n".join(f"cannot run: {each}" for each in reasons)
        raise CommandError(f"{said} (see also `shopbell-edge doctor`)") from None


def _explained(error: BaseException) -> str:
    match error:
        case ModuleNotFoundError():
            return f"{error}; cameras need deploy/requirements/edge-qr.txt, the extra shopbell[edge,qr]"
        case _:
            return str(error)


def _leaves(error: BaseException) -> list[BaseException]:
    """Return the real errors in a group of groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]


def _check_config(arguments: argparse.Namespace) -> None:
    with loading():
        from shopbell_edge import assembly  # noqa: PLC0415  # as said above
        from shopbell_edge.config.checks import open_secrets  # noqa: PLC0415  # as above
    settings = _settings(arguments)
    assembly.sealing(settings)
    assembly.verifying(settings)
    for each in open_secrets(settings):
        print(f"beware: {each}", file=sys.stderr)
    named = (*settings.radios, *settings.cameras, *settings.usb_scanners)
    scanners = ", ".join(each.scanner for each in named)
    print(f"{arguments.config} is right: edge {settings.edge} of {settings.tenant}, {scanners}")


def _doctor(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.listen <= _MOST_LISTEN_S:
        raise UsageError(f"--listen is {arguments.listen:g}; give 1 to {_MOST_LISTEN_S:g} seconds")
    with loading():
        from shopbell_edge.doctor.command import run as examine  # noqa: PLC0415  # as said above
    return examine(arguments.config, arguments.listen, as_json=arguments.json)


def _scan(arguments: argparse.Namespace) -> None:
    settings = _settings(arguments)
    if not settings.radios:
        raise CommandError(f"{arguments.config} names no radio; add a [[radios]] table")
    if arguments.json and arguments.seconds is None:
        raise UsageError("scan --json prints once it has listened: say for how long with --seconds")
    _listen(settings, arguments.seconds, as_json=arguments.json)


def _listen(settings: Settings, seconds: float | None, *, as_json: bool) -> None:
    with loading():
        from shopbell_edge.live_table import LiveTable  # noqa: PLC0415  # as said above
        from shopbell_edge.ports import RadioLostError  # noqa: PLC0415  # as above
    try:
        asyncio.run(LiveTable(settings).run(seconds, as_json=as_json))
    except* RadioLostError as group:
        reason = "; ".join(str(each) for each in _leaves(group))
        raise CommandError(f"nothing can be heard: {reason}") from None


def _spool(arguments: argparse.Namespace) -> None:
    with loading():
        from shopbell_edge.adapters.spool import reading  # noqa: PLC0415  # as said above
    settings = _settings(arguments).spool
    path = Path(settings.path)
    try:
        if arguments.refused:
            _print_refused(reading.refused(path), as_json=arguments.json)
        else:
            room_bytes = settings.size_mib * 1024 * 1024
            _print_waiting(reading.waiting(path), room_bytes, as_json=arguments.json)
    except reading.NoSpoolError as error:
        raise CommandError(str(error)) from None


def _settings(arguments: argparse.Namespace) -> Settings:
    from shopbell_edge.config.reading import read_settings  # noqa: PLC0415  # as said above

    return read_settings(arguments.config)


def _print_refused(batches: Sequence[RefusedBatch], *, as_json: bool) -> None:
    if as_json:
        fields = ("stream", "seq", "index", "reason", "size_bytes")
        print(json.dumps([{name: getattr(each, name) for name in fields} for each in batches]))
        return
    for each in batches:
        which = "" if each.index is None else f", event {each.index}"
        # Escaped: the reason is the server's word, and a broker's who lies.
        reason = each.reason if each.reason.isprintable() else repr(each.reason)
        print(f"{each.stream} {each.seq}{which}: {reason} ({each.size_bytes} bytes)")
    if not batches:
        print("the server has refused nothing")


def _print_waiting(found: Waiting, room_bytes: int, *, as_json: bool) -> None:
    now_ms = time.time_ns() // 1_000_000
    age_s = None if found.oldest_ms is None else max(0, (now_ms - found.oldest_ms) // 1000)
    if as_json:
        print(
            json.dumps(
                {
                    "events": found.events,
                    "scans": found.scans,
                    "batches": found.batches,
                    "batch_events": found.batch_events,
                    "refused": found.refused,
                    "oldest_s": age_s,
                    "size_bytes": found.size_bytes,
                    "room_bytes": room_bytes,
                    "dropped": found.dropped,
                }
            )
        )
        return
    print(
        f"{found.events} events wait ({found.scans} scans), {found.batches} batches are on the way"
    )
    print(f"oldest: {'nothing waits' if age_s is None else f'{age_s} s ago'}")
    share = found.size_bytes / room_bytes
    print(f"room used: {found.size_bytes / 1024:.0f} KiB, {share:.1%} of {room_bytes >> 20} MiB")
    for reason, count in sorted(found.dropped.items()):
        print(f"given up, {reason}: {count}")
    if found.refused:
        print(f"{found.refused} refused by the server: see --refused")


if __name__ == "__main__":
    main()
