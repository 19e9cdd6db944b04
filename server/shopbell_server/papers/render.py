"""Facts and words become papers.

Owns: which papers there are, their file names, and what each is given.
Never: words or facts of its own; writing files.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shopbell_server.core.language import DOCUMENT_LANGUAGES
from shopbell_server.papers.dpia_words import DPIA
from shopbell_server.papers.record import record_rows
from shopbell_server.papers.record_words import RECORD
from shopbell_server.papers.risk_words import GAPS, MEASURES, RISKS, SECURITY
from shopbell_server.papers.sensing_words import SENSING
from shopbell_server.papers.shared_words import (
    DAYS,
    EVIDENCE,
    FIELDS,
    PURPOSES,
    SENSORS,
    SHARED,
    VIEWERS,
)
from shopbell_server.papers.sign_words import SIGN
from shopbell_server.papers.telling import gaps, in_language, kept_rows, measures, security, whom

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_server.core.language import DocumentLanguage
    from shopbell_server.papers.facts import Facts
    from shopbell_server.papers.shared_words import Words

ON_THE_SIGN: Final = ("privacy.controller", "privacy.contact", "privacy.page")
"""What the sign cannot do without."""

_PAPERS: Final[Mapping[str, Words]] = {
    "door-sign": SIGN,
    "dpia": DPIA,
    "record-of-processing": RECORD,
    "statement-of-sensing": SENSING,
}

_templates: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def papers(
    facts: Facts, languages: Iterable[DocumentLanguage] = DOCUMENT_LANGUAGES
) -> dict[str, str]:
    """Return every paper by the name of its file."""
    made: dict[str, str] = {}
    for language in languages:
        for paper, words in _PAPERS.items():
            template = _templates.get_template(f"{paper}.html")
            made[f"{paper}.{language}.html"] = template.render(
                _context(facts, language, paper, words)
            )
        made[f"record-of-processing.{language}.csv"] = _table(facts, language)
    return made


def _context(facts: Facts, language: DocumentLanguage, paper: str, words: Words) -> dict[str, Any]:
    sign = paper == "door-sign"
    page = facts.privacy.page
    return {
        "language": language,
        "t": in_language({**SHARED, **words}, language),
        "facts": facts,
        "missing": [each for each in facts.missing if not sign or each in ON_THE_SIGN],
        "purposes": in_language(PURPOSES, language),
        "fields": in_language(FIELDS, language),
        "evidence": in_language(EVIDENCE, language),
        "viewers": in_language(VIEWERS, language),
        "sensors": in_language(SENSORS, language),
        "days": in_language(DAYS, language),
        "risks": in_language(RISKS, language),
        "measures": measures(MEASURES, language),
        "gaps": gaps(facts, GAPS, language),
        "security": security(facts, SECURITY, language),
        "kept": kept_rows(facts, language),
        "recipients": whom(facts, language),
        "rows": record_rows(facts, language),
        "shown_page": None if page is None else page.removeprefix("https://"),
        "code": None if page is None else _code(page),
    }


def _code(address: str) -> Markup:
    """Return a QR code as SVG; a quarter of it may be scratched (error correction Q)."""
    out = io.BytesIO()
    segno.make_qr(address, error="q").save(
        out, kind="svg", xmldecl=False, omitsize=True, border=4, svgclass="code", lineclass=None
    )
    return Markup(out.getvalue().decode())  # noqa: S704  # ours: a path of numbers


def _table(facts: Facts, language: DocumentLanguage) -> str:
    """Return the record as CSV (RFC 4180), with a mark that tells spreadsheets that it is UTF-8."""
    t = in_language({**SHARED, **RECORD}, language)
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow([t["item"], t["says"], t["limit"]])
    for row in record_rows(facts, language):
        lines.writerow(
            [
                _plain(row.item),
                _plain(row.says if row.says is not None else f"[{t['fill']}: {row.fill}]"),
                _plain(row.limit),
            ]
        )
    return "\ufeff" + out.getvalue()


def _plain(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
