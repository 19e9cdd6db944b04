"""Which fields about a person an answer may hold.

Owns: leaving out every field that is not shown, and every one for which nobody said what it tells.
Never: what may be shown (the map in `core.board.disclosure`). Each answer about people says with `Fields`
which row of that map each of its fields belongs to, and is made of what `only` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shopbell_server.core.board.disclosure import Field

if TYPE_CHECKING:
    from collections.abc import Collection

Fields = Mapping[str, Field]
"""The fields of an answer, by name, and what each tells."""


def only(values: Mapping[str, Any], fields: Fields, may: Collection[Field]) -> dict[str, Any]:
    """Return `values` with None in the place of all that may not be seen, or that `fields` does not name."""
    return {name: value if fields.get(name) in may else None for name, value in values.items()}
