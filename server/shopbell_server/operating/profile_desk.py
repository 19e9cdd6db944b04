"""`shopbell-server identity …`: profiles merged and split at the terminal. No running server is needed.

Owns: what an operator asks for and reads.
Never: a name or the value of an identifier: neither is printed.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.assembly import open_database, terms_of
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.identity.guards import Refused
from shopbell_server.core.identity.history import undone_by
from shopbell_server.core.identity.identifiers import EVERY_KIND, KIND, normal
from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, ProfileId
from shopbell_server.operating.terminal import moment, print_table, printable
from shopbell_server.system import SystemClock, SystemEntropy, user_name
from shopbell_server.usecases.identity.identifiers import block, unlink
from shopbell_server.usecases.identity.profile_view import look_at_all
from shopbell_server.usecases.identity.profiles import Asking, Done, merge, split, undo_entry
from shopbell_server.usecases.once import once

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.identity.profile_view import SeenProfile
    from shopbell_server.ports.database import Database, UnitOfWork


def show(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print what a profile is made of, and how it came about."""
    profile, now_ms, actor = ProfileId(arguments.profile), _now(), _actor()
    with contextlib.closing(open_database(settings)) as database:
        looked = look_at_all(database, now_ms, profile=profile, actor=actor, keeper="operator")
    if looked is None:
        raise CommandError(f"there is no profile {printable(profile)}")
    seen, history = looked
    if arguments.json:
        print(json.dumps(_plain(seen, history)))
        return
    if seen.part_of is not None:
        print(f"{printable(profile)} is part of {printable(seen.part_of)}")
    for part in seen.parts or ():
        print(f"{printable(part)} is part of it")
    print_table([("ENROLMENT", "SINCE", "LEFT", "HUMAN", "RECOGNITION"), *_phones(seen)])
    print_table([("IDENTIFIER", "KIND", "SAID", "BY", "OF"), *_identifiers(seen)])
    print_table([("ENTRY", "WHAT", "WHEN", "FROM", "TO", "BY", "UNDONE BY"), *_entries(history)])


