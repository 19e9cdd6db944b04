"""Who is known by what, and of whom nothing is left anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.facts import CustomerRecognized, PassScanned, VisitStarted
from shopbell_server.core.ids import DeviceNo, Millis, TenantId
from shopbell_wire.messages import Loss, Presence, Scan
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    MINUTE,
    NOW,
    SECOND,
    STORE,
    Floor,
    batch,
)

if TYPE_CHECKING:
    from shopbell_wire.messages import Frame

WINDOW = 900 * SECOND


def sighting(token: str, frame: Frame = "service-data", *, at_ms: int = NOW - SECOND) -> Presence:
    return Presence(
        scanner="hci0",
        frame=frame,
        token=token,
        phase="present",
        first_ms=at_ms - 3 * MINUTE,
        last_ms=at_ms,
        n=20,
        loss_db=Loss(median=14.0, p10=11.0, last=13.0),
        reason="30 s",
    )


# ------------------------------------------------------------------ who is known


@pytest.mark.parametrize(
    ("frame", "mac", "evidence"),
    [
        ("ibeacon", False, Evidence.HINT),
        ("service-data", False, Evidence.SIGNAL),
        ("service-uuid", False, Evidence.SIGNAL),
        ("service-uuid", True, Evidence.FRESH),
    ],
)
def test_every_frame_is_worth_what_it_is_worth(
    floor: Floor, frame: Frame, evidence: Evidence, *, mac: bool
) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, frame=frame, mac=mac))
    (visit,) = floor.visits(ada)
    assert visit.session.evidence is evidence


def test_a_mac_that_is_stale_when_heard_makes_nothing_fresh(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    good = floor.presence(ada, NOW - 9 * MINUTE, NOW - 5 * MINUTE, frame="service-uuid", mac=True)
    replayed = Presence(
        **{
            **{name: getattr(good, name) for name in good.__struct_fields__},
            "last_ms": NOW - SECOND,
            "mac_ms": NOW - SECOND,
            "token": floor.token(ada, NOW - SECOND).id64,
        }
    )
    floor.hear(replayed)
    (visit,) = floor.visits(ada)
    assert visit.session.evidence is Evidence.SIGNAL


@pytest.mark.parametrize("off_ms", [-119 * SECOND, WINDOW + 119 * SECOND])
def test_tokens_are_known_a_little_before_and_after_their_window(floor: Floor, off_ms: int) -> None:
    ada = floor.enrol("ada", 1)
    began = NOW // WINDOW * WINDOW - WINDOW
    token = floor.token(ada, began).id64
    floor.hear(sighting(token, at_ms=began + off_ms))
    assert len(floor.visits(ada)) == 1


def test_a_stay_does_not_begin_before_its_token_was_on_the_air(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 5 * DAY, NOW - SECOND))
    (visit,) = floor.visits(ada)
    assert visit.session.start_ms == NOW // WINDOW * WINDOW - 120 * SECOND


# ------------------------------------------------------------------ nobody


def nobody(floor: Floor, token: str, frame: Frame = "service-data") -> None:
    taken = floor.hear(sighting(token, frame))
    assert taken.events["unresolved"] == 1
    assert taken.events["recognised"] == 0
    assert taken.changed == {}


@pytest.mark.parametrize("off", [-96, -2, 2, 5], ids=["yesterday", "before", "after", "w+5"])
def test_a_token_of_another_window_is_nobody(floor: Floor, off: int) -> None:
    ada = floor.enrol("ada", 1)
    token = floor.token(ada, off=off)
    nobody(floor, token.id64)
    nobody(floor, token.id32, "ibeacon")
    assert floor.has_forgotten(ada, token.id64, token.id32)


@pytest.mark.parametrize("token", ["00000000", "ffffffff", "0" * 16, "f" * 16])
def test_no_number_at_all_is_nobody(floor: Floor, token: str) -> None:
    ada = floor.enrol("ada", 1)
    nobody(floor, token, "ibeacon" if len(token) == 8 else "service-data")
    assert floor.has_forgotten(ada)


@pytest.mark.parametrize("length", [32, 40])
def test_static_ids_mean_nobody_here(floor: Floor, length: int) -> None:
    nobody(floor, "ab" * (length // 2), "static")
    assert "abab" not in floor.rows()


def test_a_token_in_a_frame_that_does_not_carry_such_is_nobody(floor: Floor) -> None:
    """An id32 must not borrow the trust of a service-uuid frame."""
    ada = floor.enrol("ada", 1)
    token = floor.token(ada)
    nobody(floor, token.id32, "service-uuid")
    nobody(floor, token.id64, "ibeacon")
    nobody(floor, token.id64, "static")
    assert floor.has_forgotten(ada, token.id32, token.id64)


def test_a_token_that_was_not_issued_is_nobody(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, issued=False)
    token = floor.token(ada).id64
    nobody(floor, token)
    assert floor.has_forgotten(ada, token)


def test_somebody_who_never_consented_is_nobody(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, given_ms=None)
    token = floor.token(ada).id64
    nobody(floor, token)
    floor.hear(floor.shows_pass(ada))
    assert floor.has_forgotten(ada, token)


def test_somebody_who_withdrew_is_nobody_from_whatever_spool_it_comes(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.consents(ada, Change.WITHDRAWN, NOW - 5 * SECOND)
    token = floor.token(ada).id64
    nobody(floor, token)
    # What happened while she allowed it, too: it is worked on after she withdrew.
    before = floor.presence(ada, NOW - 60 * MINUTE, NOW - 50 * MINUTE)
    floor.hear(before, floor.shows_pass(ada, NOW - MINUTE))
    assert floor.has_forgotten(ada, token, before.token)


def test_somebody_who_was_revoked_is_nobody(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    with floor.database.begin() as work:
        work.people.revoke(ada.person, Millis(NOW - 1))
        work.commit()
    token = floor.token(ada).id64
    nobody(floor, token)
    floor.hear(floor.shows_pass(ada))
    assert floor.has_forgotten(ada, token)


def test_an_old_number_of_somebody_is_nobody(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    old = floor.token(ada).id64
    with floor.database.begin() as work:
        work.people.renumber(ada.person, DeviceNo(77))
        work.commit()
    nobody(floor, old)
    assert floor.has_forgotten(ada, old)


def test_people_who_work_here_are_left_out(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, staff=True)
    token = floor.token(ada).id64
    nobody(floor, token)
    assert floor.hear(floor.shows_pass(ada)).events["pass_not_allowed"] == 1
    assert floor.has_forgotten(ada, token)


def test_a_consent_that_ran_out_is_none(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, given_ms=NOW - 366 * DAY)
    token = floor.token(ada).id64
    nobody(floor, token)
    assert floor.has_forgotten(ada, token)


def test_without_the_key_of_the_day_nobody_is_known(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    token = floor.token(ada).id64
    floor.hear(floor.presence(ada))
    assert len(floor.visits(ada)) == 1
    with floor.database.begin() as work:
        work.day_keys.destroy_before(max(floor.day_keys))
        work.commit()
    taken = floor.hear(floor.presence(ada), now_ms=NOW + SECOND)
    assert taken.events["unresolved"] == 1
    assert token not in floor.rows()


def test_a_token_of_another_tenant_is_nobody(floor: Floor) -> None:
    if floor.url is None:
        pytest.skip("a memory holds one tenant")
    database = open_sql(floor.url, TenantId("zeta"))
    keys = {day: bytes(32) for day in floor.day_keys}
    theirs = Floor(database, floor.url, day_keys=keys)
    zoe = theirs.enrol("zoe", 1)
    floor.enrol("ada", 1)
    token = theirs.token(zoe).id64
    nobody(floor, token)
    assert theirs.has_forgotten(zoe, token)
    theirs.hear(theirs.presence(zoe))
    assert len(theirs.visits(zoe)) == 1
    assert not floor.visits(zoe)
    database.close()


# ------------------------------------------------------------------ consent in the middle


def test_consent_in_the_middle_of_a_stay_counts_from_there(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, given_ms=NOW - 4 * MINUTE)
    before = floor.presence(ada, NOW - 9 * MINUTE, NOW - 5 * MINUTE)
    after = floor.presence(ada, NOW - 9 * MINUTE, NOW - SECOND)
    floor.hear(before)
    assert floor.has_forgotten(ada, before.token)
    floor.hear(after)
    (visit,) = floor.visits(ada)
    assert visit.session.start_ms == NOW - 4 * MINUTE


def test_a_stay_counts_in_the_stretch_of_consent_in_which_it_ended(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.consents(ada, Change.WITHDRAWN, NOW - 3 * MINUTE)
    floor.consents(ada, Change.GIVEN, NOW - 2 * MINUTE)
    floor.hear(floor.presence(ada, NOW - 9 * MINUTE, NOW - SECOND))
    (visit,) = floor.visits(ada)
    assert visit.session.start_ms == NOW - 2 * MINUTE


# ------------------------------------------------------------------ passes


def test_a_pass_counts_once_wherever_it_is_held_up(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    later, first = (
        floor.shows_pass(ada, at_ms, made_ms=NOW) for at_ms in (NOW - SECOND, NOW - 9 * SECOND)
    )
    message = batch(later, edge=EDGES[0], stream="a" * 32)
    taken = floor.take(message, batch(first, edge=EDGES[1]), message)
    assert taken.events["pass_accepted"] == taken.events["pass_used"] == 1
    (visit,) = floor.visits(ada)
    assert visit.session.scanners == ((EDGES[1], "cam0"),), "the first by time, not by coming"
    again = floor.hear(first, edge=EDGES[2])
    assert again.events["pass_used"] == 1
    assert len([fact for fact in floor.facts() if isinstance(fact, PassScanned)]) == 1


@pytest.mark.parametrize(
    ("made_ms", "why"),
    [(NOW - 90 * SECOND, "stale"), (NOW + 60 * SECOND, "from_the_future")],
)
def test_a_pass_out_of_its_time_is_refused(floor: Floor, made_ms: int, why: str) -> None:
    ada = floor.enrol("ada", 1)
    taken = floor.hear(floor.shows_pass(ada, NOW, made_ms=made_ms))
    assert taken.events[f"pass_{why}"] == 1
    assert floor.has_forgotten(ada)


def test_a_pass_that_waited_at_the_edge_is_verified_at_its_own_time(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    taken = floor.hear(floor.shows_pass(ada, NOW - 2 * DAY))
    assert taken.events["pass_accepted"] == 1
    assert [fact.late for fact in floor.facts()] == [True, True, True]


def shown(text: str) -> Scan:
    return Scan(scanner="cam0", at_ms=NOW - SECOND, kind="pass", format="QRCode", text=text)


def test_a_wrong_code_is_refused_and_kept_nowhere(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    text = floor.shows_pass(ada).text
    assert isinstance(text, str)
    wrong = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert floor.hear(shown(wrong)).events["pass_wrong"] == 1
    unknown = text.replace(ada.card.ref, "K7Q2M9X4TR3WA")
    assert floor.hear(shown(unknown)).events["pass_unknown"] == 1
    assert floor.has_forgotten(ada, wrong[-8:], "K7Q2M9X4TR3WA")


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/",
        "javascript:alert(1)",
        "WIFI:S:x;;",
        "BEGIN:VCARD",
        "' OR 1=1--",
        "=HYPERLINK(1)",
        "\uff11\uff12\uff13",
        "sb1.K7Q2M9X4TR3WA.1795262820.48775424",
        "",
    ],
)
def test_codes_that_are_not_ours_are_counted_and_kept_nowhere(floor: Floor, text: str) -> None:
    assert floor.hear(shown(text)).events["code_unknown"] == 1
    assert not text or text not in floor.rows()


# ------------------------------------------------------------------ who is told


def test_facts_are_for_those_who_share(floor: Floor) -> None:
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2, share=False)
    floor.take(batch(floor.presence(ada), floor.presence(eve), floor.shows_pass(eve)))
    assert len(floor.visits(eve)) == 1
    facts = floor.facts()
    assert [type(fact) for fact in facts] == [VisitStarted, CustomerRecognized]
    assert {fact.person for fact in facts} == {ada.person}
    assert {fact.late for fact in facts} == {False}


def test_what_happened_before_she_shared_is_not_told(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    floor.consents(ada, Change.GIVEN, NOW - MINUTE, Purpose.SHARE_WITH_CDP)
    floor.hear(floor.presence(ada))
    assert len(floor.visits(ada)) == 1
    assert floor.facts() == []


def test_nobody_is_told_where_there_is_nobody_to_tell(floor: Floor) -> None:
    floor.sinks = ()
    ada = floor.enrol("ada", 1)
    floor.worker("quiet").take([batch(floor.presence(ada))], Millis(NOW))
    assert len(floor.visits(ada)) == 1
    assert floor.facts() == []


def test_backlog_rings_no_bell_and_what_is_heard_now_does(floor: Floor) -> None:
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2)
    floor.take(
        batch(
            floor.presence(ada, NOW - 10 * MINUTE, NOW - 31 * SECOND),
            floor.presence(eve, NOW - 10 * MINUTE, NOW - 29 * SECOND),
        )
    )
    late = {fact.person: fact.late for fact in floor.facts()}
    assert late == {ada.person: True, eve.person: False}


def test_stays_in_zones_by_scanner(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada), replace_scanner(floor.presence(ada), "usb0"))
    (visit,) = floor.visits(ada)
    assert {time.zone for time in visit.session.zones} == {"entrance", "till"}
    assert visit.store == STORE


def replace_scanner(presence: Presence, scanner: str) -> Presence:
    fields = {name: getattr(presence, name) for name in presence.__struct_fields__}
    return Presence(**{**fields, "scanner": scanner})


def test_an_edge_without_zones_is_heard_all_the_same(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    with floor.database.begin() as work:
        for edge in work.registry.edges().values():
            work.registry.put_edge(replace(edge, zones={}))
        work.commit()
    floor.hear(floor.presence(ada))
    assert floor.visits(ada)[0].session.zones == ()
