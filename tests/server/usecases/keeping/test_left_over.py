"""What somebody who was forgotten left to others goes when they are gone from it, on every database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import What
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import Millis, ProfileId
from shopbell_server.core.keeping.owners import owner_of_profile
from shopbell_server.ports.boxes import Content
from shopbell_server.seed import Seed, SeedProfile
from shopbell_server.usecases.customers.enrol import TicketOrder, make_ticket
from shopbell_server.usecases.keeping.erase import finish
from shopbell_server.usecases.keeping.left_over import forget_left_over, left_over
from shopbell_server.usecases.sow import sow
from tests.server.usecases.floor import MINUTE, NOW
from tests.server.usecases.identity.test_profiles import WIDE, done, merged, taken_out, undone
from tests.server.usecases.keeping.forgetting import LATER, TERMS, forgotten
from tests.server.usecases.test_sow_forgotten import NoPasswords

if TYPE_CHECKING:
    from shopbell_server.usecases.identity.profiles import Done
    from shopbell_server.usecases.keeping.erase import Erased
    from tests.server.usecases.floor import Floor, Someone

HOST, GUEST, NEW = (ProfileId(each) for each in ("host", "guest", "new"))
AFTERWARDS = Millis(LATER + MINUTE)


def found(floor: Floor) -> list[str]:
    with floor.database.read() as work:
        profiles, behind = left_over(work, "", 99)
    assert behind is None
    return list(profiles)


def go(floor: Floor, profile: ProfileId) -> Erased | None:
    with floor.database.begin() as work:
        erased = forget_left_over(work, floor.entropy, AFTERWARDS, profile=profile, terms=TERMS)
        work.commit()
    return erased


def there(floor: Floor) -> dict[str, str | None]:
    with floor.database.read() as work:
        profiles = work.people.profiles([HOST, GUEST, NEW])
    return {each: profile.first_name for each, profile in profiles.items()}


def leave(floor: Floor, someone: Someone, at_ms: int) -> None:
    with floor.database.begin() as work:
        work.people.revoke(someone.person, Millis(at_ms))
        work.commit()


def a_household(floor: Floor, *, crm: str = "c-77") -> tuple[Someone, Someone, Done]:
    """Let a guest's profile be part of a host's."""
    host = floor.enrol("host", 1, profile=HOST, external_ids={"crm": crm})
    guest = floor.enrol("guest", 2, profile=GUEST)
    return host, guest, done(merged(floor, HOST, GUEST, "household", WIDE))


def test_a_host_is_forgotten_wholly_when_the_guests_go_home(floor: Floor) -> None:
    host, _, merge = a_household(floor)
    (backup,) = floor.database.boxes.seal("t.c", [Content(owner_of_profile(HOST), "row", b"she")])
    sealed = [Content(owner_of_profile(HOST), "row", backup)]
    forgotten(floor, host)
    assert found(floor) == []
    assert go(floor, HOST) is None
    undone(floor, merge, HOST)
    assert found(floor) == [HOST]
    erased = go(floor, HOST)
    assert erased is not None
    assert [(each.profiles, each.asked_by) for each in erased.erasures] == [((HOST,), "server")]
    assert there(floor) == {GUEST: "First-guest"}
    assert finish(floor.database, erased.erasures[0], AFTERWARDS)
    assert floor.database.boxes.open("t.c", sealed) == [None]
    with floor.database.read() as work:
        assert work.identity.links([HOST]) == {}
        assert work.erasures.erased("profile", [HOST]) == {HOST: AFTERWARDS}
        erasures = [each for each in work.audit.records(0) if each.act.what == What.ERASED]
    assert erasures[-1].act.actor.kind == "server"
    # Two who saw it: the second finds nothing.
    assert found(floor) == []
    assert go(floor, HOST) is None


def test_so_is_a_guest_whose_profile_comes_back_without_her(floor: Floor) -> None:
    _, guest, merge = a_household(floor)
    forgotten(floor, guest)
    assert found(floor) == []
    undone(floor, merge, HOST)
    assert found(floor) == [GUEST]
    assert go(floor, GUEST) is not None
    assert there(floor) == {HOST: "First-host"}


def test_a_customer_known_online_keeps_her_name_when_guests_come_and_go(floor: Floor) -> None:
    with floor.database.begin() as work:
        work.people.put_profile(Profile(id=HOST, first_name="Eve", language="nl", staff=False))
        work.commit()
    guest = floor.enrol("guest", 2, profile=GUEST)
    floor.enrol("other", 3, profile=GUEST)
    merge = done(merged(floor, HOST, GUEST, "household", WIDE))
    forgotten(floor, guest)
    undone(floor, merge, HOST)
    assert found(floor) == []
    assert go(floor, HOST) is None
    assert there(floor) == {HOST: "Eve", GUEST: "First-other"}


def test_who_comes_back_meanwhile_keeps_her_profile(floor: Floor) -> None:
    host, _, merge = a_household(floor)
    forgotten(floor, host)
    order = TicketOrder(profile=HOST, external_ids={}, first_name=None, language=None)
    with floor.database.begin() as work:
        make_ticket(work, floor.entropy, order, AFTERWARDS)
        work.commit()
    undone(floor, merge, HOST)
    assert found(floor) == []
    assert there(floor)[HOST] == "First-host"


def test_a_seed_is_no_coming_back(floor: Floor) -> None:
    host, _, merge = a_household(floor)
    forgotten(floor, host)
    seed = Seed(stores=(), profiles=(SeedProfile(id=HOST, first_name="Sown"),))
    sow(floor.database, floor.entropy, NoPasswords(), seed, TERMS, AFTERWARDS)
    assert there(floor)[HOST] == "Sown"
    undone(floor, merge, HOST)
    assert found(floor) == [HOST]


def test_what_is_left_of_a_card_that_all_were_taken_out_of_goes(floor: Floor) -> None:
    one, other = (
        floor.enrol(name, number, profile=HOST, external_ids=values)
        for number, (name, values) in enumerate(
            (("one", {"crm": "c-77"}), ("other", None)), start=1
        )
    )
    forgotten(floor, one)
    done(taken_out(floor, HOST, [other.person], new=NEW))
    assert found(floor) == [HOST]
    assert go(floor, HOST) is not None
    assert there(floor) == {NEW: None}


def test_phones_that_she_had_before_go_with_it(floor: Floor) -> None:
    host, _, merge = a_household(floor)
    old = floor.enrol("old", 3, profile=HOST)
    leave(floor, old, NOW)
    forgotten(floor, host)
    undone(floor, merge, HOST)
    erased = go(floor, HOST)
    assert erased is not None
    assert [each.person for each in erased.erasures] == [old.person]
    assert there(floor) == {GUEST: "First-guest"}


def test_who_left_after_her_has_her_own_time(floor: Floor) -> None:
    host, _, merge = a_household(floor)
    old = floor.enrol("old", 3, profile=HOST)
    forgotten(floor, host)
    leave(floor, old, LATER + 1)
    undone(floor, merge, HOST)
    assert found(floor) == []
    assert go(floor, HOST) is None
    assert there(floor)[HOST] is not None


def test_a_part_that_somebody_was_forgotten_of_goes_with_the_whole(floor: Floor) -> None:
    """A third profile is on the card too; when that one goes home, nobody is there any more."""
    with floor.database.begin() as work:
        work.people.put_profile(Profile(id=HOST, first_name="Eve", language="nl", staff=False))
        work.commit()
    guest = floor.enrol("guest", 2, profile=GUEST)
    floor.enrol("third", 3, profile=NEW)
    done(merged(floor, HOST, GUEST, "household", WIDE))
    merge = done(merged(floor, HOST, NEW, "household", WIDE))
    forgotten(floor, guest)
    assert found(floor) == []
    undone(floor, merge, HOST)
    assert found(floor) == [HOST]
    assert go(floor, GUEST) is None, "a part goes with the whole"
    assert go(floor, HOST) is not None
    assert there(floor) == {NEW: "First-third"}


def test_they_are_looked_at_a_few_at_a_time(floor: Floor) -> None:
    for number in range(3):
        host, guest = ProfileId(f"host-{number}"), ProfileId(f"guest-{number}")
        someone = floor.enrol(host, 2 * number + 1, profile=host)
        floor.enrol(guest, 2 * number + 2, profile=guest)
        merge = done(merged(floor, host, guest, "household", WIDE))
        forgotten(floor, someone)
        undone(floor, merge, host)
    with floor.database.read() as work:
        assert left_over(work, "", 2) == (["host-0", "host-1"], "host-1")
        assert left_over(work, "host-1", 2) == (["host-2"], None)
