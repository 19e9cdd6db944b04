"""Edges are told of which tokens they need say no more: whose they are they cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from shopbell_server.core.consent.ledger import Change
from tests.server.usecases.floor import NOW, batch, the_ack
from tests.server.usecases.recognition.test_recognise import sighting

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor

SECOND = 1_000


def test_who_is_somebody_is_not_named(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    assert the_ack(floor.hear(floor.presence(ada))).nobody is UNSET


def test_who_withdrew_is_named_as_a_stranger_is(floor: Floor) -> None:
    ada, bea = floor.enrol("ada", 1), floor.enrol("bea", 2)
    hers, stranger = floor.presence(ada), sighting("0" * 15 + "1", at_ms=NOW - SECOND)
    floor.consents(ada, Change.WITHDRAWN, NOW - 5 * SECOND)
    ack = the_ack(floor.hear(hers, floor.presence(bea), stranger))
    assert ack.nobody == tuple(sorted({hers.token, stranger.token}))


def test_a_batch_that_comes_again_names_nobody(floor: Floor) -> None:
    stranger = sighting("0" * 15 + "1", at_ms=NOW - SECOND)
    message = batch(stranger, stream="7" * 32)
    assert the_ack(floor.take(message)).nobody == (stranger.token,)
    assert the_ack(floor.take(message)).nobody is UNSET
