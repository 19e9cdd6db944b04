"""What a customer allows: a ledger that only grows, and the state that follows from it.

Owns: purposes, entries, and when a purpose is active.
Never: who the customer is, or where the ledger is kept. The state is derived and stored nowhere.

Every function takes the entries of one person, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.ids import PersonId


class Purpose(StrEnum):
    """What a consent is for. Each is given on its own and is off until it is given."""

    RECOGNISE_IN_STORE = "recognise_in_store"
    """Nothing happens without it: while it is off, no other purpose is active."""
    SHOW_TO_STAFF = "show_to_staff"
    GREET_BY_NAME = "greet_by_name"
    SHOW_PURCHASES = "show_purchases"
    SHOW_BROWSING = "show_browsing"
    SHARE_WITH_CDP = "share_with_cdp"
    MESSAGES = "messages"


class Change(StrEnum):
    """What became of a consent."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """Written for the record by a job; the state has changed by itself at that moment."""
    RENEWED = "renewed"


class Place(StrEnum):
    """Where she said so."""

    APP = "app"
    PASS_PAGE = "pass_page"  # noqa: S105  (a page, not a password)
    STAFF = "staff"
    DOOR = "door"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger; the fields follow ISO/IEC TS 27560 (consent record information)."""

    sequence: int
    """Order of appending; decides between entries of the same moment."""
    person: PersonId
    purpose: Purpose
    change: Change
    at_ms: Millis
    until_ms: Millis | None
    """Where she said for how long ("only today"): inactive from then on. None: VALID_YEARS."""
    place: Place
    text_version: str
    text_sha256: str
    """Of the text that she read, in 64 hexadecimal digits: what exactly she agreed to."""
    language: str
    """BCP 47, the language of that text."""
    evidence: str
    """How it is known that she said it: the switch, the ticket, the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A half-open stretch of time: `from_ms` belongs to it, `to_ms` does not."""

    from_ms: Millis
    to_ms: Millis


VALID_YEARS: Final = 1
"""A consent is asked for anew after twelve months (privacy, purposes)."""


SHORTEST_YEAR_MS: Final = 365 * 86_400_000
LONGEST_YEAR_MS: Final = 366 * 86_400_000
"""What VALID_YEARS are at the least and at the most: for who looks among many for those that may be over."""

ASK_AGAIN_MS: Final = 30 * 86_400_000
"""A month before a consent ends by itself: who opens the app once a month is asked in time."""


def active(entries: Iterable[Entry], purpose: Purpose, at_ms: Millis) -> bool:
    """Return whether `purpose` may be acted on at `at_ms`.

    The latest entry up to and including `at_ms` decides. Given at t: active from t on; withdrawn at
    t: not active from t on. False for every purpose while `RECOGNISE_IN_STORE` is not active.
    """
    return purpose in active_purposes(entries, at_ms)


def active_purposes(entries: Iterable[Entry], at_ms: Millis) -> frozenset[Purpose]:
    """Return every purpose that is active at `at_ms`; see `active`."""
    latest: dict[Purpose, Entry] = {}
    for entry in sorted(entries, key=_order):
        if entry.at_ms <= at_ms:
            latest[entry.purpose] = entry
    allowed = frozenset(purpose for purpose, entry in latest.items() if at_ms < expires_ms(entry))
    return allowed if Purpose.RECOGNISE_IN_STORE in allowed else frozenset()


def last_written(entries: Iterable[Entry]) -> dict[Purpose, Entry]:
    """Return the newest line of each purpose that has one."""
    return {entry.purpose: entry for entry in sorted(entries, key=lambda each: each.sequence)}


def next_sequence(entries: Iterable[Entry]) -> int:
    """Return the number of the next line of this ledger, which is one person's."""
    return 1 + max((entry.sequence for entry in entries), default=0)


def changes_ms(entries: Iterable[Entry], at_ms: Millis) -> Millis | None:
    """Return a moment after `at_ms` until which the active purposes stay what they are then.

    If nothing is said meanwhile; None: for ever. They need not change at that moment.
    """
    moments = (each for entry in entries for each in (entry.at_ms, expires_ms(entry)))
    return min((each for each in moments if each > at_ms), default=None)


