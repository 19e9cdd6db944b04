from __future__ import annotations

import pytest

from shopbell_program.settings import SettingsError, read
from shopbell_server.config.identity import Identity, KindLimit, faults_of_identity
from shopbell_server.core.identity.guards import LIMITS, Limit


def test_without_a_word_the_guards_are_those_of_the_program() -> None:
    guards = Identity().guards()
    assert guards.limit("crm") == LIMITS["crm"]
    assert not guards.blocks("loyalty_number", "29001")


def test_a_shop_sets_limits_and_blocks_values() -> None:
    identity = Identity(
        limits={"crm": KindLimit(profiles=2, values=3)},
        blocked=("loyalty_number: 29001 ", "*:kassa", "crm:a:b"),
    )
    assert list(faults_of_identity(identity)) == []
    guards = identity.guards()
    assert guards.limit("crm") == Limit(profiles=2, values=3)
    assert guards.blocks("loyalty_number", "29001")
    assert guards.blocks("webshop_id", "kassa")
    assert guards.blocks("crm", "a:b")


def test_what_is_no_kind_or_no_value_is_refused_each_by_its_place() -> None:
    identity = Identity(
        limits={"CRM number": KindLimit(profiles=1, values=1)},
        blocked=("loyalty_number:1", "29001", "Kind:1", "crm: "),
    )
    found = list(faults_of_identity(identity))
    assert [each.key for each in found] == [
        "identity.limits.CRM number",
        "identity.blocked[1]",
        "identity.blocked[2]",
        "identity.blocked[3]",
    ]
    assert "kind:value" in found[1].problem


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError):
        read({"limits": {"crm": {"profiles": 0, "values": 1}}}, Identity, source="the settings")


def test_what_is_wrong_with_a_limit_is_said_key_by_key() -> None:
    with pytest.raises(SettingsError) as caught:
        read({"limits": {"crm": {"profile": 2, "values": 0}}}, Identity, source="the settings")
    said = str(caught.value)
    assert "limits.crm.profile: unknown key; did you mean 'profiles'?" in said
    assert "limits.crm.profiles: missing" in said
    assert "limits.crm.values: 0 is not allowed" in said
