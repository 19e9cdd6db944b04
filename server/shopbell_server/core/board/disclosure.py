"""Which field of a customer may be seen: by what she allows *and* by how sure it is that it is she.

Owns: the table, and its application to what is known. Everything that leaves for a screen or an API
goes through `disclose`; what the table does not name is not shown.
Never: whether she is here (`state`), or the words of pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.registry import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.board.handles import Handle
    from shopbell_server.core.channels.reasons import ReasonKind
    from shopbell_server.core.ids import Millis

Viewer = Role | Literal["tablet", "system"]
"""Who looks: somebody signed in, an enrolled tablet with nobody signed in, or another system by its key."""


class Field(StrEnum):
    """What can be seen or done."""

    PRESENCE = "presence"
    """That she is here, since when, and whether that is sure; of a visit when and where it was."""
    ZONE = "zone"
    """Where in the store."""
    RECOGNITION = "recognition"
    """How she was recognised, and how sure that is."""
    STAY = "stay"
    """What a visit was like: how long in which zones, how often she came back."""
    CONVERTED = "converted"
    """Whether she bought something in it."""
    HANDLE = "handle"
    LANGUAGE = "language"
    HELP = "help"
    """Whether she asked for help, and who of the colleagues helps her."""
    REASON_KIND = "reason_kind"
    """That there is a pick-up, an appointment …: the kind and no more."""
    FIRST_NAME = "first_name"
    REASON = "reason"
    """Which pick-up, which appointment."""
    CARD = "card"
    """Opening her card."""
    PURCHASES = "purchases"
    BROWSING = "browsing"
    REDEEM = "redeem"
    CHANGE_PROFILE = "change_profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """All of it is needed: so much evidence, every purpose, and one of the viewers."""

    evidence: Evidence
    purposes: frozenset[Purpose]
    viewers: frozenset[Viewer]
    shared: bool = False
    """Whether another system may see it too. It needs SHARED, for it shows nothing to staff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How sure it is that it is she: of her visit."""

    evidence: Evidence
    confidence: Confidence
    shown: bool
    """Whether the showing rule is met: a code at once, radio by dwell and sightings (`showing`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the server knows and may not show without asking here. None: not known."""

    handle: Handle
    language: str | None
    first_name: str | None
    reason_kind: ReasonKind | None
    reason: str | None
    due_ms: Millis | None = None
    """Of the reason: when an appointment begins, or until when something is put aside."""
    ask_first: bool = False
    """She complained and waits for an answer: ask before anything is sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """What may be shown. A field is None where it may not, or where nothing is known."""

    handle: Handle
    language: str | None
    first_name: str | None
    reason_kind: ReasonKind | None
    reason: str | None
    due_ms: Millis | None = None
    ask_first: bool = False
    may: frozenset[Field]
    """Every field that is allowed, those included that `Known` does not hold."""


FLOOR: Final[frozenset[Viewer]] = frozenset({"advisor", "manager"})
"""Who has a customer to help."""

_AMBIENT: Final[frozenset[Viewer]] = FLOOR | {"tablet"}
"""Handles and kinds of reason need no signing in; names and cards do. Operators look after machines
and auditors after the record: neither has a customer to help, so neither sees one."""


SHARED: Final = frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP})
"""What another system needs in the place of a field's own purposes: the same as to be told of a visit. It
sees no more than it would be told, so no name and nothing of the profile."""


def _needs(
    evidence: Evidence,
    *purposes: Purpose,
    viewers: frozenset[Viewer] = FLOOR,
    shared: bool = False,
) -> Needs:
    # Without show_to_staff nothing is shown, not even that somebody is there.
    return Needs(
        evidence=evidence,
        purposes=frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, *purposes}),
        viewers=viewers,
        shared=shared,
    )


Table = MappingProxyType[Field, Needs]

