"""The weekly report of unusual looks as files.

Owns: its forms (HTML and Markdown for people, JSON for programs), and their names.
Never: what is unusual (`core.audit.unusual`), or words of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shopbell_server.core.language import DOCUMENT_LANGUAGES
from shopbell_server.papers.telling import in_language
from shopbell_server.papers.unusual_words import KINDS, UNUSUAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.audit.unusual import Finding
    from shopbell_server.core.ids import Millis, TenantId
    from shopbell_server.core.language import DocumentLanguage
    from shopbell_server.usecases.keeping.unusual_looks import Report

_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A finding in words."""

    kind: str
    when: str
    where: str
    role: str
    count: int
    records: str


def report_files(
    report: Report,
    tenant: TenantId,
    made_ms: Millis,
    languages: Iterable[DocumentLanguage] = DOCUMENT_LANGUAGES,
) -> dict[str, str]:
    """Return every file of the report by its name, the JSON last."""
    stem = f"unusual-looks-{report.week.name}"
    made: dict[str, str] = {}
    for language in languages:
        told = _context(report, tenant, made_ms, language)
        for form in ("html", "md"):
            template = _ENVIRONMENT.get_template(f"unusual-looks.{form}")
            made[f"{stem}.{language}.{form}"] = template.render(told)
    made[f"{stem}.json"] = json.dumps(as_json(report, tenant, made_ms), indent=2) + "\n"
    return made


def as_json(report: Report, tenant: TenantId, made_ms: Millis) -> dict[str, Any]:
    """Return the report for programs: the same, and no more."""
    return {
        "tenant": tenant,
        "week": report.week.name,
        "from": _at(report.week.from_ms),
        "until": _at(report.week.until_ms),
        "made": _at(made_ms),
        "works_council": {
            "agreed_on": report.agreement.agreed_on.isoformat(),
            "document": report.agreement.document,
        },
        "looks": report.looks,
        "findings": [
            {
                "kind": each.kind.value,
                "count": each.count,
                "records": list(each.records),
                "first": _at(each.first_ms),
                "last": _at(each.last_ms),
                "roles": list(each.roles),
                "stores": list(each.stores),
            }
            for each in report.findings
        ],
    }


def _context(
    report: Report, tenant: TenantId, made_ms: Millis, language: DocumentLanguage
) -> dict[str, Any]:
    t = in_language(UNUSUAL, language)
    kinds = in_language(KINDS, language)
    found = {0: t["found_none"], 1: t["found_one"]}.get(
        len(report.findings), t["found_many"].format(count=len(report.findings))
    )
    return {
        "language": language,
        "t": t | {"title": t["title"].format(week=report.week.name)},
        "intro": t["intro"].format(
            begin=_day(report.week.from_ms),
            end=_day(report.week.until_ms),
            looks=report.looks,
            found=found,
        ),
        "agreed": t["agreed"].format(
            day=report.agreement.agreed_on.isoformat(), document=report.agreement.document
        ),
        "rows": [_row(each, kinds, t) for each in report.findings],
        "made": t["made"].format(at=_minute(made_ms), tenant=tenant),
    }


def _row(finding: Finding, kinds: dict[str, str], t: dict[str, str]) -> _Row:
    first, last = _minute(finding.first_ms), _minute(finding.last_ms)
    records = ", ".join(map(str, finding.records))
    more = finding.count - len(finding.records)
    return _Row(
        kind=kinds[finding.kind.value],
        when=first if first == last else f"{first} … {last}",
        where=", ".join(finding.stores),
        role=", ".join(finding.roles),
        count=finding.count,
        records=f"{records} {t['and_more'].format(count=more)}" if more else records,
    )


def _at(at_ms: Millis) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def _minute(at_ms: Millis) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _day(at_ms: Millis) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