def find(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print which profiles have an identifier, one on a line."""
    kind, value = _kind_and_value(arguments)
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        found = sorted(work.identity.bearers(kind, value))
    for profile in found:
        print(printable(profile))
    if not found:
        raise CommandError(f"no profile has this {kind}")


def merge_profiles(settings: Settings, arguments: argparse.Namespace) -> None:
    """Merge two profiles."""
    profile, other = ProfileId(arguments.profile), ProfileId(arguments.other)

    def act(work: UnitOfWork, asking: Asking) -> Done | Refused:
        outcome = merge(
            work,
            SystemEntropy(),
            asking,
            profile=profile,
            other=other,
            joined_as=arguments.joined_as,
            guards=settings.identity.guards(),
        )
        if isinstance(outcome, Refused) and outcome.guard == "unknown_profile":
            missing = sorted({profile, other} - work.people.profiles([profile, other]).keys())
            named = ", ".join(f"`{printable(each)}`" for each in missing)
            return replace(outcome, detail=f"{named}: {outcome.detail}")
        return outcome

    _change(settings, arguments, act)


def split_profile(settings: Settings, arguments: argparse.Namespace) -> None:
    """Undo an entry, or take something out of a profile."""
    profile = ProfileId(arguments.profile)
    if arguments.undo is not None and (
        arguments.enrolment or arguments.identifier or arguments.new
    ):
        raise UsageError("give --undo alone, or what goes into a new profile")

    def act(work: UnitOfWork, asking: Asking) -> Done | Refused:
        entropy = SystemEntropy()
        if arguments.undo is not None:
            entry = EntryId(arguments.undo)
            return undo_entry(work, entropy, asking, profile=profile, entry=entry)
        return split(
            work,
            entropy,
            asking,
            profile=profile,
            persons=[PersonId(each) for each in arguments.enrolment],
            links=[LinkId(each) for each in arguments.identifier],
            new=None if arguments.new is None else ProfileId(arguments.new),
        )

    _change(settings, arguments, act)


def unlink_identifiers(settings: Settings, arguments: argparse.Namespace) -> None:
    """Take identifiers from a profile."""
    links = [LinkId(each) for each in arguments.identifier]
    profile = ProfileId(arguments.profile)

    def act(work: UnitOfWork) -> bytes | Refused:
        return (
            unlink(work, SystemEntropy(), _now(), profile=profile, links=links, by=_by()) or b"done"
        )

    with contextlib.closing(open_database(settings)) as database:
        _carried(database, act)
    print(f"{printable(profile)} has {len(links)} identifiers less; what they were is forgotten")


def block_value(settings: Settings, arguments: argparse.Namespace) -> None:
    """Let a value be nobody's."""
    kind, value = _kind_and_value(arguments)
    found: list[ProfileId] = []

    def act(work: UnitOfWork) -> bytes:
        found[:] = sorted(block(work, SystemEntropy(), _now(), kind=kind, value=value, by=_by()))
        return b"done"

    with contextlib.closing(open_database(settings)) as database:
        _carried(database, act)
    if kind == EVERY_KIND:
        print(
            "no profile gets this value from now on, of whatever kind; those that have it keep it: "
            "`identity block KIND VALUE` takes it from them"
        )
        return
    print(f"this {kind} is nobody's from now on; it was taken from {len(found)} profiles")


def unblock_value(settings: Settings, arguments: argparse.Namespace) -> None:
    """Let a value be somebody's again."""
    kind, value = _kind_and_value(arguments)
    with contextlib.closing(open_database(settings)) as database, database.begin() as work:
        if not work.identity.unblock(kind, value):
            raise CommandError(
                f"this {kind} is not blocked by `identity block`; the settings may block it: `[identity]`"
            )
        work.commit()
    print(f"this {kind} may be somebody's again")


def _change(
    settings: Settings,
    arguments: argparse.Namespace,
    act: Callable[[UnitOfWork, Asking], Done | Refused],
) -> None:
    done: list[Done] = []

    def carried(work: UnitOfWork) -> bytes | Refused:
        done.clear()
        asking = Asking(
            now_ms=_now(), actor=_actor(), reason=arguments.reason, terms=terms_of(settings)
        )
        outcome = act(work, asking)
        if isinstance(outcome, Refused):
            return outcome
        done.append(outcome)
        return outcome.entry.id.encode()

    with contextlib.closing(open_database(settings)) as database:
        _carried(database, carried)
    for each in done:
        entry, stayed = each.entry, each.stayed
        print(f"entry {entry.id}: {printable(entry.source)} -> {printable(entry.target or '')}")
        print(
            f"{len(entry.moved.persons)} enrolments and {len(entry.moved.links)} identifiers moved"
        )
        for left in (*stayed.persons, *stayed.links):
            print(f"{left} stayed: it is elsewhere by now, or was erased")


def _carried(database: Database, act: Callable[[UnitOfWork], bytes | Refused]) -> None:
    outcome = once(database, None, _now(), act)
    if isinstance(outcome, Refused):
        raise CommandError(outcome.detail)


def _kind_and_value(arguments: argparse.Namespace) -> tuple[str, str]:
    if arguments.kind != EVERY_KIND and KIND.fullmatch(arguments.kind) is None:
        raise UsageError(f"KIND {arguments.kind!r}: a word of a-z, 0-9 and _, or * for every kind")
    given = arguments.value if arguments.value is not None else sys.stdin.readline()
    value = normal(arguments.kind, given)
    if not value:
        raise UsageError("VALUE is empty")
    return arguments.kind, value


def _now() -> Millis:
    return SystemClock().now_ms()


def _actor() -> Actor:
    return Actor(kind="operator", name=user_name(), role="operator")


def _by() -> str:
    actor = _actor()
    return f"{actor.kind}:{actor.name}"


def _phones(seen: SeenProfile) -> list[tuple[str, ...]]:
    return [
        (
            each.person,
            moment(each.created_ms),
            "" if each.revoked_ms is None else moment(each.revoked_ms),
            each.head or each.person,
            _recognition(seen, each.person),
        )
        for each in seen.enrolments or ()
    ]


def _recognition(seen: SeenProfile, person: PersonId) -> str:
    """Return how it stands, so that who looks for why nobody is recognised finds the one that is silent."""
    found = (seen.recognition or {}).get(person)
    if found is None:
        return ""
    state = found.state.replace("_", " ")
    return state if found.since_ms is None else f"{state} {moment(found.since_ms)}"


def _identifiers(seen: SeenProfile) -> list[tuple[str, ...]]:
    return [
        (each.id, each.kind, moment(each.at_ms), f"{each.source} {each.by}", printable(each.home))
        for each in seen.identifiers or ()
    ]


def _entries(history: Sequence[IdentityEntry]) -> list[tuple[str, ...]]:
    return [
        (
            each.id,
            each.what if each.joined_as is None else f"{each.what} as {each.joined_as}",
            moment(each.at_ms),
            printable(each.source),
            printable(each.target or ""),
            each.by,
            undoing.id if (undoing := undone_by(history, each.id)) is not None else "",
        )
        for each in history
    ]


def _plain(seen: SeenProfile, history: Sequence[IdentityEntry]) -> dict[str, object]:
    return {
        "profile": seen.id,
        "part_of": seen.part_of,
        "parts": list(seen.parts or ()),
        "works_here": seen.works_here,
        "enrolments": [
            {
                "id": each.person,
                "created_ms": each.created_ms,
                "revoked_ms": each.revoked_ms,
                "human": each.head or each.person,
                "recognition": _recognition(seen, each.person),
            }
            for each in seen.enrolments or ()
        ],
        "identifiers": [
            {
                "id": each.id,
                "kind": each.kind,
                "said_of": each.home,
                "said_ms": each.at_ms,
                "source": each.source,
                "by": each.by,
            }
            for each in seen.identifiers or ()
        ],
        "history": [
            {
                "id": each.id,
                "what": each.what,
                "at_ms": each.at_ms,
                "source": each.source,
                "target": each.target,
                "enrolments": list(each.moved.persons),
                "identifiers": list(each.moved.links),
                "about": each.about,
                "as": each.joined_as,
                "reason": each.reason,
                "by": each.by,
            }
            for each in history
        ],
    }
