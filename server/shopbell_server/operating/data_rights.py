"""`shopbell-server export | forget | erasures`: what a customer may ask a shop for.

No running server is needed.

Owns: what an operator asks for and reads.
Never: what is in the file, or what is erased (`usecases`).
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING, Final

from shopbell_program.commands import CommandError, UsageError
from shopbell_program.new_file import write_new
from shopbell_server.assembly import open_database, terms_of
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.delivery.cloud_events import rfc3339
from shopbell_server.core.keeping.erasure import is_overdue, stands_for
from shopbell_server.core.keeping.takeout import as_json, as_zip
from shopbell_server.operating.terminal import moment, print_table, printable
from shopbell_server.system import SystemClock, SystemEntropy, user_name
from shopbell_server.usecases.keeping.erase import erase, erase_profile, finish, unreadable
from shopbell_server.usecases.keeping.export import export, export_profile, persons_of, profile_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.ids import Millis
    from shopbell_server.core.keeping.erasure import Erasure
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.told import Told

SHOWN: Final = 200
"""Erasures that are listed: those that are not done, and the newest others."""


def take_along(settings: Settings, arguments: argparse.Namespace) -> None:
    """Write everything that is kept of a customer, each of her enrolments apart."""
    if arguments.format == "csv" and arguments.out is None and sys.stdout.isatty():
        raise UsageError("a ZIP file is nothing for a terminal: give --out FILE")
    actor = Actor(kind="operator", name=user_name())
    terms = terms_of(settings)
    now_ms = SystemClock().now_ms()
    with contextlib.closing(open_database(settings)) as database, database.begin() as work:
        found = persons_of(work, arguments.person)
        taken = [
            export(
                work,
                now_ms,
                enrolment=each,
                rules=terms.rules,
                actor=actor,
                form=arguments.format,
            )
            for each in found
        ]
        profile = None if found else profile_of(work, arguments.person)
        if profile is not None:
            taken = [export_profile(work, now_ms, profile, actor=actor, form=arguments.format)]
        if not taken:
            raise CommandError(_nobody(arguments.person))
        written = as_json(taken) if arguments.format == "json" else as_zip(taken)
        # Before it is committed that she took it: what could not be written was not taken.
        _write(arguments.out, written)
        work.commit()
    if arguments.out is not None:
        print(f"{arguments.out}: {len(taken)} enrolments, {len(written)} bytes")


def forget(settings: Settings, arguments: argparse.Namespace) -> None:
    """Erase a customer, after asking whether that is meant."""
    if (arguments.person is None) != arguments.unreadable:
        raise UsageError("give one of PERSON and --unreadable")
    if arguments.unreadable:
        _forget_again(settings, arguments)
        return
    with contextlib.closing(open_database(settings)) as database:
        with database.read() as work:
            persons = [each.person for each in persons_of(work, arguments.person)]
            profile = None if persons else profile_of(work, arguments.person)
        if not persons and profile is None:
            raise CommandError(_nobody(arguments.person))
        if not arguments.yes:
            whom = printable(arguments.person)
            _ask(f"{whom}, {len(persons)} enrolments," if persons else f"the profile {whom}")
        erasures = _erased(database, settings, persons, arguments.person)
        done = _finished(database, erasures)
    for each, is_done in zip(erasures, done, strict=True):
        told = "done" if is_done else "rows and keys are gone; sinks are told by the server"
        print(f"{each.id}: {told}")
    print(
        "Backups of the database hold nothing readable of it once those of the key store are gone: "
        "within 7 days, as the runbook says. `shopbell-server erasures` shows what sinks answer."
    )


def _forget_again(settings: Settings, arguments: argparse.Namespace) -> None:
    """Erase everybody whose key is gone: they were erased since the backup that was brought back."""
    with contextlib.closing(open_database(settings)) as database:
        found, count = unreadable(database)
        if found and len(found) == count:
            raise CommandError(
                f"none of {count} enrolments is readable: these keys are not those of this database, "
                "or they were lost. Nothing was erased; see the runbook"
            )
        if found and not arguments.yes:
            _ask(
                f"{len(found)} of {count} enrolments that have no key (not meant if older keys were "
                "restored: who enrolled since then has none either)"
            )
        erasures = [
            each for person in found for each in _erased(database, settings, [person], person)
        ]
        _finished(database, erasures)
    print(f"{len(erasures)} of {count} enrolments were erased again")


def show(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print who was forgotten, without a name; return 1 if something is overdue."""
    now_ms = SystemClock().now_ms()
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        found = [
            (
                each,
                work.told.of(stands_for(each.id)),
                work.erasures.waiting(stands_for(each.id)),
            )
            for each in work.erasures.all(SHOWN)
        ]
    overdue = any(is_overdue(each, now_ms) for each, _, _ in found)
    if arguments.json:
        print(json.dumps([_plain(*each, now_ms) for each in found]))
        return int(overdue)
    rows: list[tuple[str, ...]] = [("ERASURE", "ASKED", "BY", "KEYS DESTROYED", "DONE", "SINKS")]
    rows += [
        (
            each.id,
            moment(each.asked_ms),
            each.asked_by,
            "not yet" if each.keys_ms is None else moment(each.keys_ms),
            _done(each, now_ms),
            _sinks(told, waiting),
        )
        for each, told, waiting in found
    ]
    print_table(rows)
    return int(overdue)


