"""`shopbell-server edge …`: how edges do, what they were told, and telling them.

Owns: what an operator asks for and reads. No running server is needed but for its answers and its embedded
broker: this connects to database and broker itself.
Never: how an order is made (`usecases.orders`) or carried (`ingest.courier`).
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shopbell_program.commands import CommandError, UsageError
from shopbell_program.settings import Fault, SettingsError, decoded
from shopbell_program.signing import KEY_BYTES, Signer
from shopbell_server.assembly import courier_of, open_database, signer_of
from shopbell_server.core.ids import EdgeId, TenantId
from shopbell_server.core.lineage import is_settled
from shopbell_server.ingest.account import BrokerCertificatesError
from shopbell_server.ingest.embedded_broker import BrokerFailedError
from shopbell_server.system import SystemClock, SystemEntropy
from shopbell_server.usecases.orders import UnknownEdgeError, Wish, order
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
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.orders import Ordered
    from shopbell_server.core.registry import Edge
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_wire.messages import Status
    from shopbell_wire.orders import Task

ORDERS_READ: Final = 1_000
"""Of an edge that is two: in how many of its latest orders the one to speak anew is looked for."""

POLL_S: Final = 0.2
"""How late an answer is seen, by somebody who waits for it."""

_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

PRIVATE: Final = "orders.key"
PUBLIC: Final = "orders.pub"


def list_edges(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print how every edge of the registry does, by what it said last.

    Where the broker cannot be asked, what the database knows is printed before that is raised.
    """
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        stores = {store.id: store.name for store in work.registry.stores()}
        edges = sorted(work.registry.edges().values(), key=lambda each: each.id)
        latest = work.orders.latest()
        given_up = work.edge_records.losses()
        cloned = {
            edge: at_ms
            for edge, at_ms in work.edge_records.cloned().items()
            if not is_settled(work.orders.of(edge, ORDERS_READ), at_ms)
        }
    statuses: Mapping[str, Status] = {}
    unasked: Exception | None = None
    try:
        with courier_of(settings) as courier:
            statuses = courier.statuses()
    except (OSError, BrokerCertificatesError, BrokerFailedError) as error:
        unasked = error
    rows = [
        _row(each, stores[each.store], statuses.get(each.id), latest.get(each.id))
        | {"given_up": given_up.get(each.id, {}), "cloned_ms": cloned.get(each.id)}
        for each in edges
    ]
    if arguments.json:
        print(json.dumps(rows))
    else:
        lines: list[tuple[str, ...]] = [
            ("EDGE", "STORE", "STATE", "VERSION", "SETTINGS", "SCANNERS", "GIVEN UP", "LAST ORDER")
        ]
        lines += [_words(row) for row in rows]
        _print_table(lines)
    if unasked is not None:
        raise unasked


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
        print(json.dumps([_plain(each) for each in found]))
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
                _said(each.task),
                each.by,
                _moment(each.issued_ms),
                "no answer" if answer is None else answer.result,
                _waits(each, now_ms) if answer is None else _printable(answer.reason),
            )
        )
    _print_table(lines)


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
    _write(private, key.hex(), 0o600)
    _write(public, Signer(key).public_key.hex(), 0o644)
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
        by=arguments.by or _operator(),
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
        print(json.dumps(_plain(ordered)))
    elif answer is None:
        print(f"number {ordered.number} was sent to {ordered.edge}: {_said(ordered.task)}")
        if waited:
            until = _moment(ordered.expires_ms)
            print(
                f"no answer yet; void after {until}. Is the edge online (`shopbell-server edge list`), "
                "does it know the key, and does the server run?"
            )
    else:
        print(
            f"{ordered.edge}, number {ordered.number}: {answer.result}: {_printable(answer.reason)}"
        )
        for each in ordered.findings or ():
            remedy = f" ({_printable(each.remedy)})" if each.remedy else ""
            print(f"{each.verdict:4} {_printable(each.check)}: {_printable(each.found)}{remedy}")
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


