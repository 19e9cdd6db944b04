"""What has to be done by time, not because something came in.

Owns: which jobs there are and how often; patience with a database that is away.
Never: what a job does (`usecases`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import Gauge

from shopbell_server.checkpoint_file import IllegibleError
from shopbell_server.core.audit.chain import KEPT_MS
from shopbell_server.core.edges import gaps, stream_ranges
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition import spray
from shopbell_server.patience import attempt
from shopbell_server.usecases.consent.expired_consents import record_expired
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_server.usecases.intake.shelves import make_shelves_ahead
from shopbell_server.usecases.keeping.forget_expired import forget_expired
from shopbell_server.usecases.keeping.keep_audit import (
    OtherFileError,
    OtherSignerError,
    cut_audit,
    make_checkpoint,
)
from shopbell_server.usecases.staff.refusals import Refusals
from shopbell_server.usecases.visits.passing_by import forget_passing_by
from shopbell_server.usecases.visits.sweep import sweeps

if TYPE_CHECKING:
    from threading import Event

    from shopbell_server.core.audit.chain import Checkpoint
    from shopbell_server.core.ids import EdgeId
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import Announcer, Entropy, ServerClock
    from shopbell_server.usecases.keeping.keep_audit import Notary
    from shopbell_server.usecases.visits.recompute import Terms
    from shopbell_server.weekly_report import WeeklyReport

log = structlog.get_logger()

ROUND_S: Final = 1.0
"""Between two sweeps: how late an end may be told, nothing beside the half hour of silence that it takes."""

GAPS_ROUNDS: Final = 60
"""A gap is told after five minutes: a look a minute is enough, and costs one query."""

EXPIRED_ROUNDS: Final = 60
"""Sessions, tickets and kept answers open nothing after their time; a minute later they are gone from the
disk too. So one deletion is of a minute's worth, which keeps no edge waiting."""

SPRAYS_ROUNDS: Final = 10
"""Boards look for themselves; the operator is told within ten seconds, of what takes minutes to begin."""

REFUSALS_ROUNDS: Final = 60
"""Of whom counts change in an hour."""

SHELVES_ROUNDS: Final = 600
"""Room for observations is made two hours ahead: nobody waits for it if one look of twelve succeeds."""

AUDIT_ROUNDS: Final = 10
"""How late a checkpoint is, of five minutes."""

WEEKLY_ROUNDS: Final = 600
"""How late the auditor's report of a week is, beyond the hour that it waits for stragglers."""

CUT_ROUNDS: Final = 3600
"""Records of the audit are removed in pieces of an hour's worth."""

CONSENTS_ROUNDS: Final = 600
"""Written for the record: what a consent that ended allows has changed by itself at that moment."""

CONSENTS_AGAIN_MS: Final = 2 * 86_400_000
"""Looked at again each time: so nothing is left out where a clock was put back, or another process was half
done. The first look after a start is at everything."""

PASSING_ROUNDS: Final = 3600
"""What is forgotten after a day is gone an hour later at most."""

KEYS_ROUNDS: Final = 3600
"""Keys are made seven days ahead: an hour is soon enough, and a day's key lives an hour longer at most."""

_GAPS = Gauge("shopbell_gaps", "Batches that edges sent, missing for more than five minutes.")
_SPRAY = Gauge(
    "shopbell_spray",
    "1 while so many tokens at an edge are nobody's that hints are not shown.",
    ["edge"],
)

_AUDIT = Gauge("shopbell_audit_records", "Records in the audit since it began.")
_SIGNED = Gauge("shopbell_audit_signed", "The newest record of the audit that a checkpoint holds.")
_TAMPERED = Gauge(
    "shopbell_audit_tampered",
    "1 if the audit does not go on from its last checkpoint: nothing is signed any more.",
)
_UNKEPT = Gauge(
    "shopbell_audit_checkpoint_failed", "1 while checkpoints cannot be read or written."
)


