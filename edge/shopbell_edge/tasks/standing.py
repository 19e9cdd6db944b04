"""What is in force when everything begins: the file, and what the server laid over it that still holds.

Owns: looking at the kept documents once more, for the file, the key and this edge's name may have changed.
Never: obeys (`tasks.obey`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from shopbell_edge.core import standing
from shopbell_program.settings import SettingsError
from shopbell_wire.malformed import MalformedError
from shopbell_wire.orders import Configure, Forged, unseal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_edge.config.reading import OwnFile
    from shopbell_edge.config.tables import Settings
    from shopbell_edge.core.standing import Book, Document
    from shopbell_edge.tasks.obey import Who

log = structlog.get_logger()


def begun(book: Book, own: OwnFile, who: Who, failure: str | None) -> tuple[Book, Settings]:
    """Return the book as everything begins (once more), and the settings that are in force.

    `failure` is why everything had to begin anew, if it ended under settings that were on trial. A document
    that holds no more is dropped, which is said in the log and owed to the server.
    """
    if failure is not None:
        book = standing.dropped(book, failure)
    book = standing.started(book)
    while (document := book.in_force) is not None:
        found = _settings_of(document, own, who)
        if not isinstance(found, str):
            return book, found
        log.error("settings_dropped", number=document.number, reason=found)
        book = standing.dropped(book, found)
    return book, own.settings


def faults(own: OwnFile, document: Mapping[str, Any]) -> list[str]:
    """Return all that is wrong with `document`, laid over the file; nothing if it can be in force."""
    try:
        own.under(document)
    except SettingsError as error:
        return [str(each) for each in error.faults]
    return []


def _settings_of(document: Document, own: OwnFile, who: Who) -> Settings | str:
    """Return the settings with `document` in force, or why it cannot be."""
    if who.verify is None:
        return "this edge has no key any more to know the retailer by"
    try:
        order = unseal(document.payload, "config", who.verify)
    except MalformedError as error:
        return f"cannot be read any more: {error}"
    if isinstance(order, Forged) or not isinstance(order.task, Configure):
        return "is not signed by the key that this edge knows now"
    if (order.tenant, order.edge) != (who.tenant, who.edge):
        return "is for another edge: this card, or its file, was another's"
    try:
        return own.under(order.task.settings)
    except SettingsError as error:
        return standing.listed([str(each) for each in error.faults])
