"""`shopbell-server edge list`: how edges do.

Owns: what an operator reads of them. No running server is needed but for its embedded broker: this connects
to database and broker itself.
Never: telling them anything (`ordering`).
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from shopbell_server.assembly import open_database
from shopbell_server.core.edges.lineage import is_settled
from shopbell_server.ingest.account import BrokerCertificatesError
from shopbell_server.ingest.embedded_broker import BrokerFailedError
from shopbell_server.lines import courier_of
from shopbell_server.operating.order_words import plain
from shopbell_server.operating.terminal import moment, print_table, printable
from shopbell_server.usecases.intake.edges_now import ORDERS_READ, since_ms

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.edges.orders import Ordered
    from shopbell_server.core.registry import Edge
    from shopbell_wire.messages import Status


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
        print_table(lines)
    if unasked is not None:
        raise unasked


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
        "last_order": None if ordered is None else plain(ordered),
    }
    if status is not None:
        row |= {
            "state": status.state,
            "since_ms": since_ms(status),
            "version": status.version,
            "config": status.config,
            "in_force": status.in_force if isinstance(status.in_force, int) else None,
            "scanners": {each.scanner: each.state for each in status.scanners},
        }
    return row


def _words(row: Mapping[str, Any]) -> tuple[str, ...]:
    state = row["state"] if row["active"] else f"{row['state']}, not active"
    if row["since_ms"] is not None:
        word = "since" if row["state"] == "online" else "after"
        state += f" {word} {moment(row['since_ms'])}"
    if row["cloned_ms"] is not None:
        state += f", two machines as of {moment(row['cloned_ms'])}"
    ordered = row["last_order"]
    was = "was " if row["state"] == "offline" else ""
    scanners = [f"{name} {was}{how}" for name, how in row["scanners"].items()]
    settings = "" if row["config"] is None else "of its file"
    return (
        row["edge"],
        f"{row['store_name']} ({row['store']})",
        state,
        printable(row["version"] or ""),
        settings if row["in_force"] is None else f"number {row['in_force']}",
        ", ".join(scanners),
        ", ".join(f"{count} {reason}" for reason, count in sorted(row["given_up"].items())),
        ""
        if ordered is None
        else f"{ordered['order']}: {ordered['result'] or 'no answer'} ({ordered['number']})",
    )
