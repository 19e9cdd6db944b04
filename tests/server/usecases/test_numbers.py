"""Loyalty numbers: a claim by one person, or nothing; and nobody tries them all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shopbell_edge.core.sealing import seal_number
from shopbell_program.hpke import Opener, Sealer
from shopbell_server.core.consent.ledger import Change
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.identity.identifiers import LOYALTY_NUMBER
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.loyalty_numbers import opened
from shopbell_server.usecases.identity.identifiers import unlink
from shopbell_wire.messages import Scan
from tests.server.links import link
from tests.server.usecases.floor import EDGES, MINUTE, NOW, SECOND

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor

KEY = bytes(range(32))
OPENER = Opener(KEY)
SEALER = Sealer(X25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw())
HERS = "2912345678901"


@pytest.fixture
def till(floor: Floor) -> Floor:
    """Have the server of the floor open what is sealed to it."""
    floor.read_number = lambda edge, sealed: opened(sealed, "acme", edge, OPENER.open)
    floor.intake = floor.worker()
    return floor


def read(
    number: str = HERS, *, at_ms: int = NOW - SECOND, edge: str = EDGES[0], scanner: str = "usb0"
) -> Scan:
    return Scan(
        scanner=scanner,
        at_ms=at_ms,
        kind="number",
        format="EAN-13",
        sealed=seal_number(number, "acme", edge, SEALER.seal),
    )


def test_a_number_is_a_hint_of_the_one_who_has_it(till: Floor) -> None:
    ada = till.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS, "crm": "c-1"})
    till.enrol("ben", 2, external_ids={LOYALTY_NUMBER: "2900000000001"})
    taken = till.hear(read())
    assert taken.events["number_accepted"] == 1
    (visit,) = till.visits(ada)
    assert visit.session.evidence is Evidence.HINT
    assert visit.session.last_act is not None
    assert visit.session.last_act.carrier == "number"
    assert visit.session.zones[0].zone == "till"
    assert HERS not in till.rows("profiles", "identifiers")


def test_a_number_is_hers_until_it_is_unlinked(till: Floor) -> None:
    ada = till.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS})
    with till.database.begin() as work:
        link(work, ada.enrolment.profile, LOYALTY_NUMBER, "2900000000001")
        work.commit()
    assert till.hear(read()).events["number_accepted"] == 1
    assert till.hear(read("2900000000001")).events["number_accepted"] == 1
    with till.database.begin() as work:
        links = work.identity.links([ada.enrolment.profile])[ada.enrolment.profile]
        old = [each.id for each in links if each.value == HERS]
        profile = ada.enrolment.profile
        unlink(work, till.entropy, Millis(NOW), profile=profile, links=old, by="staff:op")
        work.commit()
    assert till.hear(read()).events["number_unknown"] == 1
    assert till.hear(read("2900000000001")).events["number_accepted"] == 1


def test_the_same_number_of_another_kind_is_none(till: Floor) -> None:
    till.enrol("ada", 1, external_ids={"crm": HERS})
    assert till.hear(read()).events["number_unknown"] == 1


def test_a_household_of_two_who_allow_it_is_nobody(till: Floor) -> None:
    ada = till.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS}, profile="household")
    eve = till.enrol("eve", 2, external_ids={LOYALTY_NUMBER: HERS}, profile="household")
    assert till.hear(read()).events["number_ambiguous"] == 1
    assert till.has_forgotten(ada)
    till.consents(eve, Change.WITHDRAWN, NOW - 10 * MINUTE)
    assert till.hear(read()).events["number_accepted"] == 1
    assert len(till.visits(ada)) == 1
    assert till.has_forgotten(eve)


def test_two_profiles_of_one_number_are_nobody(till: Floor) -> None:
    ada = till.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS})
    till.enrol("eve", 2, external_ids={LOYALTY_NUMBER: HERS})
    assert till.hear(read()).events["number_ambiguous"] == 1
    assert till.has_forgotten(ada)


def test_without_consent_or_a_phone_a_number_is_nobody(till: Floor) -> None:
    ada = till.enrol("ada", 1, given_ms=None, external_ids={LOYALTY_NUMBER: HERS})
    assert till.hear(read()).events["number_not_allowed"] == 1
    ben = till.enrol("ben", 2, external_ids={LOYALTY_NUMBER: "2900000000001"})
    with till.database.begin() as work:
        work.people.revoke(ben.person, Millis(NOW - 5))
        work.commit()
    assert till.hear(read("2900000000001")).events["number_not_allowed"] == 1
    assert till.has_forgotten(ada)
    assert till.has_forgotten(ben)


def test_a_number_that_another_edge_sealed_is_not_opened(till: Floor) -> None:
    ada = till.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS})
    taken = till.hear(read(edge=EDGES[1]), edge=EDGES[0])
    assert taken.events["number_unopened"] == 1
    assert taken.alarms == [("number_unopened", EDGES[0])]
    assert till.has_forgotten(ada)


def test_without_a_key_numbers_are_not_opened(floor: Floor) -> None:
    floor.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS})
    assert floor.hear(read()).alarms == [("number_unopened", EDGES[0])]


def test_who_tries_numbers_is_refused_for_a_minute(till: Floor) -> None:
    till.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS})
    began = NOW - 10 * MINUTE
    tries = [read(f"29{number:011d}", at_ms=began + number) for number in range(10)]
    tenth = till.hear(*reversed(tries))
    assert tenth.events["number_unknown"] == 10
    assert tenth.alarms == [("number_guessing", EDGES[0])]
    during = till.hear(read(at_ms=began + MINUTE), now_ms=NOW - 9 * MINUTE)
    assert during.events["number_refused"] == 1
    assert during.alarms == [("number_guessing", EDGES[0])]
    elsewhere = till.hear(read(at_ms=began + MINUTE, scanner="usb1"))
    assert elsewhere.events["number_accepted"] == 1
    after = till.hear(read(at_ms=began + MINUTE + 11))
    assert after.events["number_accepted"] == 1


def test_tries_add_up_over_groups(till: Floor) -> None:
    tries = [read(f"29{number:011d}", at_ms=NOW - SECOND + number) for number in range(9)]
    taken = till.hear(*tries)
    assert taken.events["number_unknown"] == 9
    again = till.hear(read("2900000000099", at_ms=NOW))
    assert again.events["number_unknown"] == 1
    assert till.hear(read("2900000000098", at_ms=NOW + 1)).events["number_refused"] == 1


def test_tries_add_up_over_workers_and_restarts(till: Floor) -> None:
    """Who has many workers, or a worker that starts anew, has as many tries as with one."""
    till.enrol("ada", 1, external_ids={LOYALTY_NUMBER: HERS})
    counts: Counter[str] = Counter()
    for number in range(20):
        till.intake = till.worker(f"w{number}")
        counts += till.hear(read(f"29{number:011d}", at_ms=NOW - SECOND + number)).events
    assert (counts["number_unknown"], counts["number_refused"]) == (10, 10)
    assert till.hear(read(at_ms=NOW)).events["number_refused"] == 1
