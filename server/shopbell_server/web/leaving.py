"""What of somebody leaves in an answer: each of its fields by the row of the map that it has there.

Owns: that a field of an answer which the map does not name does not leave.
Never: the map of evidence and purposes (`core.disclosure`). Every answer about people says with `Fields`
which of its fields is which of those, and is made of what `only` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shopbell_server.core.disclosure import Field

if TYPE_CHECKING:
    from collections.abc import Collection

Fields = Mapping[str, Field]
"""The fields of an answer, by name, and what each tells."""


def only(values: Mapping[str, Any], fields: Fields, may: Collection[Field]) -> dict[str, Any]:
    """Return `values` with None in the place of all that may not be seen, or that `fields` does not name."""
    return {name: value if fields.get(name) in may else None for name, value in values.items()}
