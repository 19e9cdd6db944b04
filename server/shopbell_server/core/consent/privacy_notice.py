"""Who answers for the data, as a receipt and the customer's page say it.

Owns: the fields. None: the retailer has not said so.
Never: where it was written down (the settings).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the settings say of privacy, for customers."""

    controller: str | None = None
    address: str | None = None
    contact: str | None = None
    dpo: str | None = None
    """The data protection officer; None also where there is none."""
    page: str | None = None
    """The address of the privacy page."""
    stored_in: str | None = None
    jurisdiction: str | None = None
    recipients: Mapping[str, str] = field(default_factory=dict)
    """By the name of a sink: who receives it."""
