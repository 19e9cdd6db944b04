"""What a form of one of our pages sends.

Owns: how it is read, and how much of it.
Never: what its fields mean.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

MOST_FIELDS: Final = 8
"""Of a form; ours have two or three."""


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form; of several of one name the first. Raises ValueError for what is none."""
    fields = parse_qs(body.decode(), max_num_fields=MOST_FIELDS, keep_blank_values=True)
    return {key: values[0] for key, values in fields.items()}
