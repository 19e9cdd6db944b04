"""Somebody is forgotten while everything else happens to her: merges, tickets, consents, tills, edges.

Each of them knows her from a moment before, as a request does that was let in. Whatever comes first: in the
end nothing of her is left, and the others have all that is theirs.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from random import Random
from threading import Barrier
from typing import TYPE_CHECKING, Any, Final

import pytest

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.consent.ledger import Purpose, active_purposes
from shopbell_server.core.ids import EntryId, Millis, PersonId, ProfileId, ReceiptId, TenantId
from shopbell_server.core.keeping.owners import owner_of_person
from shopbell_server.core.recognition.fixed_ids import IdMark
from shopbell_server.crypto import aes_block
from shopbell_server.db.unit_of_work import SqlDatabase
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.ports.sinks import Outcome
from shopbell_server.usecases.consent.consents import Said, change_consents, leave
from shopbell_server.usecases.customers.customer_page import enter, make_page_link
from shopbell_server.usecases.customers.enrol import TicketOrder, enrol, make_ticket
from shopbell_server.usecases.customers.fixed_ids import register
from shopbell_server.usecases.customers.issue import issue_tokens
from shopbell_server.usecases.customers.known import known_of
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_server.usecases.delivery.deliver import settle, take_due
from shopbell_server.usecases.identity.profiles import Done
from shopbell_server.usecases.intake.receipts import Sale, book
from shopbell_server.usecases.keeping.erase import erase, finish, unreadable
from shopbell_server.usecases.keeping.export import export
from tests.fakes.keys import MemoryKeys, boxes_of
from tests.server.told import correspondence
from tests.server.usecases.floor import (
    EDGES,
    MINUTE,
    NOW,
    RULES,
    SECOND,
    SINK,
    STORE,
    CountedEntropy,
    Floor,
    batch,
    stays,
)
from tests.server.usecases.identity.test_profiles import TERMS, holds, merged, taken_out, undone
from tests.server.usecases.test_profile_sequences import WIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shopbell_server.core.identity.guards import Refused
    from shopbell_server.core.keeping.erasure import Erasure
    from tests.server.usecases.floor import Someone

TENANT: Final = TenantId("acme")
TRIES: Final = 200
TURNS: Final = 12
LATER: Final = Millis(NOW + MINUTE)
STAYS: Final = (
    "consent_entries", "audit_records", "audit_heads", "erasures", "told", "identity_entries",
)  # fmt: skip
"""Where her id stays: what she allowed, what was done. What sinks were told is looked at by itself."""


@dataclass
class World:
    """Six who may be forgotten, three of whom are; and one with whom nobody has to do."""

    floor: Floor
    keys: MemoryKeys
    people: list[Someone] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Secrets of links to pages."""

    def __post_init__(self) -> None:
        make_keys(self.floor.database, self.floor.entropy, Millis(NOW))
        for number in range(6):
            self.people.append(
                self.floor.enrol(
                    f"customer{number}",
                    number + 1,
                    profile=f"profile-{number // 2}",
                    external_ids={"crm": f"c-{number}"} if number % 2 else None,
                )
            )
        self.alone = self.floor.enrol("alone", 99, external_ids={"crm": "c-99"})
        self.floor.hear(*(self.floor.shows_pass(each) for each in (*self.people, self.alone)))
        for each in self.people:
            with self.floor.database.begin() as work:
                link = make_page_link(work, self.floor.entropy, Millis(NOW), each.person)
                work.commit()
            self.links.append(link.secret)

    @property
    def profiles(self) -> list[ProfileId]:
        return [ProfileId(f"profile-{number}") for number in range(3)]


@pytest.fixture
def world(url: str) -> Iterator[World]:
    keys = MemoryKeys()
    with closing(SqlDatabase(url, TENANT, boxes_of(keys, TENANT))) as database:
        yield World(Floor(database, url), keys)


