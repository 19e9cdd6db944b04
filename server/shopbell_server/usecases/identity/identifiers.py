"""Say by what else a customer is known, and take it back.

Owns: identifiers linked, unlinked and blocked, under the guards.
Never: the guards (`core.identity.guards`), or merging because two have the same value: an operator decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from shopbell_server.core.identity.guards import Refused, why_not_linked
from shopbell_server.core.identity.history import Moved, absorption
from shopbell_server.core.identity.identifiers import Link, normal
from shopbell_server.core.ids import LinkId
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.identity.profile_holds import hold_chain, holdings, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.identity.guards import Guards
    from shopbell_server.core.identity.identifiers import Source
    from shopbell_server.core.ids import Millis, ProfileId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidBy:
    """What said that an identifier is hers: `by` names which of that source."""

    source: Source
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotLinked:
    """An identifier that was refused."""

    kind: str
    refused: Refused


def say(  # noqa: PLR0913  (each by name)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    profile: ProfileId,
    values: Mapping[str, str],
    said_by: SaidBy,
    guards: Guards,
) -> tuple[NotLinked, ...]:
    """Link `values`, by kind, to a profile that is there; return those that a guard refuses.

    What is linked already stays as it is. Of a profile that is part of another one it is said all the same:
    it is there as long as the merge stands, and comes back with it.
    """
    route = hold_chain(work, profile)
    here = work.identity.links([route[-1]]).get(route[-1], ())
    said = {kind: normal(kind, value) for kind, value in values.items()}
    new = {
        kind: value
        for kind, value in said.items()
        if not any((each.kind, each.value) == (kind, value) for each in here)
    }
    work.identity.hold_values(list(new.items()))
    links: list[Link] = []
    refused: list[NotLinked] = []
    for kind, value in new.items():
        why = why_not_linked(
            guards,
            kind,
            value,
            blocked=work.identity.is_blocked(kind, value),
            values=len({each.value for each in here if each.kind == kind}),
            profiles=len(work.identity.bearers(kind, value)),
        )
        if why is not None:
            refused.append(NotLinked(kind=kind, refused=why))
            continue
        links.append(
            Link(
                id=LinkId(entropy.uuid7(now_ms)),
                kind=kind,
                value=value,
                profile=profile,
                home=profile,
                at_ms=now_ms,
                source=said_by.source,
                by=said_by.by,
            )
        )
    work.identity.add(links)
    follow(work, entropy, now_ms, route, Moved(links=tuple(sorted(each.id for each in links))))
    return tuple(refused)


def follow(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    route: Sequence[ProfileId],
    moved: Moved,
) -> None:
    """Let what is new at the beginning of `route` (`hold_chain`) go where its profile went."""
    if not moved:
        return
    for source, target in pairwise(route):
        history = work.identity.history([source])
        known = {entry.id: entry for entry in history}
        went = [
            entry
            for entry in history
            if absorption(entry, None if entry.about is None else known.get(entry.about))
            == (source, target)
        ]
        write(
            work,
            entropy,
            now_ms,
            what="followed",
            source=source,
            target=target,
            moved=moved,
            about=went[-1].id,
            reason=went[-1].reason,
            by="",
        )


def unlink(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    profile: ProfileId,
    links: Sequence[LinkId],
    by: str,
) -> Refused | None:
    """Let identifiers of a profile be nobody's, and forget their values; None: it is done.

    It cannot be undone: whoever knows the value says it again.
    """
    work.identity.hold([profile])
    held = holdings(work, [profile]).get(profile)
    if held is None or not set(links) <= {each.id for each in held.links} or not links:
        detail = "There is no such profile, or it has not all of these identifiers."
        return Refused(guard="not_its_own", detail=detail)
    _unlink(work, entropy, now_ms, profile, links, by)
    return None


def block(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, *, kind: str, value: str, by: str
) -> frozenset[ProfileId]:
    """Let a value be nobody's from now on; return the profiles that it was taken from.

    As `*`, every kind, it is taken from nobody who has it: profiles are found by kind and value. Block it as
    that kind too.

    Raises DatabaseBusyError if another one got it meanwhile.
    """
    written = normal(kind, value)
    found = work.identity.bearers(kind, written)
    work.identity.hold(found)
    work.identity.hold_values([(kind, written)])
    if work.identity.bearers(kind, written) != found:
        raise DatabaseBusyError("a profile got this value meanwhile")
    work.identity.block(kind, written, now_ms, by)
    for profile, links in work.identity.links(found).items():
        theirs = [each.id for each in links if (each.kind, each.value) == (kind, written)]
        _unlink(work, entropy, now_ms, profile, theirs, by)
    return found


def _unlink(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    profile: ProfileId,
    links: Sequence[LinkId],
    by: str,
) -> None:
    write(
        work,
        entropy,
        now_ms,
        what="unlinked",
        source=profile,
        target=None,
        moved=Moved(links=tuple(sorted(links))),
        reason="shared_value",
        by=by,
    )
