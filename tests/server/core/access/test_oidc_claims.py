"""Who comes with which claims."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.access.oidc_claims import (
    EVERY_STORE,
    LONGEST_ID,
    LONGEST_NAME,
    ClaimRules,
    Refusal,
    Refused,
    found,
    staff_of,
)
from shopbell_server.core.ids import StaffId, StoreId
from shopbell_server.core.registry import Staff

AMS, UTR = StoreId("ams-01"), StoreId("utr-01")
REGISTRY = (AMS, UTR)
LANGUAGES = ("en", "nl")
RULES = ClaimRules(
    staff="sub",
    name="name",
    language="locale",
    roles="groups",
    stores="stores",
    role_of=(("bosses", "manager"), ("floor", "advisor"), ("it", "operator")),
    stores_of=None,
    disabled=frozenset({"gone"}),
)
MAPPED = replace(
    RULES,
    stores_of=(("team-ams", frozenset({"ams-01"})), ("head-office", frozenset({EVERY_STORE}))),
)
ADA: dict[str, object] = {
    "sub": "u-1",
    "name": "Ada de Vries",
    "locale": "nl-NL",
    "groups": ["floor", "choir"],
    "stores": ["ams-01"],
}


def who(rules: ClaimRules = RULES, **claims: object) -> Staff | Refused:
    return staff_of({**ADA, **claims}, rules, REGISTRY, LANGUAGES)


def let_in(rules: ClaimRules = RULES, **claims: object) -> Staff:
    staff = who(rules, **claims)
    assert isinstance(staff, Staff)
    return staff


def refused(rules: ClaimRules = RULES, **claims: object) -> Refusal:
    answer = who(rules, **claims)
    assert isinstance(answer, Refused)
    return answer.reason


def test_somebody_of_the_staff() -> None:
    assert let_in() == Staff(
        id=StaffId("u-1"),
        name="Ada de Vries",
        role="advisor",
        stores=frozenset({AMS}),
        language="nl",
    )


def test_of_several_roles_the_first_of_the_settings_counts() -> None:
    assert let_in(groups=["floor", "bosses"]).role == "manager"
    assert let_in(groups="floor").role == "advisor"


@pytest.mark.parametrize("groups", [None, [], ["choir"], "Floor", {"floor": True}, [["floor"]], 7])
def test_without_a_group_that_is_a_role_nobody_comes_in(groups: object) -> None:
    assert who(groups=groups) == Refused(reason=Refusal.NO_ROLE, staff=StaffId("u-1"))


def test_a_group_that_lets_nobody_in_goes_before_all_others() -> None:
    assert refused(groups=["bosses", "gone"]) is Refusal.DISABLED


@pytest.mark.parametrize(
    "sub", [None, "", 7, " u-1", "u\n1", "u" * (LONGEST_ID + 1), ["u-1"], "\u202eu"]
)
def test_who_has_no_id_is_nobody(sub: object) -> None:
    assert who(sub=sub) == Refused(reason=Refusal.NO_ID)


def test_an_advisor_needs_a_store_of_this_retailer() -> None:
    assert refused(stores=[]) is Refusal.NO_STORE
    assert refused(stores=["elsewhere"]) is Refusal.UNKNOWN_STORE
    assert let_in(stores=["elsewhere", "utr-01"]).stores == {UTR}


def test_an_operator_needs_none() -> None:
    assert let_in(groups=["it"], stores=None).stores == frozenset()


def test_groups_may_stand_for_stores() -> None:
    assert let_in(MAPPED, stores=["team-ams", "choir"]).stores == {AMS}
    assert let_in(MAPPED, stores=["head-office"]).stores == {AMS, UTR}
    assert refused(MAPPED, stores=["ams-01"]) is Refusal.NO_STORE


def test_no_claim_says_by_itself_that_somebody_has_every_store() -> None:
    assert refused(stores=[EVERY_STORE]) is Refusal.NO_STORE


@pytest.mark.parametrize("rules", [replace(RULES, staff="email"), replace(RULES, roles="email")])
def test_an_address_counts_only_if_the_provider_says_that_it_is_theirs(rules: ClaimRules) -> None:
    rules = replace(rules, role_of=(("ada@shop.example", "advisor"), ("floor", "advisor")))
    for verified in (None, False, "true", 1):
        answer = who(rules, email="ada@shop.example", email_verified=verified)
        assert answer == Refused(reason=Refusal.UNVERIFIED)
    assert let_in(rules, email="ada@shop.example", email_verified=True).role == "advisor"


@pytest.mark.parametrize(
    ("claimed", "language"),
    [("nl", "nl"), ("nl_BE", "nl"), ("EN-gb", "en"), ("fr", "en"), (None, "en"), (7, "en")],
)
def test_the_language_is_one_that_pages_speak(claimed: object, language: str) -> None:
    assert let_in(locale=claimed).language == language


@pytest.mark.parametrize(
    ("claimed", "name"),
    [
        ("  Ada\n de\tVries ", "Ada de Vries"),
        ("\u202eadA", "adA"),
        (None, "u-1"),
        ("\x00", "u-1"),
        (["Ada"], "u-1"),
        ("x" * 500, "x" * LONGEST_NAME),
    ],
)
def test_a_name_is_one_line(claimed: object, name: str) -> None:
    assert let_in(name=claimed).name == name


def test_a_claim_is_found_by_its_name_or_its_path() -> None:
    claims = {"a.b": 1, "a": {"b": 2, "c": {"d": 3}}, "https://shop.example/roles": 4}
    assert found(claims, "a.b") == 1
    assert found(claims, "a.c.d") == 3
    assert found(claims, "https://shop.example/roles") == 4
    assert found(claims, "a.x") is None
    assert found(claims, "a.b.c") is None
    assert found({"a": 1}, "a.b") is None


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(
        ["floor", "bosses", "gone", "ams-01", "team-ams", "head-office", EVERY_STORE]
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["groups", "stores", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    claims=st.dictionaries(st.sampled_from([*ADA, "email_verified"]), ANYTHING),
    mapped=st.booleans(),
    registry=st.sets(st.sampled_from(REGISTRY)),
)
def test_whatever_is_claimed_nobody_gets_more_than_the_settings_say(
    claims: dict[str, Any], *, mapped: bool, registry: set[StoreId]
) -> None:
    rules = MAPPED if mapped else RULES
    staff = staff_of({"sub": "u-1", **claims}, rules, registry, LANGUAGES)
    if isinstance(staff, Refused):
        assert staff.staff in (None, claims.get("sub", "u-1"))
        return
    groups = claims["groups"] if isinstance(claims["groups"], list) else [claims["groups"]]
    assert "gone" not in groups
    assert any(group in groups and role == staff.role for group, role in rules.role_of)
    assert staff.stores <= registry
    assert staff.stores or staff.role == "operator"
    assert 0 < len(staff.name) <= LONGEST_NAME
    assert staff.name.isprintable()
    assert staff.language in LANGUAGES
