"""Templates become pages in a language.

Owns: the templates, and the words that each of them may say.
Never: what a page shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.templating import Jinja2Templates

from shopbell_server.web.assets import TEMPLATES as FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request, Response

    from shopbell_server.catalogues import Voice

_TEMPLATES: Final = Jinja2Templates(FOLDER)
_TEMPLATES.env.add_extension("jinja2.ext.i18n")


def render(
    request: Request,
    voice: Voice,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the page. `_`, `ngettext`, `pgettext` and what ends in `_of` speak the language of `voice`.

    A value is put into a text by `_("Questions: {contact}").format(contact=…)`, and is escaped with it.
    """
    said = {
        "language": voice.language,
        "gettext": voice.gettext,
        "ngettext": voice.ngettext,
        "pgettext": voice.pgettext,
        "day_of": voice.day,
        "clock_of": voice.clock,
        "number_of": voice.number,
    }
    return _TEMPLATES.TemplateResponse(
        request, template, {**said, **context}, status, None if headers is None else dict(headers)
    )
