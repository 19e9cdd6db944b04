"""Orders to edges, in words and as JSON: for all commands that show one.

Owns: what an order is called.
Never: gives one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from shopbell_wire.orders import (
    Configure,
    Identify,
    RestartScanner,
    RotateIdentity,
    SendDiagnostics,
)

if TYPE_CHECKING:
    from shopbell_server.core.edges.orders import Ordered
    from shopbell_wire.orders import Task


def plain(ordered: Ordered) -> dict[str, Any]:
    """Return an order for programs."""
    answer = ordered.answer
    return {
        "edge": ordered.edge,
        "number": ordered.number,
        "order": said(ordered.task),
        "task": msgspec.to_builtins(ordered.task),
        "by": ordered.by,
        "issued_ms": ordered.issued_ms,
        "expires_ms": ordered.expires_ms,
        "result": None if answer is None else answer.result,
        "reason": None if answer is None else answer.reason,
        "answered_ms": None if answer is None else answer.at_ms,
        "findings": None if ordered.findings is None else msgspec.to_builtins(ordered.findings),
    }


def said(task: Task) -> str:
    """Return what `task` is, in a few words."""
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
