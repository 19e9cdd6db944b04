"""The people of a load: enrolled over the server's API, once, and known again by the next load.

Owns: who still has to be enrolled or needs tokens, and asking for it, many at once.
Never: writes into a database. What enrols customers is what enrols these.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

from shopbell_program.commands import CommandError
from shopbell_program.whereabouts import leaf_of
from shopbell_sim.adapters.app import App
from shopbell_sim.adapters.app_error import AppError
from shopbell_sim.core import plan
from shopbell_sim.core.crowd import Who
from shopbell_sim.core.phone import WINDOW_S, draw_model
from shopbell_sim.load.folder import Known, store_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shopbell_sim.core.phone import Identity
    from shopbell_sim.load.asked import Load
    from shopbell_sim.load.folder import LoadFolder

AT_ONCE: Final = 16
"""Requests that wait for answers: one process of the server answers no more at once."""

KEPT_S: Final = 7_200
"""Tokens of so long are kept, beyond the load itself: the next ones of the day need not ask."""

SAVED_EVERY: Final = 2_000
"""People who are lost, at the most, when enrolling is broken off. They stay enrolled at the server."""

_GIVES: Final[frozenset[plan.Purpose]] = frozenset({"recognise_in_store", "show_to_staff"})


async def everybody(
    load: Load, folder: LoadFolder, clock: Callable[[], float], say: Callable[[str], None]
) -> dict[tuple[int, int], Known]:
    """Return all people of `load`, by store and number. Raises CommandError.

    Whom the folder does not know is enrolled; whose tokens end too soon gets new ones. `clock` returns Unix
    seconds; `say` is told how far that is.
    """
    known = {(each.store, each.person): each for each in folder.read_people()}
    wanted = [(store, person) for person in range(load.people) for store in range(load.size.stores)]
    while True:  # to enrol many takes longer than a window has
        first = int(clock() // WINDOW_S)
        # One window more at the end: a phone changes its token up to a minute late.
        last = int((clock() + load.duration_s) // WINDOW_S) + 1
        missing = [who for who in wanted if who not in known or not known[who].covers(first, last)]
        if not missing:
            return {who: known[who] for who in wanted}
        windows = range(first, last + int(KEPT_S // WINDOW_S) + 1)
        try:
            await _ask(load, folder, known, missing, windows, say)
        except* AppError as group:
            raise CommandError(str(leaf_of(group))) from None


async def _ask(
    load: Load,
    folder: LoadFolder,
    known: dict[tuple[int, int], Known],
    missing: list[tuple[int, int]],
    windows: range,
    say: Callable[[str], None],
) -> None:
    left = iter(missing)
    done = 0

    async def work(app: App) -> None:
        nonlocal done
        for who in left:
            known[who] = await _known(app, who, known.get(who), windows)
            done += 1
            if done % SAVED_EVERY == 0:
                say(f"{done} of {len(missing)} people have their tokens")
                folder.write_people(known.values())

    say(f"asking {load.server} for enrolments and tokens of {len(missing)} people")
    async with App(load.server, folder.read_key()) as app:
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(AT_ONCE):
                    tasks.create_task(work(app))
        finally:
            folder.write_people(known.values())


async def _known(app: App, who: tuple[int, int], before: Known | None, windows: range) -> Known:
    store, person = who
    name = f"{store_name(store)}-{person}"
    enrolled = await app.enrol(_person(name)) if before is None else before.enrolled
    identity = await app.identity(enrolled)
    if identity is None:
        raise AppError(
            f"{name}: is not recognised any more; remove the load's people and enrol anew"
        )
    tokens = list(_tokens(identity, windows))
    return Known(
        store=store,
        person=person,
        enrolled=enrolled,
        first_window=windows[0],
        id32=tuple(id32 for id32, _ in tokens),
        id64=tuple(id64 for _, id64 in tokens),
    )


def _tokens(identity: Identity, windows: range) -> Iterator[tuple[str, str]]:
    for window in windows:
        token = identity.tokens.get(window)
        if token is None:  # the server's clock is a window ahead, or the load is a week long
            raise AppError(
                "the server gave no token for the time of the load; are the clocks of both alike?"
            )
        yield token.id32, token.id64


def _person(name: str) -> plan.Person:
    return plan.Person(
        who=Who(name),
        first_name="Load",
        language="en",
        gives=_GIVES,
        phone=draw_model(random.Random(name)),
        changes_mind=False,
    )
