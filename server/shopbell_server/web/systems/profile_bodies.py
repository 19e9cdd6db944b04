"""What `/v1/profiles/…` gets and answers.

Owns: their form and limits, and the way from the use cases.
Never: what they do. No answer holds the value of an identifier.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shopbell_server.core.board.disclosure import Field as Shown
from shopbell_server.core.identity.history import As, Reason, What, undone_by
from shopbell_server.core.identity.profile_view import Part
from shopbell_server.core.ids import EntryId, LinkId, PersonId
from shopbell_server.web.http.fields import Id
from shopbell_server.web.http.times import moment
from shopbell_server.web.live.leaving import only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.identity.history import IdentityEntry, Moved
    from shopbell_server.core.identity.identifiers import Link
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.identity.profile_view import Recognition, SeenProfile
    from shopbell_server.core.ids import ProfileId
    from shopbell_server.usecases.identity.profiles import Done
    from shopbell_server.usecases.staff.visits_list import SeenVisit
    from shopbell_server.web.live.leaving import Fields

MOST: Final = 200
"""Enrolments and identifiers that are taken out at once: more than any profile has."""

_NAME = StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")
"""An id of ours: a UUID has 36 characters."""


class MergeIn(BaseModel):
    """Which profile becomes part of the one in the path, and what that says of their people."""

    model_config = ConfigDict(populate_by_name=True)

    other: Annotated[Id, Field(alias="with")]
    joined_as: Annotated[As, Field(alias="as")]
    reason: Reason


class SplitIn(BaseModel):
    """Either `undo`, an entry of the history, or what goes into a new profile.

    `profile_id` is what the retailer calls the new profile; without one it gets an id of ours.
    """

    undo: Annotated[EntryId, _NAME] | None = None
    enrolments: Annotated[list[Annotated[PersonId, _NAME]], Field(max_length=MOST)] = []
    identifiers: Annotated[list[Annotated[LinkId, _NAME]], Field(max_length=MOST)] = []
    profile_id: Id | None = None
    reason: Reason

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.undo is not None and (self.enrolments or self.identifiers or self.profile_id):
            raise ValueError("must either undo an entry, or name what goes into a new profile")
        return self


class EnrolledOut(BaseModel):
    """A phone. Those with one `human` are one person's."""

    enrolment_id: str
    enrolled_at: datetime
    left_at: datetime | None
    human: str


class RecognitionOut(BaseModel):
    """Whether an enrolment allows that she is recognised; one that does not silences its human."""

    state: Literal["allowed", "ran_out", "withdrawn", "never"]
    since: datetime | None


class IdentifierOut(BaseModel):
    """That others call her something; not what. `said_of` is the profile of which it was said."""

    identifier_id: str
    kind: str
    said_of: str
    said_at: datetime
    source: Literal["app_ticket", "seed", "operator", "online_channel", "before"]
    by: str


class ProfileOut(BaseModel):
    """A profile; null is what is not shown to whoever asks, or not known."""

    profile_id: str
    part_of: str | None = None
    parts: list[str] | None = None
    works_here: bool | None = None
    first_name: str | None = None
    language: str | None = None
    visit_id: str | None = None
    enrolments: list[EnrolledOut] | None = None
    recognition: dict[str, RecognitionOut] | None = None
    """By the id of the enrolment."""
    identifiers: list[IdentifierOut] | None = None


CARD: Final[Fields] = {
    "profile_id": Shown.CARD,
    "first_name": Shown.FIRST_NAME,
    "language": Shown.LANGUAGE,
    "visit_id": Shown.PRESENCE,
}
"""What each field tells staff whose customer is here. One that is not named here does not leave."""

RECORD: Final[Mapping[str, Part]] = {
    "part_of": Part.PARTS,
    "parts": Part.PARTS,
    "works_here": Part.WORKS_HERE,
    "enrolments": Part.ENROLMENTS,
    "recognition": Part.RECOGNITION,
    "identifiers": Part.IDENTIFIERS,
}
"""What the others tell whoever keeps the records, who has no customer before them
(`core.identity.profile_view`)."""


class MovedOut(BaseModel):
    """Enrolments and identifiers."""

    enrolments: list[str]
    identifiers: list[str]


class EntryOut(BaseModel):
    """A line of the history. `source` gave to `target` what `moved` names."""

    model_config = ConfigDict(populate_by_name=True)

    entry_id: str
    what: What
    at: datetime
    source: str
    target: str | None
    moved: MovedOut
    about: str | None
    joined_as: Annotated[As | None, Field(alias="as")]
    reason: Reason
    by: str
    undone_by: str | None


class HistoryOut(BaseModel):
    """All of it, the oldest first."""

    entries: list[EntryOut]


class ChangedOut(BaseModel):
    """What was done. `stayed` would have gone back, but is elsewhere by now, or was erased."""

    entry: EntryOut
    stayed: MovedOut


def profile_out(seen: SeenProfile) -> ProfileOut:
    """Return a profile as who keeps the records sees it."""
    return ProfileOut(
        profile_id=seen.id,
        part_of=seen.part_of,
        parts=None if seen.parts is None else list(seen.parts),
        works_here=seen.works_here,
        enrolments=None
        if seen.enrolments is None
        else [_enrolled(each) for each in seen.enrolments],
        recognition=None
        if seen.recognition is None
        else {person: _recognition(each) for person, each in seen.recognition.items()},
        identifiers=None
        if seen.identifiers is None
        else [_identifier(each) for each in seen.identifiers],
    )


def card_out(profile: ProfileId, seen: SeenVisit) -> ProfileOut:
    """Return a profile as staff sees it whose customer is here."""
    values = {
        "profile_id": profile,
        "first_name": seen.person.first_name,
        "language": seen.person.language,
        "visit_id": seen.visit.id,
    }
    return ProfileOut(**only(values, CARD, seen.person.may))


def history_out(history: Sequence[IdentityEntry]) -> HistoryOut:
    """Return a history."""
    return HistoryOut(
        entries=[_entry(each, undone_by(history, each.id)) for each in history],
    )


def changed_out(done: Done) -> ChangedOut:
    """Return what a change did."""
    return ChangedOut(entry=_entry(done.entry, None), stayed=_moved(done.stayed))


def _entry(entry: IdentityEntry, undoing: IdentityEntry | None) -> EntryOut:
    return EntryOut(
        entry_id=entry.id,
        what=entry.what,
        at=moment(entry.at_ms),
        source=entry.source,
        target=entry.target,
        moved=_moved(entry.moved),
        about=entry.about,
        joined_as=entry.joined_as,
        reason=entry.reason,
        by=entry.by,
        undone_by=None if undoing is None else undoing.id,
    )


def _moved(moved: Moved) -> MovedOut:
    return MovedOut(enrolments=list(moved.persons), identifiers=list(moved.links))


def _recognition(recognition: Recognition) -> RecognitionOut:
    since_ms = recognition.since_ms
    return RecognitionOut(
        state=recognition.state, since=None if since_ms is None else moment(since_ms)
    )


def _enrolled(enrolment: Enrolment) -> EnrolledOut:
    return EnrolledOut(
        enrolment_id=enrolment.person,
        enrolled_at=moment(enrolment.created_ms),
        left_at=None if enrolment.revoked_ms is None else moment(enrolment.revoked_ms),
        human=enrolment.head or enrolment.person,
    )


def _identifier(link: Link) -> IdentifierOut:
    return IdentifierOut(
        identifier_id=link.id,
        kind=link.kind,
        said_of=link.home,
        said_at=moment(link.at_ms),
        source=link.source,
        by=link.by,
    )