def _row(edge: Edge, store: str, status: Status | None, ordered: Ordered | None) -> dict[str, Any]:
    """Return what is known of an edge, for programs."""
    row: dict[str, Any] = {
        "edge": edge.id,
        "store": edge.store,
        "store_name": store,
        "active": edge.active,
        "state": "unknown",
        "since_ms": None,
        "version": None,
        "config": None,
        "in_force": None,
        "scanners": {},
        "last_order": None if ordered is None else _plain(ordered),
    }
    if status is not None:
        row |= {
            "state": status.state,
            "since_ms": _since_ms(status),
            "version": status.version,
            "config": status.config,
            "in_force": status.in_force if isinstance(status.in_force, int) else None,
            "scanners": {each.scanner: each.state for each in status.scanners},
        }
    return row


def _since_ms(status: Status) -> int | None:
    """Return since when it is online, or until when it surely was; None where its clock is no help."""
    if status.clock.state == "unsynced":
        return None
    if status.state == "offline":
        return status.clock.wall_ms
    return status.since_ms if isinstance(status.since_ms, int) else None


def _words(row: Mapping[str, Any]) -> tuple[str, ...]:
    state = row["state"] if row["active"] else f"{row['state']}, not active"
    if row["since_ms"] is not None:
        word = "since" if row["state"] == "online" else "after"
        state += f" {word} {_moment(row['since_ms'])}"
    if row["cloned_ms"] is not None:
        state += f", two machines as of {_moment(row['cloned_ms'])}"
    ordered = row["last_order"]
    was = "was " if row["state"] == "offline" else ""
    scanners = [f"{name} {was}{how}" for name, how in row["scanners"].items()]
    settings = "" if row["config"] is None else "of its file"
    return (
        row["edge"],
        f"{row['store_name']} ({row['store']})",
        state,
        _printable(row["version"] or ""),
        settings if row["in_force"] is None else f"number {row['in_force']}",
        ", ".join(scanners),
        ", ".join(f"{count} {reason}" for reason, count in sorted(row["given_up"].items())),
        ""
        if ordered is None
        else f"{ordered['order']}: {ordered['result'] or 'no answer'} ({ordered['number']})",
    )


def _plain(ordered: Ordered) -> dict[str, Any]:
    """Return an order for programs."""
    answer = ordered.answer
    return {
        "edge": ordered.edge,
        "number": ordered.number,
        "order": _said(ordered.task),
        "task": msgspec.to_builtins(ordered.task),
        "by": ordered.by,
        "issued_ms": ordered.issued_ms,
        "expires_ms": ordered.expires_ms,
        "result": None if answer is None else answer.result,
        "reason": None if answer is None else answer.reason,
        "answered_ms": None if answer is None else answer.at_ms,
        "findings": None if ordered.findings is None else msgspec.to_builtins(ordered.findings),
    }


def _waits(ordered: Ordered, now_ms: int) -> str:
    """Return whether an order that nobody answered can still be obeyed."""
    word = "void since" if ordered.expires_ms <= now_ms else "void after"
    return f"{word} {_moment(ordered.expires_ms)}"


def _said(task: Task) -> str:
    match task:
        case Configure():
            return "configure"
        case RestartScanner():
            return f"restart-scanner {task.scanner}"
        case SendDiagnostics():
            return "diagnostics"
        case Identify():
            return f"identify for {task.for_s} s"
        case RotateIdentity():
            return "rotate-identity"


def _duration_s(text: str) -> int:
    """Return the seconds of `60`, `90s`, `5m`, `12h`, `365d`."""
    found = _DURATION.fullmatch(text if text[-1:].isalpha() else f"{text}s")
    if found is None:
        raise UsageError(f"{text!r} is no duration: write 60, 90s, 5m, 12h or 365d")
    return int(found[1]) * _SECONDS[found[2]]


def _operator() -> str:
    """Return who runs this command, by the system's users: not by a variable that anybody sets."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _write(path: Path, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{text}\n")


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _printable(text: str) -> str:
    """Escape what comes from the wire: it may hold what a terminal takes for a command."""
    return text if text.isprintable() else repr(text)


def _print_table(lines: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
