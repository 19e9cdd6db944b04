"""What the tills say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, ReceiptId, StoreId


@dataclass(frozen=True, slots=True, kw_only=True)
class TillReceipt:
    """That something was bought; not what, nor for how much. `at_ms` is the till's word.

    `person` is whose card it names, if that may be known. `request_mac` is of the request, under the
    credential that sent it: a plain hash could be tried for every card there is. `joined` is what was
    answered.
    """

    receipt: ReceiptId
    store: StoreId
    till: str
    at_ms: Millis
    person: PersonId | None
    request_mac: bytes
    joined: bool


class TillReceipts(Protocol):
    """Receipts, so that each counts once and waits for the visit that it belongs to."""

    def recall(self, receipt: ReceiptId) -> TillReceipt | None: ...
    def keep(self, receipt: TillReceipt) -> None:
        """Add a new one. Raises DatabaseBusyError if one of its name is there: another was quicker."""
        ...

    def of_person(self, person: PersonId) -> Sequence[TillReceipt]:
        """Return hers, oldest first."""
        ...

    def purchases_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Millis]]:
        """Return when each of `persons` bought something in [from_ms, to_ms]; others are left out."""
        ...

    def disown_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Make hers of [from_ms, to_ms] nobody's. The receipts stay."""
        ...

    def disown_from(self, person: PersonId, at_ms: Millis) -> None:
        """Make hers from `at_ms` on nobody's, in any store."""
        ...
