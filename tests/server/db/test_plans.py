"""Whether rows are found or all of them read: a shop has millions of batches and intervals in the end."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from shopbell_server.core.ids import DeviceNo, Millis, ReceiptId, StoreId, VisitId
from shopbell_server.db.engine import open_engine, writing
from shopbell_server.db.transaction import Transaction
from shopbell_server.db.unit_of_work import SqlUnitOfWork
from shopbell_server.ports.batches import BatchKey
from shopbell_server.ports.visits import Due
from tests.fakes.keys import MemoryKeys, boxes_of
from tests.rigs.postgres import as_superuser
from tests.server.conftest import TENANT
from tests.server.db.rows import ANNA, BEN, EDGE, PROFILE, STORE, hashed, interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

    from shopbell_server.ports.database import UnitOfWork

MOMENT = Millis(1)
EITHER = [ANNA, BEN]

QUESTIONS: dict[str, Callable[[UnitOfWork], object]] = {
    "hashes": lambda work: work.batches.hashes(
        [BatchKey(edge=EDGE, stream="s", seq=seq) for seq in range(3)]
    ),
    "ranges": lambda work: work.batches.ranges([(EDGE, "a"), (EDGE, "b")], MOMENT),
    "anchors": lambda work: work.batches.anchors([(EDGE, "a"), (EDGE, "b")]),
    "by_device_no": lambda work: work.people.by_device_no([DeviceNo(1), DeviceNo(2)]),
    "by_device_token": lambda work: work.people.by_device_token(hashed(1)),
    "persons_by": lambda work: work.identity.persons_by("crm", ["a", "b"]),
    "links": lambda work: work.identity.links([PROFILE]),
    "bearers": lambda work: work.identity.bearers("crm", "a"),
    "enrolled": lambda work: work.identity.enrolled([PROFILE]),
    "history": lambda work: work.identity.history([PROFILE]),
    "homes": lambda work: work.identity.homes([ANNA, BEN]),
    "born": lambda work: work.identity.born([PROFILE]),
    "outliving": lambda work: work.erasures.outliving("", 9),
    "taken in": lambda work: work.identity.taken_in([PROFILE]),
    "enrolments": lambda work: work.people.enrolments(EITHER),
    "phones": lambda work: work.people.phones(EITHER),
    "staff_among": lambda work: work.people.staff_among([PROFILE]),
    "issued": lambda work: work.people.issued(EITHER),
    "run_out": lambda work: work.ledger.run_out(MOMENT, MOMENT),
    "customer session": lambda work: work.customer_sessions.get(hashed(1)),
    "customer's sessions": lambda work: work.customer_sessions.close_all(ANNA),
    "ledger": lambda work: work.ledger.entries(EITHER),
    "known": lambda work: work.intervals.known([interval().key, interval(2).key]),
    "within": lambda work: work.intervals.within(ANNA, STORE, MOMENT, MOMENT),
    "within_each": lambda work: work.intervals.within_each(EITHER, STORE, MOMENT, MOMENT),
    "heard_since": lambda work: work.intervals.heard_since(STORE, MOMENT),
    "heard_by": lambda work: work.intervals.heard_by(STORE, (EDGE, "a"), MOMENT, MOMENT),
    "stores_of": lambda work: work.intervals.stores_of(EITHER),
    "spans": lambda work: work.intervals.spans(EITHER, STORE, MOMENT, 100),
    "heads": lambda work: work.joined.heads(ANNA, 50),
    "under": lambda work: work.joined.under(EITHER),
    "marks": lambda work: work.scanners.marks([(EDGE, "a"), (EDGE, "b")], MOMENT, MOMENT),
    "remove_within": lambda work: work.intervals.remove_within(ANNA, STORE, MOMENT, MOMENT),
    "truncate": lambda work: work.intervals.truncate(ANNA, MOMENT),
    "touching": lambda work: work.visits.touching(ANNA, STORE, MOMENT, MOMENT),
    "touching_each": lambda work: work.visits.touching_each(EITHER, STORE, MOMENT, MOMENT),
    "present": lambda work: work.visits.present(STORE, MOMENT),
    "present_of": lambda work: work.visits.present_of(EITHER, STORE, MOMENT),
    "staff_of_each": lambda work: work.staff_sessions.staff_of_each([hashed(1)], MOMENT),
    "expired sessions": lambda work: work.staff_sessions.drop_expired(MOMENT),
    "expired tickets": lambda work: work.people.drop_expired_tickets(MOMENT),
    "expired answers": lambda work: work.answers.drop_expired(MOMENT),
    "in_several_stores": lambda work: work.visits.in_several_stores(EITHER, MOMENT),
    "tokens": lambda work: work.edge_records.tokens([EDGE], 1),
    "all_tokens": lambda work: work.edge_records.all_tokens(1),
    "old tokens": lambda work: work.edge_records.drop_tokens(1),
    "old conflicts": lambda work: work.visits.drop_conflicts(MOMENT),
    "due": lambda work: work.visits.claim_due(MOMENT, 9),
    "due after": lambda work: work.visits.claim_due(MOMENT, 9, Due(MOMENT, VisitId("v"), ANNA)),
    "still due": lambda work: work.visits.still_due([VisitId("a"), VisitId("b")], MOMENT),
    "of_person": lambda work: work.visits.of_person(ANNA),
    "page": lambda work: work.visits.page([STORE, StoreId("b")], (MOMENT, VisitId("v")), 9),
    "recall_receipt": lambda work: work.receipts.recall(ReceiptId("r")),
    "purchases_each": lambda work: work.receipts.purchases_each(EITHER, STORE, MOMENT, MOMENT),
    "disown_within": lambda work: work.receipts.disown_within(ANNA, STORE, MOMENT, MOMENT),
    "disown_from": lambda work: work.receipts.disown_from(ANNA, MOMENT),
    "last_number": lambda work: work.orders.last_number(EDGE),
    "orders of": lambda work: work.orders.of(EDGE, 9),
    "claim": lambda work: work.outgoing.claim("crm", MOMENT, 1, 9),
    "waiting": lambda work: work.outgoing.waiting("crm"),
    "cancel": lambda work: work.outgoing.cancel(ANNA),
}


Statements = list[tuple[str, Any]]


@pytest.mark.parametrize("question", QUESTIONS)
def test_sqlite_finds_rows_by_more_than_their_tenant(sqlite_url: str, question: str) -> None:
    with closing_engine(open_engine(sqlite_url)) as engine:
        asked = statements(engine, QUESTIONS[question])
        with engine.connect() as connection:
            for statement, parameters in asked:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                steps = [str(step[3]) for step in plan]
                searches = [step for step in steps if step.startswith("SEARCH")]
                assert searches, steps
                assert not [step for step in searches if re.search(r"\(tenant=\?\)", step)], steps
                scans = [step for step in steps if re.match(r"SCAN (?!.*VIRTUAL|CONST)", step)]
                assert not scans, steps


@pytest.mark.parametrize("question", QUESTIONS)
def test_row_level_security_takes_no_index_away(postgres_url: str, question: str) -> None:
    """The tenant of the connection is compared once for a statement, not once for a row."""
    with closing_engine(open_engine(postgres_url, tenant=TENANT)) as engine:
        asked = statements(engine, QUESTIONS[question])
        held = [plan(engine, each) for each in asked]
    with closing_engine(open_engine(as_superuser(postgres_url))) as engine:
        free = [plan(engine, each) for each in asked]
    for with_it, without in zip(held, free, strict=True):
        assert "current_setting" not in " ".join(without)
        once = [step for step in with_it if "current_setting" in step]
        assert once, with_it
        assert all(step.startswith("One-Time Filter:") for step in once), with_it
        assert answered_by_indexes(with_it) >= answered_by_indexes(without), with_it


def test_a_visit_that_is_written_reads_the_consents_of_its_person_alone(url: str) -> None:
    """The triggers on visits ask; both databases once read everybody's, by an index of their times."""
    with closing_engine(open_engine(as_superuser(url))) as engine:
        for asked in asked_by_triggers(engine):
            question = re.sub(r"NEW\.\w+", "'a'", asked.replace("NEW.end_ms", "1"))
            with engine.connect() as connection:
                if engine.dialect.name == "sqlite":
                    found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}").all()
                    assert "(tenant=? AND person=?)" in str(found[0][3])
                else:
                    # Of tables without rows it takes any index.
                    connection.exec_driver_sql(A_THOUSAND_CONSENTS)
                    connection.exec_driver_sql("ANALYZE consent_entries")
                    found = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {question}").all()
                    assert "using pk_consent_entries" in str(found[0][0])