def may_share(entries: Iterable[Entry], happened_ms: Millis, now_ms: Millis) -> bool:
    """Return whether what happened then may be told to others now.

    Both moments count: what happened before she agreed is not told, nor is anything after she withdrew.
    """
    ledger = tuple(entries)
    return active(ledger, Purpose.SHARE_WITH_CDP, happened_ms) and active(
        ledger, Purpose.SHARE_WITH_CDP, now_ms
    )


def may_tell_change(entries: Iterable[Entry], changed_ms: Millis, now_ms: Millis) -> bool:
    """Return whether others may be told that a consent changed at `changed_ms`.

    Those who were told of her until then must learn that she withdrew, although nothing else may be
    told any more; those who never were learn nothing.
    """
    ledger = tuple(entries)
    return active(ledger, Purpose.SHARE_WITH_CDP, Millis(changed_ms - 1)) or may_share(
        ledger, changed_ms, now_ms
    )


def given_spans(entries: Iterable[Entry], purpose: Purpose) -> tuple[Span, ...]:
    """Return when `purpose` is active: spans in order of time, apart from each other, none empty.

    For every moment t: `active(entries, purpose, t)` is whether a span holds t. The last span may
    reach into the future.
    """
    ledger = tuple(entries)
    own = _own_spans(ledger, purpose)
    if purpose is Purpose.RECOGNISE_IN_STORE:
        return own
    return tuple(
        Span(from_ms=max(one.from_ms, other.from_ms), to_ms=min(one.to_ms, other.to_ms))
        for one in own
        for other in _own_spans(ledger, Purpose.RECOGNISE_IN_STORE)
        if max(one.from_ms, other.from_ms) < min(one.to_ms, other.to_ms)
    )


def expiring(entries: Iterable[Entry], now_ms: Millis) -> tuple[Entry, ...]:
    """Return the entries that ran out by `now_ms` with nothing written after them.

    For the job that writes `EXPIRED`, so that the ledger tells the whole story by itself.
    """
    latest = {entry.purpose: entry for entry in sorted(entries, key=_order)}
    return tuple(
        entry
        for entry in latest.values()
        if entry.change in _ALLOWING and expires_ms(entry) <= now_ms
    )


def is_to_be_asked_again(entry: Entry, now_ms: Millis) -> bool:
    """Return whether what `entry` allows ends within ASK_AGAIN_MS, or has ended by itself.

    So it is time to ask her again. What she allowed for a while ("only today") is not asked again, nor what
    she withdrew.
    """
    if entry.change is Change.EXPIRED:
        return entry.until_ms is None
    if entry.change not in _ALLOWING or entry.until_ms is not None:
        return False
    return expires_ms(entry) - now_ms <= ASK_AGAIN_MS


def expires_ms(entry: Entry) -> Millis:
    """Return when what `entry` allows ends by itself; its own moment where it allows nothing.

    VALID_YEARS later is the same day and time (UTC) of that year; 29 February gives 28 February.
    A shorter `until_ms` counts, a longer one does not.
    """
    if entry.change not in _ALLOWING:
        return entry.at_ms
    # Not fromtimestamp: its float would round the milliseconds.
    at = _EPOCH + timedelta(milliseconds=entry.at_ms)
    day = 28 if (at.month, at.day) == _LEAP_DAY else at.day
    end = at.replace(year=at.year + VALID_YEARS, day=day)
    standing = Millis((end - _EPOCH) // timedelta(milliseconds=1))
    return standing if entry.until_ms is None else min(standing, entry.until_ms)


def _own_spans(ledger: tuple[Entry, ...], purpose: Purpose) -> tuple[Span, ...]:
    """Return when the entries of `purpose` alone allow it."""
    own = sorted((entry for entry in ledger if entry.purpose is purpose), key=_order)
    spans: list[Span] = []
    for number, entry in enumerate(own):
        end_ms = expires_ms(entry)
        if number + 1 < len(own):
            end_ms = min(end_ms, own[number + 1].at_ms)
        if end_ms <= entry.at_ms:
            continue
        if spans and spans[-1].to_ms == entry.at_ms:
            spans[-1] = Span(from_ms=spans[-1].from_ms, to_ms=end_ms)
        else:
            spans.append(Span(from_ms=entry.at_ms, to_ms=end_ms))
    return tuple(spans)


def _order(entry: Entry) -> tuple[Millis, int]:
    return entry.at_ms, entry.sequence


_ALLOWING: Final = frozenset({Change.GIVEN, Change.RENEWED})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAP_DAY: Final = (2, 29)
