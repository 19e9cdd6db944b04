"""The languages of the pages that staff and customers see."""

from __future__ import annotations

from typing import Final, Literal, get_args

Language = Literal["nl", "en"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
