"""Who answers for what the shop hears, as the law asks and the papers say: the table `[privacy]`.

Owns: its keys, what can be wrong with them, and what a paper lacks while they are missing.
Never: the papers themselves (`papers`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from shopbell_program.settings import Fault
from shopbell_server.config.consent_texts import faults_of_texts, read_texts
from shopbell_server.config.shapes import File
from shopbell_server.core.consent.privacy_notice import Notice
from shopbell_server.core.consent.words import STANDARD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from shopbell_server.core.consent.texts import ConsentTexts

Line = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+\Z",
        description="one line of text in quotes",
    ),
]

LONGEST_PAGE: Final = 100
"""Characters of an address: a QR code of version 8 at most, 49 modules of 0.7 mm in the sign's 42 mm, which a
phone reads at arm's length."""


class Privacy(Struct, frozen=True, kw_only=True):
    """All may be left out: then the papers have a place to fill in by hand, and say so at the top."""

    controller: Line | None = None
    """Who decides about the data: name and legal form."""
    address: Line | None = None
    contact: Line | None = None
    """Where customers ask: an e-mail address, a telephone number."""
    dpo: Line | None = None
    """The data protection officer and how to reach them; "none" where there is none."""
    page: str | None = None
    """The address of the privacy page; the sign shows it as a QR code."""
    stored_in: Line | None = None
    """Where the server stands: country, and whose machine."""
    jurisdiction: Line | None = None
    """Whose law of data protection counts: a country or a region, such as "NL" or "EU"."""
    texts_file: File | None = None
    """The retailer's own texts of consents (`config.consent_texts`); without it the ones that are shipped."""
    recipients: dict[str, Line] = {}
    """By the name of a sink: who receives it, in which country, in which role."""


def faults_of_privacy(privacy: Privacy | None, sinks: Collection[str]) -> Iterator[Fault]:
    """Yield what no single key of [privacy] shows."""
    if privacy is None:
        return
    yield from faults_of_texts("privacy.texts_file", privacy.texts_file)
    if privacy.page is not None and not _is_page(privacy.page):
        yield Fault(
            key="privacy.page",
            problem=f'"{privacy.page}" is no address of a page for everybody; write '
            f'"https://shop.example/privacy", at most {LONGEST_PAGE} characters',
        )
    for name in sorted(privacy.recipients):
        if name not in sinks:
            there = ", ".join(sorted(sinks)) or "none"
            yield Fault(
                key=f"privacy.recipients.{name}",
                problem=f'there is no sink "{name}"; there is: {there}',
            )


def blanks(privacy: Privacy | None, sinks: Collection[str]) -> Iterator[str]:
    """Yield the keys that are missing, of those that papers need."""
    given = Privacy() if privacy is None else privacy
    for key in ("controller", "address", "contact", "dpo", "page", "stored_in"):
        if getattr(given, key) is None:
            yield f"privacy.{key}"
    for name in sorted(set(sinks) - set(given.recipients)):
        yield f"privacy.recipients.{name}"


def notice_of(privacy: Privacy | None) -> Notice:
    """Return what customers are told of who answers for their data."""
    given = Privacy() if privacy is None else privacy
    return Notice(
        controller=given.controller,
        address=given.address,
        contact=given.contact,
        dpo=None if given.dpo == "none" else given.dpo,
        page=given.page,
        stored_in=given.stored_in,
        jurisdiction=given.jurisdiction,
        recipients=given.recipients,
    )


def texts_for(privacy: Privacy | None) -> ConsentTexts:
    """Return the texts of consents: the retailer's own, beside which there are none, or the shipped ones."""
    path = None if privacy is None else privacy.texts_file
    return STANDARD if path is None else replace(read_texts(path), complete=True)


def _is_page(page: str) -> bool:
    try:
        parts = urlsplit(page)
        _ = parts.port
    except ValueError:
        return False
    plain = page.isascii() and page.isprintable() and " " not in page and '"' not in page
    named = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    return plain and named and len(page) <= LONGEST_PAGE