def again(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Do something as its callers do: begun anew while somebody is in the way."""
    for _ in range(TRIES):
        try:
            return act(*arguments, **named)
        except DatabaseBusyError:
            continue
    return None  # who asks is told to come back


def committed(world: World, act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Do something in a unit of work, and commit it."""

    def attempt() -> Any:
        with world.floor.database.begin() as work:
            outcome = act(work, *arguments, **named)
            work.commit()
        return outcome

    return again(attempt)


def forgets(world: World, dice: Random, entropy: CountedEntropy) -> list[Erasure]:
    """Forget three, one after the other; finish some at once, as a command does, the others later."""
    erasures: list[Erasure] = []
    actor = Actor(kind="phone", name="")
    for each in dice.sample(world.people, 3):
        erased = committed(
            world, erase, entropy, LATER, person=each.person, actor=actor, terms=TERMS
        )
        if erased is not None:
            erasures += erased.erasures
            if dice.random() < 0.5:
                again(finish, world.floor.database, erased.erasures[-1], LATER)
    return erasures


def keeps_profiles(world: World, dice: Random, _: CountedEntropy) -> None:
    """Merge, join, split and undo."""
    floor = world.floor
    entries: list[tuple[EntryId, ProfileId]] = []
    for turn in range(TURNS):
        one, other = dice.sample(world.profiles, 2)
        outcome: Done | Refused | None = None
        match dice.choice(["merge", "join", "split", "undo"]):
            case "merge":
                outcome = again(merged, floor, one, other, "household", WIDE)
            case "join":
                outcome = again(merged, floor, one, other, "one_person", WIDE)
            case "split":
                person = dice.choice(world.people).person
                outcome = again(taken_out, floor, one, [person], (), ProfileId(f"new-{turn}"))
            case _:
                if entries:
                    outcome = again(undone, floor, *dice.choice(entries))
        if isinstance(outcome, Done):
            entries.append((outcome.entry.id, outcome.entry.source))


def enrols(world: World, dice: Random, entropy: CountedEntropy) -> None:
    """Ask for tickets, with a name and a number, and enrol with them."""
    for _ in range(TURNS):
        profile = dice.choice(world.profiles)
        order = TicketOrder(
            profile=profile,
            external_ids={"crm": f"c-{profile}"},
            first_name=f"Anew-{profile}",
            language="nl",
        )
        ticket = committed(world, make_ticket, entropy, order, LATER)
        if ticket is not None:
            committed(
                world,
                enrol,
                entropy,
                LATER,
                ticket=ticket.secret,
                phone_model="Pixel 9",
                said=[says(Purpose.RECOGNISE_IN_STORE)],
                sinks=(SINK,),
                guards=WIDE,
            )


def uses_her_phone(world: World, dice: Random, entropy: CountedEntropy) -> None:
    """Switch purposes, fetch tokens, register fobs, open pages, buy something, leave."""
    sending: dict[str, Any] = {"rules": RULES, "sinks": (SINK,)}
    for turn in range(TURNS):
        each = dice.choice(world.people)
        enrolment = each.enrolment
        match dice.choice(["yes", "no", "tokens", "fob", "link", "page", "till", "leave"]):
            case "yes" | "no" as state:
                said = [says(dice.choice(list(Purpose)), given=state == "yes")]
                committed(
                    world,
                    change_consents,
                    entropy,
                    LATER,
                    enrolment=enrolment,
                    said=said,
                    **sending,
                )
            case "tokens":
                committed(world, issue_tokens, enrolment, Millis(NOW), aes_block)
            case "fob":
                mark = IdMark(entropy.token(32))
                committed(world, register, entropy, LATER, person=each.person, mark=mark)
            case "link":
                committed(world, make_page_link, entropy, LATER, each.person)
            case "page":
                again(enter, world.floor.database, entropy, LATER, dice.choice(world.links))
            case "till":
                sale = bought(each, f"{turn}", entropy)
                committed(world, book, entropy, LATER, sale=sale, terms=TERMS)
            case _:
                committed(world, leave, entropy, LATER, enrolment=enrolment, **sending)


def reads(world: World, dice: Random, _: CountedEntropy) -> None:
    """Read her page and take everything along, and tell a sink of her."""
    to, actor = correspondence(), Actor(kind="phone", name="")
    for each in dice.choices(world.people, k=TURNS):
        enrolment = each.enrolment
        again(known_of, world.floor.database, LATER, RULES, enrolment)
        committed(world, export, LATER, enrolment=enrolment, rules=RULES, actor=actor, form="json")
        due = again(take_due, world.floor.database, to, LATER, limit=5, patience_s=1.0)
        if due is not None:
            results = [(one, Outcome(kind="delivered", reason="200")) for one in due.deliveries]
            again(settle, world.floor.database, to, results, LATER, [0.0] * len(results))


def says(purpose: Purpose, *, given: bool = True) -> Said:
    return Said(
        purpose=purpose,
        given=given,
        text_version="1",
        text_sha256="00" * 32,
        language="nl",
        until_ms=None,
    )


def bought(someone: Someone, turn: str, entropy: CountedEntropy) -> Sale:
    return Sale(
        receipt=ReceiptId(f"r-{turn}"),
        store=STORE,
        till="1",
        at_ms=Millis(NOW),
        card=str(someone.card.ref),
        is_return=False,
        request_mac=fingerprint(str(entropy.token(8))),
    )


def hears(world: World, dice: Random, entropy: CountedEntropy) -> None:
    """Take in what edges heard of everybody."""
    intake = world.floor.worker(f"-{dice.random()}")
    for turn in range(TURNS):
        last_ms = NOW - (TURNS - turn) * SECOND
        events = [world.floor.presence(each, NOW - 5 * MINUTE, last_ms) for each in world.people]
        message = batch(*events, edge=dice.choice(EDGES), stream=entropy.token(16).hex())
        again(intake.take, [message], Millis(NOW))


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(each, marks=pytest.mark.faults) for each in range(2, 40))]
)
def test_nothing_of_her_is_left_and_everything_of_the_others(world: World, seed: int) -> None:
    floor, together = world.floor, Barrier(6)
    hers = stays(floor.visits(world.alone))

    def run(number: int, does: Callable[[World, Random, CountedEntropy], Any]) -> Any:
        together.wait(30)
        return does(world, Random(f"{seed}-{number}"), CountedEntropy(f"-{number}"))

    with ThreadPoolExecutor(6) as threads:
        running = [
            threads.submit(run, number, does)
            for number, does in enumerate(
                (forgets, keeps_profiles, enrols, uses_her_phone, hears, reads)
            )
        ]
        erasures, *_ = [each.result(120) for each in running]
    with floor.database.read() as work:
        undone_yet = list(work.erasures.undone(99))
    for each in (*undone_yet, *erasures):
        again(finish, floor.database, each, LATER)
    is_forgotten(world, [each.person for each in erasures])
    assert stays(floor.visits(world.alone)) == hers
    holds(floor, everybodys_profiles(world))
    assert unreadable(floor.database)[0] == []
    names(world)


def is_forgotten(world: World, persons: list[PersonId]) -> None:
    """Check that no row points at them, and that no key of theirs was made anew."""
    rows = world.floor.rows(*STAYS)
    with world.floor.database.read() as work:
        for person in persons:
            assert f"'{person}'" not in rows, person
            assert work.told.of(person) == []
            assert active_purposes(work.ledger.entries([person])[person], LATER) == frozenset()
    assert world.keys.known([owner_of_person(person) for person in persons]) == {}


def everybodys_profiles(world: World) -> list[ProfileId]:
    profiles = [*world.profiles, *(ProfileId(f"new-{turn}") for turn in range(TURNS))]
    with world.floor.database.read() as work:
        return list(work.people.profiles(profiles))


def names(world: World) -> None:
    """Check that who began with a name, or was given one, has it readable."""
    with world.floor.database.read() as work:
        found = work.people.profiles([*world.profiles, ProfileId("profile-alone")])
    assert all(each.first_name is not None for each in found.values())
    assert found[ProfileId("profile-alone")].first_name == "First-alone"
