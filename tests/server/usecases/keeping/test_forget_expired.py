from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import EdgeId, Millis, ProfileId, StaffId
from shopbell_server.core.recognition.spray import KEPT_MINUTES, Tokens, minute_of
from shopbell_server.core.registry import Staff
from shopbell_server.ports.answers import KeptAnswer
from shopbell_server.usecases.keeping.forget_expired import NOTHING, Forgotten, forget_expired
from tests.server.sessions import a_session
from tests.server.usecases.floor import NOW, STORE

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor

SAM = Staff(id=StaffId("sam"), name="Sam", role="advisor", stores=frozenset({STORE}), language="en")
ADA = Profile(id=ProfileId("p"), first_name=None, language=None, staff=False)


def named(number: int) -> bytes:
    return bytes([number]) * 32


def kept(number: int, expires_ms: int) -> KeptAnswer:
    return KeptAnswer(
        name_sha256=named(number),
        request_sha256=named(99),
        sealed=b"sealed",
        expires_ms=Millis(expires_ms),
    )


def test_what_is_over_is_deleted_and_what_lives_stays(floor: Floor) -> None:
    with floor.database.begin() as work:
        work.registry.put_staff(SAM, None)
        work.people.put_profile(ADA)
        for number, expires_ms in ((1, NOW - 1), (2, NOW), (3, NOW + 1)):
            work.staff_sessions.open(a_session(named(number), SAM.id, expires_ms))
            work.people.add_ticket(named(number), ADA.id, Millis(expires_ms))
            work.answers.keep(kept(number, expires_ms), Millis(NOW - 2))
        work.people.add_ticket(named(4), ADA.id, Millis(NOW))
        kept_from = minute_of(NOW) - KEPT_MINUTES
        work.edge_records.add_tokens(
            {(EdgeId("door"), kept_from + off): Tokens(1, 1) for off in (-2, -1, 0, 1)}
        )
        work.commit()
    assert forget_expired(floor.database, Millis(NOW)) == Forgotten(
        sessions=2,
        customer_sessions=0,
        tickets=3,
        answers=2,
        minutes=2,
        conflicts=0,
        notices=0,
        guesses=0,
    )
    assert forget_expired(floor.database, Millis(NOW)) == NOTHING
    with floor.database.begin() as work:
        assert set(work.staff_sessions.staff_of_each([named(3)], Millis(NOW)).values()) == {SAM.id}
        assert work.people.redeem_ticket(named(3), Millis(NOW)) == ADA.id
        assert work.answers.recall(named(3), Millis(NOW)) == kept(3, NOW + 1)
