"""Settings of what the server signs: orders for edges, and checkpoints of the record of who did what.

Owns: the tables [orders] and [audit].
Never: the keys themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from shopbell_program.settings import Fault
from shopbell_server.config.files import RANDOM_KEY, no_key
from shopbell_server.config.shapes import File

if TYPE_CHECKING:
    from collections.abc import Iterator


class Orders(Struct, frozen=True, kw_only=True):
    """Settings and commands for edges (`shopbell-server edge`); without this table none can be sent."""

    signing_key_file: File
    """Ed25519 private key (32 bytes, hexadecimal), whose public half is on every edge. Whoever has it can set
    every till; the running server does not need it, so it may lie on another machine with such a file."""


class Audit(Struct, frozen=True, kw_only=True):
    """Checkpoints of the record of who looked and who did what, every five minutes or 1000 records.

    Without this table the record is kept all the same; but whoever owns the database could make it anew.
    """

    checkpoint_file: File
    """Appended to; belongs where the database's owner can change nothing. One file per server."""
    signing_key_file: File
    """Ed25519 private key (32 bytes, hexadecimal)."""


def faults_of_orders(orders: Orders | None) -> Iterator[Fault]:
    """Yield what is wrong with the table [orders]."""
    if orders is not None:
        making = "`shopbell-server edge new-key` makes one"
        yield from no_key("orders.signing_key_file", orders.signing_key_file, making)


def faults_of_audit(audit: Audit | None) -> Iterator[Fault]:
    """Yield what is wrong with the table [audit]."""
    if audit is None:
        return
    folder = Path(audit.checkpoint_file).parent
    if not folder.is_dir():
        yield Fault(key="audit.checkpoint_file", problem=f'there is no folder "{folder}"')
    yield from no_key("audit.signing_key_file", audit.signing_key_file, RANDOM_KEY)
