"""Identifiers of profiles, and the history of which profile had what.

Owns: the rows behind the port `Identity`; that an entry is written and what it moves is moved, or neither.
Never: a value in the clear. It is found by its mark, and sealed for the profile that has it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shopbell_server.core.identity.history import Born, IdentityEntry, Moved, absorption
from shopbell_server.core.identity.identifiers import EVERY_KIND, Link, normal
from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, ProfileId
from shopbell_server.core.keeping.owners import owner_of_profile
from shopbell_server.db import identity_statements as the
from shopbell_server.db.channels import SqlChannels
from shopbell_server.ports.boxes import Content

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.db.statements import Lookup
    from shopbell_server.db.transaction import Transaction


class SqlIdentity:
    """`Identity` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def hold(self, profiles: Collection[ProfileId]) -> None:
        """Hold these profiles until the unit of work ends, taken in the order of their ids."""
        # In SQLite whoever may write is alone anyway.
        if self._transaction.database == "postgresql":
            self._transaction.rows_by_keys(the.HOLD, [(each,) for each in sorted(set(profiles))])

    def hold_values(self, values: Collection[tuple[str, str]]) -> None:
        """Hold (kind, value)s: nobody else links or blocks one of them until the unit of work ends."""
        if values and self._transaction.database == "postgresql":
            held = [f"{kind} {self._mark(kind, value).hex()}" for kind, value in values]
            self._transaction.rows(the.HOLD_VALUES, values=held)

    def absorbed(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, ProfileId]:
        """Return which of `profiles` are part of another one, and of which."""
        return self._absorbed(the.ABSORBED, profiles)

    def taken_in(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, ProfileId]:
        """Return the profiles that are part of one of `profiles`, and of which."""
        return self._absorbed(the.TAKEN_IN, profiles)

    def links(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[Link]]:
        """Return the identifiers of each, in the order of their ids; profiles without any are left out."""
        found = self._opened(
            self._transaction.rows_by_keys(the.LINKS, [(each,) for each in profiles])
        )
        in_order = sorted(found, key=lambda link: (link.profile, link.id))
        return {
            profile: list(each)
            for profile, each in groupby(in_order, key=lambda link: link.profile)
        }

    def links_by_id(self, links: Collection[LinkId]) -> Sequence[Link]:
        """Return those that are somebody's, in the order of their ids."""
        rows = self._transaction.rows_by_keys(the.LINKS_BY_ID, [(each,) for each in links])
        return sorted(self._opened(rows), key=lambda link: link.id)

    def enrolled(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[PersonId]]:
        """Return who is enrolled under each, revoked ones too, in the order of their ids."""
        rows = self._transaction.rows_by_keys(the.ENROLLED, [(each,) for each in profiles])
        return {
            profile: [PersonId(row.person) for row in each]
            for profile, each in groupby(rows, key=lambda row: ProfileId(row.profile))
        }

    def persons_by(self, kind: str, values: Collection[str]) -> Mapping[str, Sequence[PersonId]]:
        """Return, by value, who is enrolled under the profiles that have it, in the order of their ids."""
        wanted = list(values)
        by_mark = dict(zip(self._transaction.boxes.marks(kind, wanted), wanted, strict=True))
        found: dict[str, set[PersonId]] = {}
        for row in self._transaction.rows_among(the.BY_MARK, "marks", by_mark, kind=kind):
            persons = found.setdefault(by_mark[row.mark], set())
            if row.person is not None:
                persons.add(PersonId(row.person))
        return {value: sorted(persons) for value, persons in found.items()}

    def bearers(self, kind: str, value: str) -> frozenset[ProfileId]:
        """Return the profiles that have it."""
        rows = self._transaction.rows(the.BEARERS, kind=kind, mark=self._mark(kind, value))
        return frozenset(ProfileId(row.profile) for row in rows)

    def add(self, links: Sequence[Link]) -> None:
        """Keep new identifiers, each at its home."""
        boxes = self._sealed([(link.id, link.profile, link.value) for link in links])
        self._transaction.insert(
            the.ADD,
            [
                {
                    "link": link.id,
                    "kind": link.kind,
                    "mark": self._mark(link.kind, link.value),
                    "sealed": box,
                    "profile": link.profile,
                    "home": link.home,
                    "at_ms": link.at_ms,
                    "source": link.source,
                    "said_by": link.by,
                }
                for link, box in zip(links, boxes, strict=True)
            ],
        )

    def append(self, entry: IdentityEntry) -> None:
        """Write an entry, and move what it moves. Raises DatabaseBusyError if the id is not new."""
        self._transaction.insert(the.APPEND, [_row(entry)])
        if entry.target is None:
            self._transaction.change_each(
                the.UNLINK, [{"which": each} for each in entry.moved.links]
            )
            SqlChannels(self._transaction).drop(entry.moved.links)
            return
        self._move_persons(entry.moved.persons, entry.target)
        self._move_links(entry.moved.links, entry.target)
        change = absorption(entry, None if entry.about is None else self.entry(entry.about))
        if change is not None:
            profile, into = change
            if into is None:
                self._transaction.change(the.GIVE_BACK, whose=profile)
            else:
                self._transaction.insert(the.ABSORB, [{"profile": profile, "taken_by": into}])

    def history(self, profiles: Collection[ProfileId]) -> Sequence[IdentityEntry]:
        """Return every entry from or to one of `profiles`, in the order of number and id."""
        wanted = [(each,) for each in profiles]
        found = {
            row.entry: _entry(row)
            for lookup in (the.FROM, the.TO)
            for row in self._transaction.rows_by_keys(lookup, wanted)
        }
        return sorted(found.values(), key=lambda entry: (entry.number, entry.id))

    def entry(self, entry: EntryId) -> IdentityEntry | None:
        """Return one entry, if it is there."""
        row = self._transaction.row(the.ENTRY, which=entry)
        return None if row is None else _entry(row)

    def homes(self, persons: Collection[PersonId]) -> Mapping[PersonId, ProfileId]:
        """Return under which profile each was enrolled, wherever she is now; who is not there is left out."""
        rows = self._transaction.rows_by_keys(the.BEGAN, [(each,) for each in persons])
        return {PersonId(row.person): ProfileId(row.home or row.profile) for row in rows}

    def born(self, profiles: Collection[ProfileId]) -> Born:
        """Return what has its home at `profiles`; identifiers that were unlinked are among them."""
        wanted = [(each,) for each in profiles]
        rows = self._transaction.rows_by_keys
        there = {
            PersonId(row.person): ProfileId(row.profile)
            for row in rows(the.STILL_AT_HOME, wanted)
            if row.home is None
        }
        moved = {PersonId(row.person): ProfileId(row.home) for row in rows(the.MOVED, wanted)}
        links = {LinkId(row.link): ProfileId(row.home) for row in rows(the.AT_HOME, wanted)}
        return Born(persons={**there, **moved}, links=links)

    def block(self, kind: str, value: str, at_ms: Millis, by: str) -> None:
        """Let a value be nobody's; one that is blocked keeps its date."""
        row = {"kind": kind, "mark": self._mark(kind, value), "at_ms": at_ms, "blocked_by": by}
        self._transaction.insert(the.BLOCK, [row])

    def unblock(self, kind: str, value: str) -> bool:
        """Let a value be somebody's again; return whether it was blocked."""
        mark = self._mark(kind, value)
        return self._transaction.change(the.UNBLOCK, what_kind=kind, what_mark=mark) > 0

    def is_blocked(self, kind: str, value: str) -> bool:
        """Return whether it was blocked, as this kind or as every kind."""
        return any(
            self._transaction.row(
                the.BLOCKED, what_kind=each, what_mark=self._mark(each, normal(each, value))
            )
            for each in (kind, EVERY_KIND)
        )

    def forget(self, profiles: Collection[ProfileId]) -> None:
        """Remove profiles without enrolments, with their identifiers, tickets and history.

        What they gave to others is the others' own from now on.
        """
        for profile in sorted(profiles):
            for statement in the.FORGET:
                self._transaction.change(statement, whose=profile)
        for profile in sorted(profiles):
            # Entries go last: a trigger keeps those of profiles that are there.
            self._transaction.change(the.FORGET_ENTRIES, whose=profile)

    def _absorbed(
        self, lookup: Lookup, profiles: Collection[ProfileId]
    ) -> Mapping[ProfileId, ProfileId]:
        rows = self._transaction.rows_by_keys(lookup, [(each,) for each in profiles])
        return {ProfileId(row.profile): ProfileId(row.taken_by) for row in rows}

    def _move_persons(self, persons: Sequence[PersonId], target: ProfileId) -> None:
        if not persons:
            return
        found = self._transaction.rows_by_keys(the.HOMES, [(each,) for each in persons])
        homes = [{"person": row.person, "home": row.profile} for row in found]
        self._transaction.insert(the.KEEP_HOME, homes)
        self._transaction.change_each(
            the.MOVE_PERSON, [{"whose": each, "to": target} for each in persons]
        )

    def _move_links(self, links: Sequence[LinkId], target: ProfileId) -> None:
        found = self.links_by_id(links)
        boxes = self._sealed([(link.id, target, link.value) for link in found])
        self._transaction.change_each(
            the.MOVE_LINK,
            [
                {"which": link.id, "to": target, "box": box}
                for link, box in zip(found, boxes, strict=True)
            ],
        )
        SqlChannels(self._transaction).move(links, target)

    def _mark(self, kind: str, value: str) -> bytes:
        return self._transaction.boxes.marks(kind, [value])[0]

    def _sealed(self, values: Sequence[tuple[LinkId, ProfileId, str]]) -> list[bytes]:
        return self._transaction.boxes.seal(
            _COLUMN,
            [
                Content(owner_of_profile(profile), link, value.encode())
                for link, profile, value in values
            ],
        )

    def _opened(self, rows: Iterable[Row[Any]]) -> list[Link]:
        """Return the identifiers in `rows`; one whose key was destroyed is nobody's."""
        found = list(rows)
        values = self._transaction.boxes.open(
            _COLUMN,
            [Content(owner_of_profile(row.profile), row.link, row.sealed) for row in found],
        )
        return [
            Link(
                id=LinkId(row.link),
                kind=row.kind,
                value=value.decode(),
                profile=ProfileId(row.profile),
                home=ProfileId(row.home),
                at_ms=Millis(row.at_ms),
                source=row.source,
                by=row.said_by,
            )
            for row, value in zip(found, values, strict=True)
            if value is not None
        ]


