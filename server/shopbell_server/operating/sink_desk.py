"""`shopbell-server sinks …`: what waits for receivers, and what they did not take. Needs no running server.

Owns: what an operator asks for and reads.
Never: sending: the running server sends what is due again within a second.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.assembly import open_database
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.ids import FactId
from shopbell_server.operating.terminal import moment, print_table, printable
from shopbell_server.system import SystemClock, user_name
from shopbell_server.usecases.delivery.dead_letters import (
    Nothing,
    dead_letters,
    discard,
    replay,
    sinks_now,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import UnitOfWork


def show(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print how every sink does."""
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        found = sinks_now(work, [each.name for each in settings.sinks])
    if arguments.json:
        print(json.dumps([dataclasses.asdict(each) for each in found]))
        return
    rows: list[tuple[str, ...]] = [("SINK", "WAITING", "SINCE", "DEAD LETTERS", "")]
    rows += [
        (
            each.name,
            str(each.waiting),
            "" if each.since_ms is None else moment(each.since_ms),
            str(each.dead),
            "" if each.configured else "not in the settings any more",
        )
        for each in found
    ]
    print_table(rows)


def show_dead(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print the dead letters of a sink."""
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        _require(settings, work, arguments.sink)
        found = dead_letters(work, arguments.sink)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(each) for each in found]))
        return
    if not found:
        print(f"{arguments.sink} has no dead letter")
        return
    rows: list[tuple[str, ...]] = [("ID", "TYPE", "QUEUED", "GIVEN UP", "ATTEMPTS", "ANSWER")]
    rows += [
        (
            each.fact,
            each.kind,
            moment(each.recorded_ms),
            moment(each.dead_ms),
            str(each.attempts),
            printable(each.reason),
        )
        for each in found
    ]
    print_table(rows)


def send_again(settings: Settings, arguments: argparse.Namespace) -> None:
    """Let one dead letter, or all of a sink, be sent again."""
    if (arguments.id is None) != arguments.all:
        raise UsageError("give one of ID and --all")
    fact = None if arguments.id is None else FactId(arguments.id)

    def act(work: UnitOfWork, now_ms: Millis, actor: Actor) -> int | Nothing:
        return replay(work, now_ms, sink=arguments.sink, fact=fact, actor=actor)

    count = _act(settings, arguments, act)
    print(f"{count} sent again by the running server, as far as their customers still allow it")


def throw_away(settings: Settings, arguments: argparse.Namespace) -> None:
    """Throw a dead letter away."""

    def act(work: UnitOfWork, now_ms: Millis, actor: Actor) -> int | Nothing:
        return discard(
            work,
            now_ms,
            sink=arguments.sink,
            fact=FactId(arguments.id),
            actor=actor,
            reason=arguments.reason,
        )

    _act(settings, arguments, act)
    print(f"{arguments.id} is thrown away")


def _act(
    settings: Settings,
    arguments: argparse.Namespace,
    act: Callable[[UnitOfWork, Millis, Actor], int | Nothing],
) -> int:
    with contextlib.closing(open_database(settings)) as database, database.begin() as work:
        _require(settings, work, arguments.sink)
        done = act(work, SystemClock().now_ms(), Actor(kind="operator", name=user_name()))
        if isinstance(done, Nothing):
            raise CommandError(
                f'{arguments.sink} has no dead letter "{arguments.id}"; '
                f"`shopbell-server sinks dead {arguments.sink}` shows which there are"
            )
        work.commit()
    return done


def _require(settings: Settings, work: UnitOfWork, sink: str) -> None:
    known = {each.name for each in sinks_now(work, [each.name for each in settings.sinks])}
    if sink not in known:
        raise CommandError(
            f'there is no sink "{sink}"; `shopbell-server sinks list` shows which there are'
        )
