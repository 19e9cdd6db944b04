"""Settings of what the server signs: orders for edges, and checkpoints of the record of who did what.

Owns: the tables [orders] and [audit].
Never: the keys themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_program.settings import Fault
from shopbell_server.config.auditor import Report, faults_of_report
from shopbell_server.config.endpoints import faults_of_endpoint
from shopbell_server.config.files import RANDOM_KEY, in_the_way, no_private_key
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
    checkpoint_url: Annotated[str, Meta(examples=["https://audit.example/shopbell"])] | None = None
    """Every checkpoint is posted there too, and sent again until it is confirmed. Then `checkpoint_file` may
    lie on this machine: it holds what an outage of the receiver leaves unsent."""
    checkpoint_token_file: str | None = None
    """What the receiver knows us by: one line, sent as `Authorization: Bearer`."""
    checkpoint_timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0
    """As for webhooks."""
    allow_loopback: bool = False
    """Lets `checkpoint_url` be of this machine: for a relay beside the server."""
    report: Report | None = None


def faults_of_orders(orders: Orders | None) -> Iterator[Fault]:
    """Yield what is wrong with the table [orders]."""
    if orders is not None:
        making = "`shopbell-server edge new-key` makes one"
        yield from no_private_key("orders.signing_key_file", orders.signing_key_file, making)


def faults_of_audit(audit: Audit | None) -> Iterator[Fault]:
    """Yield what is wrong with the table [audit]."""
    if audit is None:
        return
    folder = Path(audit.checkpoint_file).parent
    if not folder.is_dir():
        yield Fault(key="audit.checkpoint_file", problem=f'there is no folder "{folder}"')
    yield from no_private_key("audit.signing_key_file", audit.signing_key_file, RANDOM_KEY)
    yield from faults_of_report(audit.report)
    if audit.checkpoint_url is not None:
        yield from faults_of_endpoint(
            "audit.checkpoint_url", audit.checkpoint_url, allow_loopback=audit.allow_loopback
        )
        yield from _token(audit.checkpoint_token_file)
    elif audit.checkpoint_token_file is not None:
        yield Fault(
            key="audit.checkpoint_token_file", problem="goes with audit.checkpoint_url: give both"
        )


def _token(path: str | None) -> Iterator[Fault]:
    """Yield that a token is no single line that fits into a header."""
    if path is None or in_the_way(path) is not None:
        return
    token = Path(path).read_text("utf-8").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        yield Fault(
            key="audit.checkpoint_token_file",
            problem=f'"{path}" does not hold one line of printable ASCII without blanks',
        )
