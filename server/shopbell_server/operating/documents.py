"""`shopbell-server documents`: the papers that a shop needs before it may listen.

Owns: taking the facts from settings, database and edges' files, and writing the papers.
Never: what they say (`papers`). The server need not run.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shopbell_server.assembly import open_database
from shopbell_server.core.language import DOCUMENT_LANGUAGES
from shopbell_server.papers.facts import facts_of
from shopbell_server.papers.render import papers
from shopbell_server.papers.sensing import in_force, read_edges, sensing_of
from shopbell_server.system import SystemClock

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from shopbell_server.config.settings import Settings
    from shopbell_server.papers.facts import Facts

ORDERS_READ: Final = 1_000
"""Of an edge: in how many of its latest orders its settings from afar are looked for."""


def documents(settings: Settings, arguments: argparse.Namespace) -> None:
    """Write the papers into `--out`, over those of before, and say which and what they lack."""
    facts = _facts(settings, arguments.edges)
    languages = (arguments.language,) if arguments.language else DOCUMENT_LANGUAGES
    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in papers(facts, languages).items():
        path = folder / name
        path.write_text(text, "utf-8", newline="")
        print(path)
    for key in facts.missing:
        print(f"lacks {key}: set it in {arguments.config}, or fill it in by hand")
    for edge in facts.unheard:
        print(f'lacks what "{edge}" hears: give a folder with its edge.toml as --edges')


def _facts(settings: Settings, edges_in: Path | None) -> Facts:
    files = {} if edges_in is None else read_edges(edges_in)
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        stores = work.registry.stores()
        edges = work.registry.edges()
        return facts_of(
            settings,
            stores=stores,
            zones={store.id: work.registry.zones(store.id) for store in stores},
            edges=edges,
            sensing={
                edge: sensing_of(document, in_force(work.orders.of(edge, ORDERS_READ)))
                for edge, document in files.items()
                if edge in edges
            },
            made_on=datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC).date().isoformat(),
        )