def _erased(
    database: SqlDatabase, settings: Settings, persons: Sequence[str], named: str
) -> list[Erasure]:
    """Erase each in a transaction of its own; what was erased with another is not there any more."""
    actor = Actor(kind="operator", name=user_name())
    terms = terms_of(settings)
    entropy, now_ms = SystemEntropy(), SystemClock().now_ms()
    erasures: list[Erasure] = []
    for _ in persons:
        with database.begin() as work:
            left = persons_of(work, named)
            if not left:
                break
            person = left[0].person
            erased = erase(work, entropy, now_ms, person=person, actor=actor, terms=terms)
            work.commit()
        erasures += erased.erasures if erased is not None else ()
    with database.begin() as work:
        profile = profile_of(work, named)
        if profile is not None:
            erasures.append(erase_profile(work, entropy, now_ms, profile=profile, actor=actor))
            work.commit()
    return erasures


def _finished(database: SqlDatabase, erasures: Sequence[Erasure]) -> list[bool]:
    now_ms = SystemClock().now_ms()
    return [finish(database, each, now_ms) for each in erasures]


def _nobody(named: str) -> str:
    whom = f'there is no enrolment and no profile "{printable(named)}"'
    return f"{whom}: it never was, or was forgotten already"


def _ask(whom: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked whether it is meant: give --yes")
    answer = input(f"Erase {whom} for good? Nobody can undo it. Type yes: ")
    if answer.strip() != "yes":
        raise CommandError("nothing was erased")


def _write(path: Path | None, written: bytes) -> None:
    if path is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    try:
        # A new file, readable to nobody else from its first byte on.
        write_new(path, written, mode=0o600)
    except FileExistsError:
        raise CommandError(f'there is a file "{path}" already: give another one as --out') from None
    except OSError as error:
        raise CommandError(f'cannot write "{path}": {error.strerror}') from None


def _done(erasure: Erasure, now_ms: Millis) -> str:
    if erasure.done_ms is not None:
        return moment(erasure.done_ms)
    return "OVERDUE" if is_overdue(erasure, now_ms) else "not yet"


def _sinks(told: Sequence[Told], waiting: Mapping[str, int]) -> str:
    answers = [f"{each.sink}: {printable(each.answer)}" for each in told]
    behind = sorted(waiting.keys() - {each.sink for each in told})
    return ", ".join([*answers, *(f"{sink}: waits" for sink in behind)]) or "none"


def _plain(
    erasure: Erasure, told: Sequence[Told], waiting: Mapping[str, int], now_ms: Millis
) -> dict[str, object]:
    return {
        "erasure": erasure.id,
        "person": erasure.person,
        "asked_at": rfc3339(erasure.asked_ms),
        "asked_by": erasure.asked_by,
        "keys_destroyed_at": None if erasure.keys_ms is None else rfc3339(erasure.keys_ms),
        "done_at": None if erasure.done_ms is None else rfc3339(erasure.done_ms),
        "overdue": is_overdue(erasure, now_ms),
        "sinks": [
            {
                "sink": each.sink,
                "told": each.delivered,
                "answer": each.answer,
                "at": rfc3339(each.at_ms),
            }
            for each in told
        ],
        "waiting": sorted(waiting),
    }
