"""The names under which messages travel: written and read here, and nowhere else.

Owns: the topics of the contract and the filters that subscribe to them.
Never: rights. Who may use which topic is the broker's rule, after the same pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shopbell_wire.malformed import MalformedError
from shopbell_wire.messages import NAME_PATTERN, VERSION

ROOT: Final = f"shopbell/v{VERSION}"

_ROOT_LEVELS: Final = ROOT.split("/")

_BOARD: Final = "_board"
"""Where an edge's name would stand; no edge can be called so, for `_` is not in its alphabet."""


class Kind(StrEnum):
    """What an edge says (`up/`) and what it is told (`down/`)."""

    LIVE = "up/live"
    BACKLOG = "up/backlog"
    STATUS = "up/status"
    ACK = "down/ack"
    CONFIG = "down/config"
    COMMAND = "down/command"


_KINDS: Final = frozenset(str(kind) for kind in Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTopic:
    """One kind of message from or to one edge; `str()` is the topic's name.

    Raises MalformedError for a tenant or edge that is no name: neither can become a wildcard.
    """

    tenant: str
    edge: str
    kind: Kind

    def __post_init__(self) -> None:
        _check_name("tenant", self.tenant)
        _check_name("edge", self.edge)

    def __str__(self) -> str:
        return f"{ROOT}/{self.tenant}/{self.edge}/{self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTopic:
    """Board changes of one store, between server processes (ids only); `str()` is the topic's name."""

    tenant: str
    store: str

    def __post_init__(self) -> None:
        _check_name("tenant", self.tenant)
        _check_name("store", self.store)

    def __str__(self) -> str:
        return f"{ROOT}/{self.tenant}/{_BOARD}/{self.store}"


def parse(topic: str) -> EdgeTopic | BoardTopic:
    """Return what `topic` names, or raise MalformedError (`topic`) for any other topic or a filter."""
    levels = topic.split("/")
    match levels[2:] if levels[:2] == _ROOT_LEVELS else []:
        case [tenant, "_board", store]:
            return BoardTopic(tenant=tenant, store=store)
        case [tenant, edge, *kind] if "/".join(kind) in _KINDS:
            return EdgeTopic(tenant=tenant, edge=edge, kind=Kind("/".join(kind)))
        case _:
            raise MalformedError("topic", f"not a topic of {ROOT}/")


def from_edges(tenant: str) -> str:
    """Return the filter by which a server hears all edges of its tenant."""
    _check_name("tenant", tenant)
    return f"{ROOT}/{tenant}/+/up/+"


def statuses(tenant: str) -> str:
    """Return the filter by which a server hears how the edges of its tenant do, and no batches."""
    _check_name("tenant", tenant)
    return f"{ROOT}/{tenant}/+/{Kind.STATUS}"


def to_edge(tenant: str, edge: str) -> str:
    """Return the filter by which an edge hears what it is told, and nothing else."""
    _check_name("tenant", tenant)
    _check_name("edge", edge)
    return f"{ROOT}/{tenant}/{edge}/down/+"


def between_boards(tenant: str) -> str:
    """Return the filter by which a server process hears of the others' board changes."""
    _check_name("tenant", tenant)
    return f"{ROOT}/{tenant}/{_BOARD}/+"


def _check_name(what: str, name: str) -> None:
    if not re.match(NAME_PATTERN, name):
        raise MalformedError("topic", f"the {what} must be 1-40 of a-z, 0-9 and -")
