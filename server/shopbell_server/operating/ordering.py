"""`shopbell-server edge configure | command | orders | new-key`: telling edges, and what they were told.

Owns: what an operator asks for and reads. No running server is needed but for its answers and its embedded
broker: this connects to database and broker itself.
Never: how an order is made (`usecases.intake.orders`) or carried (`ingest.courier`).
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_program.commands import CommandError, UsageError
from shopbell_program.new_file import write_new
from shopbell_program.settings import Fault, SettingsError, decoded
from shopbell_program.signing import KEY_BYTES, Signer
from shopbell_server.assembly import open_database, signer_of
from shopbell_server.core.ids import EdgeId, TenantId
from shopbell_server.lines import courier_of
from shopbell_server.operating.order_words import plain, said
from shopbell_server.operating.terminal import moment, print_table, printable
from shopbell_server.system import SystemClock, SystemEntropy, user_name
from shopbell_server.usecases.intake.orders import UnknownEdgeError, Wish, order
from shopbell_wire.malformed import MalformedError
from shopbell_wire.orders import (
    COMMAND_MOST_MS,
    Configure,
    Identify,
    RestartScanner,
    RotateIdentity,
    SendDiagnostics,
    kind_of,
)
from shopbell_wire.settable import unsettable

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.edges.orders import Ordered
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_wire.orders import Task

POLL_S: Final = 0.2
"""How late an answer is seen, by somebody who waits for it."""

_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

PRIVATE: Final = "orders.key"
PUBLIC: Final = "orders.pub"


def configure(settings: Settings, arguments: argparse.Namespace) -> int:
    """Send the settings in a file to an edge, where they stay until others come."""
    document = decoded(arguments.file)
    problems = unsettable(document)
    if problems:
        faults = [Fault(key=key, problem=problem) for key, problem in problems]
        raise SettingsError(str(arguments.file), faults)
    lives_ms = _duration_s(arguments.expires) * 1000
    return _send(settings, arguments, Configure(settings=document), lives_ms)


def command(settings: Settings, arguments: argparse.Namespace) -> int:
    """Have an edge do something now, or within five minutes."""
    return _send(settings, arguments, _task(arguments), COMMAND_MOST_MS)


def orders(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print what an edge was ordered, by whom, and what became of it; the latest first."""
    edge = EdgeId(arguments.edge)
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        if edge not in work.registry.edges():
            raise UnknownEdgeError(edge)
        found = work.orders.of(edge, arguments.most)
    if arguments.json:
        print(json.dumps([plain(each) for each in found]))
        return
    if not found:
        print(f"{edge} was never ordered anything")
        return
    now_ms = SystemClock().now_ms()
    lines: list[tuple[str, ...]] = [("NUMBER", "ORDER", "BY", "AT", "RESULT", "REASON")]
    for each in found:
        answer = each.answer
        lines.append(
            (
                str(each.number),
                said(each.task),
                each.by,
                moment(each.issued_ms),
                "no answer" if answer is None else answer.result,
                _waits(each, now_ms) if answer is None else printable(answer.reason),
            )
        )
    print_table(lines)


def new_key(folder: Path) -> None:
    """Make the two halves of a key, and say where they go."""
    private, public = folder / PRIVATE, folder / PUBLIC
    folder.mkdir(parents=True, exist_ok=True)
    there = [path for path in (private, public) if path.exists()]
    if there:
        raise CommandError(
            f'"{there[0]}" is there already: every edge that knows it would obey no more. '
            "Name another folder, or take it away yourself"
        )
    key = SystemEntropy().token(KEY_BYTES)
    write_new(private, f"{key.hex()}\n".encode(), mode=0o600)
    write_new(public, f"{Signer(key).public_key.hex()}\n".encode(), mode=0o644)
    print(
        f"{private}: private, of whoever may order edges: [orders] signing_key_file in server.toml\n"
        f"{public}: to every edge: [orders] key_file in edge.toml"
    )


def _send(settings: Settings, arguments: argparse.Namespace, task: Task, lives_ms: int) -> int:
    if settings.orders is None:
        raise CommandError(
            f"{arguments.config} has no [orders]: edges obey what is signed by the key that it names. "
            "`shopbell-server edge new-key DIR` makes one"
        )
    signer = signer_of(settings.orders)
    wish = Wish(
        tenant=TenantId(settings.tenant),
        edge=EdgeId(arguments.edge),
        task=task,
        by=arguments.by or user_name(),
        now_ms=SystemClock().now_ms(),
        lives_ms=lives_ms,
    )
    # Connected first: an order that cannot be sent is not given a number.
    with (
        courier_of(settings) as courier,
        contextlib.closing(open_database(settings)) as database,
    ):
        try:
            sealed = order(database, wish, signer.sign)
        except MalformedError as error:
            raise CommandError(f"these settings cannot be sent: {error}") from None
        courier.deliver(wish.edge, kind_of(task), sealed.payload)
        ordered = sealed.ordered
        if arguments.wait:
            ordered = _awaited(database, ordered, arguments.wait)
    return _report(ordered, waited=bool(arguments.wait), as_json=arguments.json)


def _awaited(database: SqlDatabase, ordered: Ordered, wait_s: float) -> Ordered:
    until = time.monotonic() + wait_s
    while True:
        with database.read() as work:
            found = work.orders.get(ordered.edge, ordered.number) or ordered
        if found.answer is not None or time.monotonic() >= until:
            return found
        time.sleep(POLL_S)


def _report(ordered: Ordered, *, waited: bool, as_json: bool) -> int:
    answer = ordered.answer
    if as_json:
        print(json.dumps(plain(ordered)))
    elif answer is None:
        print(f"number {ordered.number} was sent to {ordered.edge}: {said(ordered.task)}")
        if waited:
            until = moment(ordered.expires_ms)
            print(
                f"no answer yet; void after {until}. Is the edge online (`shopbell-server edge list`), "
                "does it know the key, and does the server run?"
            )
    else:
        print(
            f"{ordered.edge}, number {ordered.number}: {answer.result}: {printable(answer.reason)}"
        )
        for each in ordered.findings or ():
            remedy = f" ({printable(each.remedy)})" if each.remedy else ""
            print(f"{each.verdict:4} {printable(each.check)}: {printable(each.found)}{remedy}")
    done = answer.result == "done" if answer is not None else not waited
    return 0 if done else 1


def _task(arguments: argparse.Namespace) -> Task:
    match arguments.what:
        case "restart-scanner":
            if arguments.scanner is None:
                raise UsageError("say which: edge command EDGE restart-scanner NAME")
            return RestartScanner(scanner=arguments.scanner)
        case "diagnostics":
            return SendDiagnostics()
        case "identify":
            for_s = _duration_s(arguments.seconds)
            try:
                return msgspec.convert({"type": "identify", "for_s": for_s}, Identify)
            except msgspec.ValidationError:
                raise UsageError("--for is from 1 s to 10 min") from None
        case _:
            return RotateIdentity()


def _waits(ordered: Ordered, now_ms: int) -> str:
    """Return whether an order that nobody answered can still be obeyed."""
    word = "void since" if ordered.expires_ms <= now_ms else "void after"
    return f"{word} {moment(ordered.expires_ms)}"


def _duration_s(text: str) -> int:
    """Return the seconds of `60`, `90s`, `5m`, `12h`, `365d`."""
    found = _DURATION.fullmatch(text if text[-1:].isalpha() else f"{text}s")
    if found is None:
        raise UsageError(f"{text!r} is no duration: write 60, 90s, 5m, 12h or 365d")
    return int(found[1]) * _SECONDS[found[2]]
