"""Settings of what a process does. Owns: the table [run]."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

Role = Literal["ingest", "web", "jobs"]
"""`ingest` takes in what edges send; `web` serves boards, customers and systems; `jobs` does what time asks
for (ends visits, forgets, signs) and delivers to sinks."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Run(Struct, frozen=True, kw_only=True):
    """What this process does. Everything, unless other processes do the rest."""

    roles: Annotated[tuple[Role, ...], Meta(min_length=1)] = ROLES


def is_whole(run: Run) -> bool:
    """Return whether one process does everything."""
    return set(run.roles) == set(ROLES)