class Jobs:
    """The jobs of one process. Several processes may have them: whoever is first does the work."""

    def __init__(  # noqa: PLR0913  (each by name)
        self,
        *,
        database: Database,
        clock: ServerClock,
        entropy: Entropy,
        terms: Terms,
        announcer: Announcer,
        notary: Notary | None = None,
        audit_kept_ms: int = KEPT_MS,
        refusals: Refusals | None = None,
        weekly: WeeklyReport | None = None,
    ) -> None:
        """`notary` signs the record of who did what; without one nobody does.

        `refusals` are the sign-ins that this process refused; `weekly` writes the auditor's report.
        """
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._terms = terms
        self._announcer = announcer
        self._notary = notary
        self._audit_kept_ms = audit_kept_ms
        self._refusals = refusals or Refusals()
        self._weekly = weekly
        self._consents_from_ms = Millis(0)
        self._checkpoint: Checkpoint | None = None
        self._checkpoint_known = False
        self._tampered = False
        self._gaps: dict[gaps.Stream, gaps.Gap] = {}
        self._told: set[gaps.Stream] = set()
        self._sprayed: set[EdgeId] = set()

    def run(self, stop: Event) -> None:
        """Do what is due until `stop` is set. One thread."""
        jobs = (
            (1, self.sweep),
            (SPRAYS_ROUNDS, self.find_sprays),
            (GAPS_ROUNDS, self.find_gaps),
            (EXPIRED_ROUNDS, self.forget_expired),
            (REFUSALS_ROUNDS, self.write_refusals),
            (CONSENTS_ROUNDS, self.write_expired_consents),
            (PASSING_ROUNDS, self.forget_passing_by),
            (KEYS_ROUNDS, self.keep_keys),
            (SHELVES_ROUNDS, self.make_shelves),
            (AUDIT_ROUNDS, self.sign_audit),
            (WEEKLY_ROUNDS, self.write_report),
            (CUT_ROUNDS, self.cut_audit),
        )
        rounds = 0
        while not stop.wait(ROUND_S):
            rounds += 1
            for every, job in jobs:
                if rounds % every == 0:
                    attempt(job)

    def run_refusals(self, stop: Event) -> None:
        """Write whom this process did not let in until `stop` is set, where another one has the jobs."""
        while not stop.wait(REFUSALS_ROUNDS * ROUND_S):
            attempt(self.write_refusals)

    def keep_keys(self) -> None:
        """Make the keys that are missing, destroy those whose time is over."""
        made = make_keys(self._database, self._entropy, self._clock.now_ms())
        if made.made or made.destroyed:
            log.info("day_keys", made=made.made, destroyed=made.destroyed)

    def sign_audit(self) -> None:
        """Make a checkpoint of the audit if one is due; tell the operator if it was tampered with."""
        if self._notary is None:
            return
        try:
            if not self._checkpoint_known:
                self._checkpoint = self._notary.checkpoints.last()
                self._checkpoint_known = True
            kept, self._checkpoint = make_checkpoint(
                self._database, self._notary, self._checkpoint, self._clock.now_ms()
            )
        except (OSError, IllegibleError, OtherSignerError, OtherFileError) as error:
            self._not_kept(error)
            return
        _UNKEPT.set(0)
        _AUDIT.set(kept.number)
        _SIGNED.set(kept.signed)
        _TAMPERED.set(0 if kept.whole else 1)
        if not kept.whole and not self._tampered:
            log.error("audit_tampered", signed=kept.signed, records=kept.number)
        self._tampered = not kept.whole

    def cut_audit(self) -> None:
        """Remove what is older than twelve months, or than the tenant wants, from the audit."""
        try:
            gone = cut_audit(
                self._database, self._notary, self._clock.now_ms(), self._audit_kept_ms
            )
        except (OSError, IllegibleError, OtherFileError) as error:
            self._not_kept(error)
            return
        if gone:
            log.info("audit_cut", records=gone)

    def _not_kept(
        self, error: OSError | IllegibleError | OtherSignerError | OtherFileError
    ) -> None:
        """Tell the operator; looks go on being recorded, and the next round tries again."""
        _UNKEPT.set(1)
        why = error.strerror if isinstance(error, OSError) else str(error)
        log.error("audit_checkpoint_failed", error=why)

    def write_refusals(self) -> None:
        """Write into the audit that people tried to sign in with a wrong password."""
        self._refusals.write(self._database, self._clock.now_ms())

    def write_report(self) -> None:
        """Write the auditor's report of the week that is over, if that was agreed to and is due."""
        if self._weekly is None:
            return
        try:
            self._weekly.write_if_due(self._clock.now_ms())
        except OSError as error:
            log.error("unusual_looks_not_reported", error=error.strerror)  # noqa: TRY400  # expected

    def forget_expired(self) -> None:
        """Delete what only lived for a while."""
        forgotten = forget_expired(self._database, self._clock.now_ms())
        if forgotten.sessions or forgotten.tickets or forgotten.answers:
            log.info(
                "expired",
                sessions=forgotten.sessions,
                tickets=forgotten.tickets,
                answers=forgotten.answers,
            )

    def forget_passing_by(self) -> None:
        """Forget what people who are joined gave in passing and what is in no visit."""
        forgotten = forget_passing_by(self._database, self._terms.rules, self._clock.now_ms())
        if forgotten:
            log.info("passing_by", forgotten=forgotten)

    def write_expired_consents(self) -> None:
        """Write down which consents ended by themselves."""
        now_ms = self._clock.now_ms()
        written = record_expired(
            self._database,
            self._entropy,
            self._consents_from_ms,
            now_ms,
            sinks=self._terms.sinks,
        )
        self._consents_from_ms = Millis(now_ms - CONSENTS_AGAIN_MS)
        if written:
            log.info("consents_expired", entries=written)

    def make_shelves(self) -> None:
        """Make room for the observations of the next hours."""
        make_shelves_ahead(self._database, self._clock.now_ms())

    def sweep(self) -> None:
        """End visits that are over, forget candidates."""
        now_ms = self._clock.now_ms()
        for swept in sweeps(self._database, self._entropy, self._terms, now_ms):
            for store, persons in swept.changed.items():
                self._announcer.changed(store, persons)

    def find_gaps(self) -> None:
        """Tell the operator what edges sent and nobody has."""
        now_ms = self._clock.now_ms()
        with self._database.read() as work:
            broken = work.batches.broken_streams()
        ranges = {stream: stream_ranges.from_text(text) for stream, text in broken.items()}
        self._gaps = gaps.watched(self._gaps, ranges, now_ms)
        found = gaps.open_gaps(self._gaps, now_ms)
        _GAPS.set(sum(gap.batches for gap in found))
        for gap in found:
            if (gap.edge, gap.stream) not in self._told:
                log.warning(
                    "batches_missing", edge=gap.edge, stream=gap.stream, batches=gap.batches
                )
        self._told = {(gap.edge, gap.stream) for gap in found}

    def find_sprays(self) -> None:
        """Tell the operator at which edges somebody sends tokens at random."""
        now_ms = self._clock.now_ms()
        with self._database.read() as work:
            counts = work.edge_records.all_tokens(
                spray.minute_of(now_ms) - spray.WINDOW_MINUTES + 1
            )
        sprayed = {
            edge
            for edge, minutes in counts.items()
            if spray.lasts_until(minutes, now_ms) is not None
        }
        for edge in sprayed - self._sprayed:
            _SPRAY.labels(edge).set(1)
            log.warning("tokens_sprayed", edge=edge)
        for edge in self._sprayed - sprayed:
            _SPRAY.labels(edge).set(0)
            log.info("tokens_sprayed_no_more", edge=edge)
        self._sprayed = sprayed