_COLUMN: Final = "identifiers.sealed"


class _StoredMoved(msgspec.Struct, frozen=True):
    """`Moved`, as it is written."""

    persons: tuple[PersonId, ...] = ()
    links: tuple[LinkId, ...] = ()


_moved_of: Final = msgspec.json.Decoder(_StoredMoved)
_joined_of: Final = msgspec.json.Decoder(tuple[str, ...])


def _row(entry: IdentityEntry) -> dict[str, str | int | None]:
    moved = _StoredMoved(persons=entry.moved.persons, links=entry.moved.links)
    return {
        "entry": entry.id,
        "number": entry.number,
        "what": entry.what,
        "at_ms": entry.at_ms,
        "source": entry.source,
        "target": entry.target,
        "moved_json": msgspec.json.encode(moved).decode(),
        "about": entry.about,
        "joined_as": entry.joined_as,
        "joined_json": msgspec.json.encode(sorted(entry.joined)).decode(),
        "reason": entry.reason,
        "done_by": entry.by,
    }


def _entry(row: Row[Any]) -> IdentityEntry:
    moved = _moved_of.decode(row.moved_json)
    return IdentityEntry(
        id=EntryId(row.entry),
        number=row.number,
        what=row.what,
        at_ms=Millis(row.at_ms),
        source=ProfileId(row.source),
        target=None if row.target is None else ProfileId(row.target),
        moved=Moved(persons=moved.persons, links=moved.links),
        about=None if row.about is None else EntryId(row.about),
        joined_as=row.joined_as,
        joined=frozenset(map(PersonId, _joined_of.decode(row.joined_json))),
        reason=row.reason,
        by=row.done_by,
    )
