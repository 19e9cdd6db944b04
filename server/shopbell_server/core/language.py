"""The languages of the pages that staff and customers see."""

from __future__ import annotations

from typing import Literal

Language = Literal["nl", "en"]
