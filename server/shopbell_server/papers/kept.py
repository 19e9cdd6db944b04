"""How long what is kept, as the program does it.

Owns: the list of what is kept; each time comes from the constant that the program goes by.
Never: deletes anything.

What is heard is an observation and evidence of somebody who allows it, or nothing; and one without a date
that no token gives it is nothing. Staff write no notes yet; when they do, these are kept for 90 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.customer_sessions import SESSION_MS as PAGE_MS
from shopbell_server.core.access.staff_session import SESSION_MS
from shopbell_server.core.delivery.notices import KEPT_MS as NOTICES_KEPT_MS
from shopbell_server.core.keeping.retention import What, rules
from shopbell_server.core.token_windows import KEY_DAYS_AFTER, KEY_DAYS_AHEAD
from shopbell_server.core.units import DAY_MS, HOUR_MS
from shopbell_server.usecases.customers.enrol import TICKET_MS
from shopbell_server.usecases.keeping.forget_expired import CONFLICTS_KEPT_MS
from shopbell_server.usecases.once import KEPT_MS

if TYPE_CHECKING:
    from shopbell_server.core.keeping.retention import Limits
    from shopbell_server.core.visits.rules import VisitRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that is kept. `what` is a key of `shared_words.KEPT`."""

    what: str
    for_ms: int | None
    """0: never stored. None: until something happens that `shared_words.UNTIL` says."""
    tables: tuple[str, ...] = ()
    """Where in the server's database it is."""


NO_CUSTOMERS: Final = frozenset(
    {
        "anchors", "api_keys", "channel_messages", "edge_losses", "edge_orders", "edges", "scanner_marks",
        "retained", "sign_in_tries", "staff", "stores", "stream_heirs", "streams", "token_counts", "zones",
        "blocked_identifiers", "floor_plans", "number_guesses", "paired_keys", "store_beacons",
    }
)  # fmt: skip
"""Tables that hold no customer: machines, stores, staff (of whom the record speaks by itself)."""


def kept(visits: VisitRules, limits: Limits) -> tuple[Kept, ...]:
    """Return all of it, the most fleeting first."""
    for_ms = {rule.what: rule.for_ms for rule in rules(limits)}
    return (
        Kept(what="strangers", for_ms=0),
        Kept(what="spool", for_ms=None),
        Kept(what="helpers", for_ms=_hours(for_ms[What.HELPERS])),
        Kept(what="tickets", for_ms=TICKET_MS, tables=("tickets",)),
        Kept(what="sessions", for_ms=SESSION_MS, tables=("staff_sessions",)),
        Kept(what="page", for_ms=PAGE_MS, tables=("customer_sessions",)),
        Kept(what="answers", for_ms=KEPT_MS, tables=("kept_answers",)),
        Kept(what="candidates", for_ms=visits.candidate_kept_ms),
        Kept(
            what="set_aside",
            for_ms=for_ms[What.SET_ASIDE],
            tables=("quarantined_batches",),
        ),
        Kept(
            what="observations",
            for_ms=for_ms[What.OBSERVATIONS],
            tables=("observations",),
        ),
        Kept(what="codes", for_ms=_hours(for_ms[What.CODES]), tables=("code_uses",)),
        Kept(what="batches", for_ms=_hours(for_ms[What.BATCHES]), tables=("batches",)),
        Kept(what="issued", for_ms=_hours(for_ms[What.ISSUED]), tables=("issued_windows",)),
        Kept(what="deliveries", for_ms=for_ms[What.DELIVERIES], tables=("deliveries", "facts")),
        Kept(
            what="day_keys",
            for_ms=(KEY_DAYS_AHEAD + KEY_DAYS_AFTER) * DAY_MS,
            tables=("day_keys",),
        ),
        Kept(what="waiting", for_ms=for_ms[What.WAITING]),
        Kept(
            what="zones",
            for_ms=for_ms[What.ZONES],
            tables=("places", "unsettled_places"),
        ),
        Kept(what="notices", for_ms=NOTICES_KEPT_MS, tables=("notices",)),
        Kept(
            what="channel_service",
            for_ms=for_ms[What.CHANNEL_SERVICE],
            tables=("channel_facts",),
        ),
        Kept(what="channel_wishes", for_ms=for_ms[What.CHANNEL_WISHES]),
        Kept(what="conflicts", for_ms=CONFLICTS_KEPT_MS, tables=("conflicts",)),
        Kept(
            what="looks",
            for_ms=limits.audit_days * DAY_MS,
            tables=("audit_records", "audit_heads"),
        ),
        Kept(what="channel_tiers", for_ms=for_ms[What.CHANNEL_TIERS]),
        Kept(
            what="visits", for_ms=for_ms[What.VISITS], tables=("visits", "intervals", "engagements")
        ),
        Kept(what="receipts", for_ms=for_ms[What.RECEIPTS], tables=("till_receipts",)),
        Kept(what="told", for_ms=for_ms[What.TOLD], tables=("told",)),
        Kept(what="erasures", for_ms=for_ms[What.ERASURES], tables=("erasures", "tombstones")),
        Kept(what="ledger", for_ms=for_ms[What.LEDGER], tables=("consent_entries",)),
        Kept(
            what="profiles",
            for_ms=None,
            tables=(
                "profiles",
                "enrolments",
                "cards",
                "fixed_ids",
                "facts_told",
                "joined_persons",
                "identifiers",
                "absorbed_profiles",
                "moved_enrolments",
                "identity_entries",
            ),
        ),
    )


def _hours(ms: int) -> int:
    """Return `ms` in whole hours, no fewer: nobody reads minutes of what is kept for days."""
    return -(-ms // HOUR_MS) * HOUR_MS