A_THOUSAND_CONSENTS = """
    INSERT INTO consent_entries (tenant, person, sequence, purpose, change, at_ms, place, text_version,
        text_sha256, language, evidence)
    SELECT 'a', number, 0, 'recognise_in_store', 'given', number, '', '', '', '', ''
    FROM generate_series(1, 1000) AS all_of_them (number)
"""


def asked_by_triggers(engine: Engine) -> list[str]:
    """Return the questions after consents in the triggers on visits, as they are stored."""
    stored = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'visits'",
        "postgresql": "SELECT prosrc FROM pg_proc WHERE proname = 'visits_need_consent'",
    }
    with engine.connect() as connection:
        texts = [str(row[0]) for row in connection.exec_driver_sql(stored[engine.dialect.name])]
    asked = [
        each
        for text in texts
        for each in re.findall(r"NOT EXISTS \((.*?NEW\.end_ms)", text, re.DOTALL)
    ]
    assert len(asked) == len(texts) > 0
    return asked


def plan(engine: Engine, asked: tuple[str, Any]) -> list[str]:
    statement, parameters = asked
    with engine.connect() as connection:
        # Tables without rows would be read whole, with indexes or without.
        connection.exec_driver_sql("SET enable_seqscan = off")
        steps = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
        return [str(step[0]).strip() for step in steps]


def answered_by_indexes(steps: list[str]) -> int:
    """Return how many comparisons of a plan are made by looking into an index."""
    return sum(
        len(re.findall(r" (?:=|<|>|<=|>=) ", step))
        for step in steps
        if step.startswith("Index Cond:")
    )


def statements(engine: Engine, question: Callable[[UnitOfWork], object]) -> Statements:
    """Return what is executed for a question, with its parameters."""
    asked: Statements = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*given: Any) -> None:
        statement, parameters = given[2:4]
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            asked.append((statement, parameters))

    with SqlUnitOfWork(Transaction(writing(engine), TENANT, boxes_of(MemoryKeys()))) as work:
        question(work)
    event.remove(engine, "before_cursor_execute", note)
    assert asked
    return asked


@contextmanager
def closing_engine(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.dispose()