TABLE: Final[Table] = MappingProxyType(
    {
        Field.PRESENCE: _needs(Evidence.HINT, viewers=_AMBIENT, shared=True),
        Field.ZONE: _needs(Evidence.HINT, viewers=_AMBIENT, shared=True),
        Field.RECOGNITION: _needs(Evidence.HINT, viewers=_AMBIENT, shared=True),
        Field.STAY: _needs(Evidence.HINT, shared=True),
        Field.HELP: _needs(Evidence.HINT),
        Field.CONVERTED: _needs(Evidence.PASS, Purpose.SHOW_PURCHASES, shared=True),
        Field.HANDLE: _needs(Evidence.HINT, viewers=_AMBIENT, shared=True),
        Field.LANGUAGE: _needs(Evidence.HINT, viewers=_AMBIENT),
        Field.REASON_KIND: _needs(Evidence.HINT, viewers=_AMBIENT),
        Field.FIRST_NAME: _needs(Evidence.SIGNAL, Purpose.GREET_BY_NAME),
        Field.REASON: _needs(Evidence.FRESH),
        Field.CARD: _needs(Evidence.PASS),
        Field.PURCHASES: _needs(Evidence.PASS, Purpose.SHOW_PURCHASES),
        Field.BROWSING: _needs(Evidence.PASS, Purpose.SHOW_BROWSING),
        Field.REDEEM: _needs(Evidence.CONFIRMED),
        Field.CHANGE_PROFILE: _needs(Evidence.CONFIRMED),
    }
)
"""The ladder of evidence, row by row: what each adds. A tenant may have another one (`ladder`)."""


OF_PROFILE: Final = frozenset(
    {
        Field.LANGUAGE,
        Field.REASON_KIND,
        Field.FIRST_NAME,
        Field.REASON,
        Field.CARD,
        Field.PURCHASES,
        Field.BROWSING,
        Field.REDEEM,
        Field.CHANGE_PROFILE,
    }
)
"""What belongs to the profile, and so to everybody who is enrolled under it: all of them must allow it."""


def allowed(
    standing: Standing,
    purposes: frozenset[Purpose],
    viewer: Viewer,
    table: Mapping[Field, Needs] = TABLE,
    *,
    shared: frozenset[Purpose] | None = None,
) -> frozenset[Field]:
    """Return the fields that `viewer` may see; none unless the visit may be shown at all.

    `purposes` are those active now (`consent.ledger.active_purposes`); `shared` those that everybody allows
    who is enrolled under her profile (`consent.of_profile`), None where she is the only one. A visit of low
    confidence shows nothing to anybody.
    """
    if not standing.shown or standing.confidence <= Confidence.LOW:
        return frozenset()
    return frozenset(
        field
        for field, needs in table.items()
        if standing.evidence >= needs.evidence
        and _may(needs, shared if shared is not None and field in OF_PROFILE else purposes, viewer)
    )


def disclose(
    known: Known,
    standing: Standing,
    purposes: frozenset[Purpose],
    viewer: Viewer,
    table: Mapping[Field, Needs] = TABLE,
    *,
    shared: frozenset[Purpose] | None = None,
) -> Disclosed | None:
    """Return what of `known` may be shown; None: not even that she is here."""
    may = allowed(standing, purposes, viewer, table, shared=shared)
    if Field.HANDLE not in may:
        return None
    return Disclosed(
        handle=known.handle,
        language=known.language if Field.LANGUAGE in may else None,
        first_name=known.first_name if Field.FIRST_NAME in may else None,
        reason_kind=known.reason_kind if Field.REASON_KIND in may else None,
        reason=known.reason if Field.REASON in may else None,
        due_ms=known.due_ms if Field.REASON in may else None,
        ask_first=known.ask_first and Field.REASON_KIND in may,
        may=may,
    )


def _may(needs: Needs, purposes: frozenset[Purpose], viewer: Viewer) -> bool:
    if viewer == "system":
        return needs.shared and purposes >= SHARED
    return needs.purposes <= purposes and viewer in needs.viewers
