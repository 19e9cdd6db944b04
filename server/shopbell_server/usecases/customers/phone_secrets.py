"""What a phone gets when it is enrolled: a key and a card.

Owns: how much chance they are made of.
Never: their use (`core.recognition`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.identity.people import Card, Phone
from shopbell_server.core.recognition.frame_trust import MAC_KEY_BYTES
from shopbell_server.core.recognition.passes import SECRET_BYTES, card_ref

if TYPE_CHECKING:
    from shopbell_server.core.ids import PersonId
    from shopbell_server.ports.world import Entropy

CARD_REF_BYTES: Final = 8
"""All that a reference is made of (`card_ref`)."""


def new_card(entropy: Entropy, person: PersonId) -> Card:
    """Return the card of a new enrolment."""
    return Card(
        ref=card_ref(int.from_bytes(entropy.token(CARD_REF_BYTES))),
        person=person,
        secret=entropy.token(SECRET_BYTES),
    )


def new_phone(entropy: Entropy, model: str | None) -> Phone:
    """Return a phone with a key of its own."""
    return Phone(mac_key=entropy.token(MAC_KEY_BYTES), model=model)
