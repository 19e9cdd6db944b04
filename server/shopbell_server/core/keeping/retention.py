"""How long everything is kept, and why.

Owns: one rule for every table, what a tenant may shorten, and a session without its zones.
Never: which rows that are (`db`), or when the job runs. What ends by its own clock (tickets, sessions, keys
of a day …) has its number where it is made; `papers.kept` puts both together, and a test finds a table
without any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import KEPT_MS as AUDIT_KEPT_MS
from shopbell_server.core.channels.facts import SERVICE_DAYS, TIERS_DAYS, WISHES_DAYS
from shopbell_server.core.dating import AHEAD_MS, OLDEST_MS
from shopbell_server.core.ids import Millis
from shopbell_server.core.observations import KEPT_MS as OBSERVATIONS_MS
from shopbell_server.core.recognition.passes import LATE_STEPS, STEP_S
from shopbell_server.core.serving.engagement import HELD_MS
from shopbell_server.core.token_windows import WINDOW_S
from shopbell_server.core.units import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from shopbell_server.core.visits.sessions import Session
    from shopbell_server.core.visits.showing import Glimpse

ZONES_DAYS: Final = 30
"""In which zone of a store she was. Then the visit remains, and which scanners heard her."""

VISITS_DAYS: Final = 393
"""Thirteen months at their shortest (a year and a February): last year's season beside this one's."""

DEAD_LETTERS_DAYS: Final = 14
"""For somebody to find out why a sink refused; what was delivered is kept as long, as it may have to be
shown."""

WAITING_DAYS: Final = 30
"""What a sink never took goes after a month: it tells of zones, which nobody may know for longer."""

SET_ASIDE_HOURS: Final = 24
"""Batches that we could not take in are raw observations: a working day to look at them."""

REFUSED_DAYS: Final = 14
"""That such a batch came, and why it was refused, is kept as long as a dead letter."""

AUDIT_DAYS: Final = AUDIT_KEPT_MS // DAY_MS
"""Who did what and who looked: twelve months."""

SHORTEST_DAYS: Final = 9
"""No limit of what edges bring is shorter: one may come with what is eight days old (`dating.OLDEST_MS`), and
what is forgotten before that would come to life again, and be told again, as something new."""

CODES_MS: Final = OLDEST_MS + AHEAD_MS + 2 * (LATE_STEPS + 1) * STEP_S * 1000
"""That a pass code was used is known for as long as any edge may bring the same code again: 24 hours at the
server, after the seven days for which an edge may keep it. Within a step or two of the first scan, by a clock
that may be ahead. With 24 hours alone a photograph of a pass, shown to an edge that is offline for a day,
would count as new."""

BATCHES_MS: Final = OLDEST_MS + AHEAD_MS + DAY_MS
"""Which batches came. One that comes again later than that has no event left that may count, and a day is for
the clocks. Streams are random, so nothing else ever has its name."""

ISSUED_MS: Final = OLDEST_MS + AHEAD_MS + DAY_MS
"""For which windows tokens were issued: a token of before would be too old to count, and its key is gone."""

LEDGER_MS: Final = (366 + 5 * 365 + 2) * DAY_MS
"""Each line of the ledger: the twelve months for which a consent holds at most, and five years in which
somebody may claim that there was none. Counted from the line itself, withdrawn or not, so that no line goes
before one that it answers."""

LEDGER_SLACK_MS: Final = DAY_MS
"""The database's trigger goes by the database's own clock: the job asks for nothing that is not due by
both."""

MACHINES_DAYS: Final = VISITS_DAYS
"""What visits are computed from beside evidence: when a scanner was deaf, what an edge knew of its time."""


class What(StrEnum):
    """What a job removes when its time is over. The values are in metrics and in the papers."""

    HELPERS = "helpers"
    ZONES = "zones"
    PLACES = "places"
    VISITS = "visits"
    RECEIPTS = "receipts"
    CHANNEL_SERVICE = "channel_service"
    CHANNEL_WISHES = "channel_wishes"
    CHANNEL_TIERS = "channel_tiers"
    CODES = "codes"
    BATCHES = "batches"
    SET_ASIDE = "set_aside"
    OBSERVATIONS = "observations"
    REFUSED = "refused"
    DELIVERIES = "deliveries"
    WAITING = "waiting"
    TOLD = "told"
    ISSUED = "issued"
    LEDGER = "ledger"
    MACHINES = "machines"
    ERASURES = "erasures"
    TOMBSTONES = "tombstones"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a tenant may shorten. The defaults are the longest."""

    zones_days: int = ZONES_DAYS
    visits_days: int = VISITS_DAYS
    dead_letters_days: int = DEAD_LETTERS_DAYS
    set_aside_hours: int = SET_ASIDE_HOURS
    audit_days: int = AUDIT_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rows of `tables` go when `for_ms` has passed. The first table is the one that the time is in."""

    what: What
    tables: tuple[str, ...]
    for_ms: int

    def before_ms(self, now_ms: Millis) -> Millis:
        """Return the moment of which what is older goes."""
        return Millis(now_ms - self.for_ms)


def rules(limits: Limits) -> tuple[Rule, ...]:
    """Return what the job goes by, in the order in which it does it."""
    return (
        # The names go; what came of it stays, and goes with the visit.
        Rule(what=What.HELPERS, tables=("engagements",), for_ms=HELD_MS),
        Rule(
            what=What.SET_ASIDE,
            tables=("quarantined_batches",),
            for_ms=limits.set_aside_hours * HOUR_MS,
        ),
        Rule(what=What.REFUSED, tables=("quarantined_batches",), for_ms=REFUSED_DAYS * DAY_MS),
        Rule(what=What.CODES, tables=("code_uses",), for_ms=CODES_MS),
        Rule(what=What.BATCHES, tables=("batches",), for_ms=BATCHES_MS),
        Rule(what=What.ISSUED, tables=("issued_windows",), for_ms=ISSUED_MS),
        Rule(
            what=What.DELIVERIES,
            tables=("deliveries", "facts"),
            for_ms=limits.dead_letters_days * DAY_MS,
        ),
        Rule(
            what=What.WAITING,
            tables=("deliveries", "facts"),
            for_ms=min(WAITING_DAYS, limits.zones_days) * DAY_MS,
        ),
        Rule(
            what=What.ZONES,
            tables=("visits", "intervals"),
            for_ms=min(limits.zones_days, limits.visits_days) * DAY_MS,
        ),
        Rule(
            what=What.PLACES,
            tables=("places", "unsettled_places"),
            for_ms=min(limits.zones_days, limits.visits_days) * DAY_MS,
        ),
        Rule(
            what=What.VISITS,
            tables=("visits", "intervals"),
            for_ms=limits.visits_days * DAY_MS,
        ),
        Rule(what=What.RECEIPTS, tables=("till_receipts",), for_ms=limits.visits_days * DAY_MS),
        Rule(what=What.CHANNEL_SERVICE, tables=("channel_facts",), for_ms=SERVICE_DAYS * DAY_MS),
        Rule(what=What.CHANNEL_WISHES, tables=("channel_facts",), for_ms=WISHES_DAYS * DAY_MS),
        Rule(what=What.CHANNEL_TIERS, tables=("channel_facts",), for_ms=TIERS_DAYS * DAY_MS),
        Rule(what=What.TOLD, tables=("told",), for_ms=limits.visits_days * DAY_MS),
        Rule(what=What.LEDGER, tables=("consent_entries",), for_ms=LEDGER_MS + LEDGER_SLACK_MS),
        Rule(what=What.ERASURES, tables=("erasures",), for_ms=LEDGER_MS),
        Rule(what=What.TOMBSTONES, tables=("tombstones",), for_ms=LEDGER_MS),
        Rule(
            what=What.MACHINES,
            tables=("streams", "stream_heirs", "anchors", "scanner_marks"),
            for_ms=MACHINES_DAYS * DAY_MS,
        ),
        # Last: where it waits for others in vain all else is done.
        Rule(what=What.OBSERVATIONS, tables=("observations",), for_ms=OBSERVATIONS_MS),
    )


NO_TIME_LIMIT: Final[dict[str, str]] = {
    "api_keys": "revoked keys stay, so that a seed cannot bring one back",
    "channel_messages": "16 bytes of each message that counted, of nobody: it counts once for ever",
    "audit_heads": "one row of a tenant: where the audit ends",
    "edge_losses": "totals by edge and reason: they do not grow in number",
    "edge_orders": "the settings in force are the newest of them, however old",
    "edges": "the retailer's own: until it closes the store",
    "paired_keys": "one row of a tenant: by which keys it is sealed",
    "retained": "one row for each kind of data: how far the job has come",
    "staff": "the retailer's own: until somebody leaves",
    "stores": "the retailer's own: until it closes the store",
    "zones": "the retailer's own: until it closes the store",
    "floor_plans": "the retailer's own: until it measures anew",
    "store_beacons": "the retailer's own: until it hangs others",
    "blocked_identifiers": "the retailer's own: values that many share, until it lets them be",
    "profiles": "until she is erased",
    "identifiers": "until she is erased",
    "absorbed_profiles": "until the profiles are split, or she is erased",
    "moved_enrolments": "until the profiles are split, or she is erased",
    "identity_entries": "how profiles were joined, without a name: until she is erased",
    "enrolments": "until she is erased",
    "cards": "until she is erased",
    "fixed_ids": "until she withdraws, gives it back, or is erased",
    "joined_persons": "until profiles are split, or she is erased",
    "facts_told": "until she is erased: no place in the order of her events is given twice",
}
"""Tables that no clock empties, each with what does, or why nothing has to."""


def last_window(before_ms: Millis) -> int:
    """Return the last window that had ended by `before_ms`."""
    return before_ms // (WINDOW_S * 1000) - 1


def without_zones(session: Session) -> Session:
    """Return `session` as it would be if no scanner stood in a zone."""
    return replace(
        session,
        zones=(),
        shown=_nowhere(session.shown),
        best_act=_nowhere(session.best_act),
        last_act=_nowhere(session.last_act),
    )


def _nowhere(glimpse: Glimpse | None) -> Glimpse | None:
    return None if glimpse is None else replace(glimpse, zone=None)
