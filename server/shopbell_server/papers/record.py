"""The rows of the record of processing, the same for the page and for the table.

Owns: which rows there are.
Never: how they look (`render`, `templates`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.papers.record_words import RECORD
from shopbell_server.papers.risk_words import SECURITY
from shopbell_server.papers.shared_words import PURPOSES, SHARED
from shopbell_server.papers.telling import in_language, kept_rows, security, whom

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopbell_server.core.language import DocumentLanguage
    from shopbell_server.papers.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the record. Without `says`, `fill` is what the retailer has to write there."""

    item: str
    says: str | None
    fill: str = ""
    limit: str = ""


def record_rows(facts: Facts, language: DocumentLanguage) -> Sequence[Row]:
    """Return all of it."""
    return [
        *_who(facts, language),
        *_what(facts, language),
        *_to_whom(facts, language),
    ]


def _who(facts: Facts, language: DocumentLanguage) -> Iterator[Row]:
    t = in_language({**SHARED, **RECORD}, language)
    for key in ("controller", "address", "contact", "dpo"):
        yield Row(item=t[key], says=getattr(facts.privacy, key), fill=t[key])
    yield Row(item=t["activity"], says=t["activity_text"])
    stores = ", ".join(f"{shop.store.name} ({shop.store.id})" for shop in facts.shops)
    yield Row(item=t["places"], says=stores or t["none"])
    yield Row(item=t["stored_in"], says=facts.privacy.stored_in, fill=t["stored_in"])


def _what(facts: Facts, language: DocumentLanguage) -> Iterator[Row]:
    t = in_language({**SHARED, **RECORD}, language)
    for purpose in facts.purposes:
        yield Row(item=t["purpose"], says=PURPOSES[purpose][language])
    months = facts.consent_years * 12
    yield Row(item=t["basis"], says=t["basis_text"].format(months=months))
    yield Row(item=t["people"], says=t["people_text"])
    for each in kept_rows(facts, language):
        yield Row(item=t["data"], says=each.what, limit=each.how_long)
    yield Row(item=t["data"], says=t["staff_data"], limit=t["staff_limit"])


def _to_whom(facts: Facts, language: DocumentLanguage) -> Iterator[Row]:
    t = in_language({**SHARED, **RECORD}, language)
    for each in whom(facts, language):
        who = each.who or f"[{t['fill']}: {t['whom']}]"
        yield Row(item=t["recipients"], says=f"{each.name}: {who}; {each.how}; {each.as_whom}")
    if not facts.recipients:
        yield Row(item=t["recipients"], says=t["no_recipients"])
    none = t["transfer_none"] if not facts.recipients else None
    yield Row(item=t["transfer"], says=none, fill=t["transfer_fill"])
    for line in security(facts, SECURITY, language):
        yield Row(item=t["security"], says=line)
