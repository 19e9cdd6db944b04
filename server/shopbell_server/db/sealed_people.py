"""Which columns of people are sealed, and under whose key.

Owns: the names that their boxes are tied to, and opening many rows at once.
Never: a statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.identity.people import Card, Phone
from shopbell_server.core.ids import CardRef, PersonId, ProfileId
from shopbell_server.core.keeping.owners import owner_of_person, owner_of_profile
from shopbell_server.ports.boxes import Content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sqlalchemy import Row

    from shopbell_server.ports.boxes import Boxes

FIRST_NAME: Final = "profiles.first_name"
MAC_KEY: Final = "enrolments.mac_key"
PHONE_MODEL: Final = "enrolments.phone_model"
CARD_SECRET: Final = "cards.secret"  # noqa: S105  (a column)
"""What boxes are tied to: they stay as they are, whatever the columns are called one day."""


def sealed_name(boxes: Boxes, profile: ProfileId, first_name: str | None) -> bytes | None:
    """Return the box of a first name; None where there is none."""
    if first_name is None:
        return None
    content = Content(owner_of_profile(profile), profile, first_name.encode())
    return boxes.seal(FIRST_NAME, [content])[0]


def opened_names(boxes: Boxes, rows: Sequence[Row[Any]]) -> Mapping[ProfileId, str]:
    """Return the first names in rows of profiles: of those who have one that opens."""
    named = [row for row in rows if row.first_name_box is not None]
    opened = boxes.open(
        FIRST_NAME,
        [Content(owner_of_profile(row.profile), row.profile, row.first_name_box) for row in named],
    )
    return {
        ProfileId(row.profile): name.decode()
        for row, name in zip(named, opened, strict=True)
        if name is not None
    }


def sealed_phone(boxes: Boxes, person: PersonId, phone: Phone) -> dict[str, bytes | None]:
    """Return the sealed columns of an enrolment."""
    owner = owner_of_person(person)
    mac_key = boxes.seal(MAC_KEY, [Content(owner, person, phone.mac_key)])[0]
    model = None
    if phone.model is not None:
        model = boxes.seal(PHONE_MODEL, [Content(owner, person, phone.model.encode())])[0]
    return {"mac_key_box": mac_key, "phone_model_box": model}


def opened_phones(boxes: Boxes, rows: Sequence[Row[Any]]) -> Mapping[PersonId, Phone]:
    """Return the phones in rows of enrolments, without those whose key was destroyed."""
    owners = [owner_of_person(row.person) for row in rows]
    keys = boxes.open(
        MAC_KEY,
        [
            Content(owner, row.person, row.mac_key_box)
            for owner, row in zip(owners, rows, strict=True)
        ],
    )
    said = [
        (owner, row)
        for owner, row in zip(owners, rows, strict=True)
        if row.phone_model_box is not None
    ]
    models = dict(
        zip(
            (row.person for _, row in said),
            boxes.open(
                PHONE_MODEL,
                [Content(owner, row.person, row.phone_model_box) for owner, row in said],
            ),
            strict=True,
        )
    )
    return {
        PersonId(row.person): Phone(mac_key=key, model=_text(models.get(row.person)))
        for row, key in zip(rows, keys, strict=True)
        if key is not None
    }


def sealed_secret(boxes: Boxes, card: Card) -> bytes:
    """Return the box of the secret of a pass."""
    content = Content(owner_of_person(card.person), card.ref, card.secret)
    return boxes.seal(CARD_SECRET, [content])[0]


def opened_cards(boxes: Boxes, rows: Sequence[Row[Any]]) -> Mapping[CardRef, Card]:
    """Return the passes in rows of cards, without those whose key was destroyed."""
    secrets = boxes.open(
        CARD_SECRET,
        [Content(owner_of_person(row.person), row.card, row.secret_box) for row in rows],
    )
    return {
        CardRef(row.card): Card(ref=CardRef(row.card), person=PersonId(row.person), secret=secret)
        for row, secret in zip(rows, secrets, strict=True)
        if secret is not None
    }


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
