from __future__ import annotations

import hashlib

import pytest

from shopbell_server.core.identity.guards import (
    OTHERS,
    Guards,
    Limit,
    Refused,
    normal_guards,
    why_not_linked,
    why_not_together,
)

GUARDS = Guards()


def ask(
    kind: str = "crm",
    value: str = "C-1",
    *,
    guards: Guards = GUARDS,
    blocked: bool = False,
    values: int = 0,
    profiles: int = 0,
) -> str | None:
    refused = why_not_linked(guards, kind, value, blocked=blocked, values=values, profiles=profiles)
    return None if refused is None else refused.guard


@pytest.mark.parametrize(
    "value",
    ["", "0", "000000", "0-0-0", "-1", "null", "NULL", "None", "undefined", "999999", "------"],
)
def test_what_programs_say_of_nobody_is_nobodys(value: str) -> None:
    assert ask(value=value) == "blocked_value"


@pytest.mark.parametrize("value", ["C-1", "1", "2912345678901", "nulla", "99999", "0001"])
def test_what_looks_like_it_is_somebodys(value: str) -> None:
    assert ask(value=value) is None


@pytest.mark.parametrize("text", ["", "null", "undefined", "NULL"])
@pytest.mark.parametrize("name", ["sha256", "sha1", "md5"])
def test_the_hash_of_nothing_is_nobodys(text: str, name: str) -> None:
    digest = hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()
    assert ask(f"email_{name}", digest) == "blocked_value"
    assert ask("crm", digest) is None


def test_a_retailer_blocks_values_of_one_kind_or_of_every_kind() -> None:
    guards = normal_guards({}, [("loyalty_number", " 29000 "), ("*", "kassa")])
    assert ask("loyalty_number", "29000", guards=guards) == "blocked_value"
    assert ask("crm", "29000", guards=guards) is None
    assert ask("crm", "kassa", guards=guards) == "blocked_value"


@pytest.mark.parametrize("value", ["KASSA", "kassa", "Kas sa", "kas\uff53a", "kas\u200bsa"])
@pytest.mark.parametrize("kind", ["crm", "webshop_id"])
def test_a_value_of_no_kind_is_blocked_however_it_is_written(kind: str, value: str) -> None:
    assert ask(kind, value, guards=normal_guards({}, [("*", " Kassa ")])) == "blocked_value"


@pytest.mark.parametrize("kind", ["*", "email_sha256"])
def test_a_hash_is_blocked_in_capitals_as_in_small_letters(kind: str) -> None:
    digest = hashlib.sha256(b"kassa@shop.example").hexdigest()
    guards = normal_guards({}, [(kind, digest.upper())])
    assert ask("email_sha256", digest, guards=guards) == "blocked_value"


def test_a_value_of_one_kind_is_blocked_to_the_letter() -> None:
    guards = normal_guards({}, [("webshop_id", "w-1")])
    assert ask("webshop_id", "W-1", guards=guards) is None


@pytest.mark.parametrize("value", ["(Not Set)", "[object Object]", "NUL\uff2c", "un\u00addefined"])
def test_words_for_nobody_are_known_however_they_are_written(value: str) -> None:
    assert ask(value=value) == "blocked_value"


def test_what_an_operator_blocked_is_nobodys() -> None:
    assert ask(blocked=True) == "blocked_value"


def test_nobody_says_that_a_phone_is_enrolled_but_the_phone() -> None:
    assert ask("enrolment", "person-1") == "reserved_kind"


def test_a_device_that_many_share_is_nobodys_beyond_the_limit() -> None:
    assert ask("cookie_id", "k-17", profiles=2) is None
    assert ask("cookie_id", "k-17", profiles=3) == "too_many_profiles"


def test_a_customer_has_a_few_numbers_and_no_more() -> None:
    assert ask("loyalty_number", "29", values=4) is None
    assert ask("loyalty_number", "29", values=5) == "too_many_values"


def test_other_kinds_have_a_limit_too() -> None:
    assert ask("app_number", "7", profiles=OTHERS.profiles) == "too_many_profiles"


def test_a_retailer_sets_limits() -> None:
    guards = normal_guards({"crm": Limit(profiles=9, values=9)}, [])
    assert ask("crm", guards=guards, profiles=8, values=8) is None


@pytest.mark.parametrize("guard", ["blocked_value", "too_many_profiles", "too_many_values"])
def test_a_refusal_says_what_to_do_and_no_value(guard: str) -> None:
    counts = {"too_many_profiles": {"profiles": 9}, "too_many_values": {"values": 9}}.get(guard, {})
    refused = why_not_linked(
        GUARDS,
        "crm",
        "C-secret",
        blocked=guard == "blocked_value",
        values=counts.get("values", 0),
        profiles=counts.get("profiles", 0),
    )
    assert refused is not None
    assert refused.guard == guard
    assert "C-secret" not in refused.detail
    assert "crm" in refused.detail


def test_two_who_have_little_may_be_one() -> None:
    assert why_not_together(GUARDS, [("crm", "1"), ("crm", "2")], phones=2) is None


def test_a_value_that_both_have_counts_once() -> None:
    assert why_not_together(GUARDS, [("crm", "1")] * 12, phones=0) is None


@pytest.mark.parametrize("phones", [10, 11])
def test_a_profile_has_ten_phones(phones: int) -> None:
    refused = why_not_together(GUARDS, [], phones)
    assert (refused is None) == (phones == 10)


def test_two_who_have_too_much_together_stay_two() -> None:
    refused = why_not_together(GUARDS, [("crm", str(each)) for each in range(6)], phones=0)
    assert isinstance(refused, Refused)
    assert refused.guard == "too_many_values"
