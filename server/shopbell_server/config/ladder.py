"""How sure it must be that it is she before staff see what: the ladder of evidence, as a shop wants it.

Owns: the table `[ladder]` and what may stand in it.
Never: what she allows, or which role sees it: neither is a setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from shopbell_program.settings import Fault
from shopbell_server.core.board.disclosure import Field
from shopbell_server.core.board.ladder import faults, table_of
from shopbell_server.core.evidence import Evidence, EvidenceName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.core.board.disclosure import Table


class Ladder(Struct, frozen=True, kw_only=True):
    """The weakest evidence at which each is shown, if her purposes allow it.

    Stricter as you like. Laxer by one row at the most, and only where staff know their customers: a `hint`
    can be made up by whoever heard the air, a `signal` be repeated for a quarter of an hour.
    """

    handle: EvidenceName = "hint"
    """That she is here at all, as "Guest 12". Whoever is not shown this is not shown."""
    language: EvidenceName = "hint"
    reason_kind: EvidenceName = "hint"
    """That something is ready for her to pick up, that she has an appointment."""
    reason: EvidenceName = "fresh"
    """Which one."""
    first_name: EvidenceName = "signal"
    card: EvidenceName = "pass"
    purchases: EvidenceName = "pass"

    def table(self) -> Table:
        """Return it as everything that is shown is asked by."""
        return table_of(_chosen(self))


def faults_of_ladder(ladder: Ladder) -> Iterator[Fault]:
    """Yield what is too lax."""
    for field, evidence in _chosen(ladder).items():
        for problem in faults({field: evidence}):
            yield Fault(key=f"ladder.{field}", problem=problem)


def _chosen(ladder: Ladder) -> dict[Field, Evidence]:
    return {Field(name): Evidence[row.upper()] for name, row in structs.asdict(ladder).items()}
