from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.audit.chain import (
    Act,
    Actor,
    What,
    canonical,
    checkpoint,
    checkpoint_bytes,
    first_head,
    linked,
)
from shopbell_server.core.ids import Millis, PersonId, StoreId, TenantId

ACME = TenantId("acme")
TEXTS = st.text(max_size=4)
ACTS = st.builds(
    Act,
    at_ms=st.integers(-(2**62), 2**62).map(Millis),
    actor=st.builds(
        Actor,
        kind=st.sampled_from(["staff", "phone", "operator"]),
        name=TEXTS,
        role=TEXTS,
        credential=TEXTS,
    ),
    what=st.sampled_from(What),
    person=st.none() | TEXTS.map(PersonId),
    store=st.none() | TEXTS.map(StoreId),
    about=TEXTS,
    why=TEXTS,
)


@given(ACTS, ACTS)
def test_no_two_acts_have_the_same_bytes(one: Act, other: Act) -> None:
    assert (canonical(one) == canonical(other)) == (one == other)


def test_a_text_does_not_run_into_the_next() -> None:
    act = Act(at_ms=Millis(1), actor=Actor(kind="staff", name="ab"), what=What.SIGNED_IN)
    one, other = replace(act, about="ab", why="c"), replace(act, about="a", why="bc")
    assert canonical(one) != canonical(other)
    assert canonical(replace(act, person=PersonId(""))) != canonical(act)


@given(st.lists(ACTS, max_size=5), st.integers(0, 5))
def test_it_does_not_matter_how_many_are_added_at_once(acts: list[Act], first: int) -> None:
    together = list(linked(first_head(ACME), acts))
    begun = list(linked(first_head(ACME), acts[:first]))
    head = first_head(ACME)
    if begun:
        head = replace(head, number=begun[-1].number, digest=begun[-1].digest)
    assert together == begun + list(linked(head, acts[first:]))


def test_every_tenant_has_a_chain_of_its_own() -> None:
    assert first_head(ACME) != first_head(TenantId("bolt"))


def test_a_checkpoint_is_of_one_tenant_and_one_chain() -> None:
    head = first_head(ACME)
    signed = checkpoint(ACME, head, Millis(7), lambda message: b"signed " + message)
    message = checkpoint_bytes(ACME, 0, head.digest, Millis(7))
    assert signed.signature == b"signed " + message
    assert (signed.number, signed.digest, signed.at_ms) == (0, head.digest, 7)
    assert message != checkpoint_bytes(TenantId("acm"), 0, head.digest, Millis(7))
