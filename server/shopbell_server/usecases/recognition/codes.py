"""Codes that were held up become evidence of people, or are counted as nothing.

Owns: whether a pass is right and counts, whose a loyalty number is, and who tries to guess one.
Never: which scan of a code is the one (`core.recognition.code_uses`), or visits (`recompute`).

Everybody whose code it might be is held, so what is read here of uses stays so until the work ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shopbell_server.core.audit.chain import SERVER, Act, What
from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.recognition import passes
from shopbell_server.core.recognition.acceptance import knowable, span_of
from shopbell_server.core.recognition.code_uses import CodeUse, is_elsewhere, verdict
from shopbell_server.core.recognition.loyalty_numbers import Guesses, is_refused, with_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.evidence import Carrier
    from shopbell_server.core.identity.people import Card
    from shopbell_server.core.ids import Millis, PersonId, ZoneId
    from shopbell_server.core.recognition.acceptance import Acquaintance
    from shopbell_server.core.registry import Edge
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.recognition.heard import Scanner, ShownNumber, ShownPass
    from shopbell_server.usecases.recognition.recognised import People, Recognised


def take_passes(
    work: UnitOfWork,
    shown: Iterable[ShownPass],
    people: People,
    found: Recognised,
    now_ms: Millis,
) -> None:
    """Add to `found` what passes are evidence of, and what counts no more since an earlier scan came."""
    for each in shown:
        card = people.cards.get(each.code.card)
        said = _verified(each, card, people, now_ms)
        if card is not None and isinstance(said, CodeUse):
            found.counts[f"pass_{_used(work, each, card, said, found)}"] += 1
        else:
            found.counts[f"pass_{said}"] += 1


def take_numbers(
    work: UnitOfWork,
    shown: Sequence[ShownNumber],
    people: People,
    found: Recognised,
    now_ms: Millis,
) -> None:
    """Add to `found` what loyalty numbers are evidence of, and at which edges somebody tries them.

    What a scanner tried is held until the work ends: all workers count together.
    """
    if not shown:
        return
    before = work.edge_records.hold_guesses({_scanner(each) for each in shown}, now_ms)
    guesses = dict(before)
    for each in shown:
        until_ms = guesses[_scanner(each)].refused_until_ms
        claimed = _claimed(each, people, guesses, now_ms)
        accepted = isinstance(claimed, Interval)
        found.counts["number_accepted" if accepted else f"number_{claimed}"] += 1
        if isinstance(claimed, Interval):
            found.intervals.append(claimed)
        elif claimed == "refused" or guesses[_scanner(each)].refused_until_ms != until_ms:
            found.guessing.add(each.edge.id)
    work.edge_records.put_guesses(
        {scanner: now for scanner, now in guesses.items() if now != before[scanner]}, now_ms
    )


def may_be_known(who: Acquaintance | None, at_ms: Millis, now_ms: Millis) -> bool:
    """Return whether somebody allowed to be known then, and allows it now."""
    return who is not None and span_of(knowable(who.spans, now_ms), at_ms) is not None


def zone_of(edge: Edge, scanner: str) -> ZoneId | None:
    """Return where a scanner hangs, if the registry says so."""
    return edge.zones.get(scanner, edge.zones.get("*"))


def write_down_twice(
    work: UnitOfWork, twice: Iterable[tuple[PersonId, CodeUse, CodeUse]], now_ms: Millis
) -> None:
    """Write into the audit which codes were shown at two edges: of either edge, and where it counts."""
    acts = [
        Act(
            at_ms=now_ms,
            actor=SERVER,
            what=What.PASS_SHOWN_TWICE,
            person=person,
            store=use.store,
            about=use.edge,
            why=why,
        )
        for person, counts, other in twice
        for use, why in ((counts, "counts"), (other, "refused"))
    ]
    if acts:
        work.audit.note(acts)


def _verified(
    shown: ShownPass, card: Card | None, people: People, now_ms: Millis
) -> CodeUse | Literal["unknown", "not_allowed", "wrong", "stale", "from_the_future"]:
    """Return the scan as a use of its code, or why it is none."""
    if card is None:
        return "unknown"
    if not may_be_known(people.who.get(card.person), shown.at_ms, now_ms):
        return "not_allowed"
    right = passes.verify(shown.code, card.secret, shown.at_ms)
    if isinstance(right, passes.Refused):
        return right.reason
    return CodeUse(
        card=card.ref,
        step=right.step,
        at_ms=shown.at_ms,
        store=shown.edge.store,
        edge=shown.edge.id,
        scanner=shown.scanner,
    )


def _used(
    work: UnitOfWork, shown: ShownPass, card: Card, scan: CodeUse, found: Recognised
) -> Literal["accepted", "used"]:
    """Let the earliest scan of the code count; return whether that is this one."""
    known = work.intervals.code_use(scan.card, scan.step)
    said = verdict(known, scan)
    if known is not None and is_elsewhere(known, scan):
        pair = (scan, known) if said == "earlier" else (known, scan)
        found.twice.append((card.person, *pair))
    if said == "used":
        return "used"
    if known is not None:
        found.taken_back.append(_evidence(card.person, known))
    work.intervals.put_code_use(scan)
    interval = _act(shown, card.person, "pass", Evidence.PASS)
    found.intervals.append(interval)
    if known is None or known.store != scan.store:
        # Who was told that she checked in there is not told again because it was a minute earlier.
        found.passes.append(interval)
    return "accepted"


def _evidence(person: PersonId, use: CodeUse) -> Interval:
    """Return what a use was evidence of, as far as its key and its time go."""
    key = IntervalKey(
        person=person,
        store=use.store,
        edge=use.edge,
        scanner=use.scanner,
        carrier="pass",
        first_ms=use.at_ms,
    )
    return Interval(
        key=key, last_ms=use.at_ms, n=1, evidence=Evidence.PASS, zone=None, loss_db=None
    )


def _claimed(
    shown: ShownNumber, people: People, guesses: dict[Scanner, Guesses], now_ms: Millis
) -> Interval | Literal["refused", "unknown", "not_allowed", "ambiguous"]:
    """Return the evidence of whose number it is, if that can be only one who may be known; or why not."""
    scanner = _scanner(shown)
    if is_refused(guesses[scanner], shown.at_ms):
        return "refused"
    enrolled = people.numbered.get(shown.number)
    if enrolled is None:
        guesses[scanner] = with_unknown(guesses[scanner], shown.at_ms)
        return "unknown"
    could_be = [
        person for person in enrolled if may_be_known(people.who.get(person), shown.at_ms, now_ms)
    ]
    if not could_be:
        return "not_allowed"
    if len(could_be) > 1:
        return "ambiguous"
    return _act(shown, could_be[0], "number", Evidence.HINT)


def _scanner(shown: ShownNumber) -> Scanner:
    return shown.edge.id, shown.scanner


def _act(
    shown: ShownPass | ShownNumber, person: PersonId, carrier: Carrier, evidence: Evidence
) -> Interval:
    return Interval(
        key=IntervalKey(
            person=person,
            store=shown.edge.store,
            edge=shown.edge.id,
            scanner=shown.scanner,
            carrier=carrier,
            first_ms=shown.at_ms,
        ),
        last_ms=shown.at_ms,
        n=1,
        evidence=evidence,
        zone=zone_of(shown.edge, shown.scanner),
        loss_db=None,
    )
