"""What the web needs from the rest of the program. Bootstrap fills it in; nothing here is a global."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.catalogues import shipped
from shopbell_server.core.access.request_limits import STANDARD as STANDARD_LIMITS
from shopbell_server.core.board.disclosure import TABLE
from shopbell_server.core.consent.privacy_notice import Notice
from shopbell_server.core.consent.words import STANDARD
from shopbell_server.core.identity.guards import DEFAULTS
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.channels.whose import PROFILE
from shopbell_server.usecases.staff.refusals import Refusals
from shopbell_server.usecases.visits.recompute import Terms

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from shopbell_server.catalogues import Catalogues
    from shopbell_server.core.access.oidc_claims import ClaimRules
    from shopbell_server.core.access.request_limits import Allowances
    from shopbell_server.core.board.disclosure import Table
    from shopbell_server.core.consent.texts import ConsentTexts
    from shopbell_server.core.identity.guards import Guards
    from shopbell_server.core.ids import TenantId
    from shopbell_server.core.recognition.fixed_ids import MarkOf
    from shopbell_server.core.recognition.tokens import MakeAes
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.edge_line import EdgeLine
    from shopbell_server.ports.provider import Provider
    from shopbell_server.ports.world import Entropy, Passwords, ServerClock
    from shopbell_server.web.live.audience import Live
    from shopbell_server.web.live.looks import Looks
    from shopbell_wire.orders import Sign

Check = Callable[[], str | None]
"""Says what is wrong, in words for an operator, or None. Called from any thread; may block for 1 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What differs from one installation to the next, as far as people and phones see it."""

    retailer_uuid: str
    prefix: str
    """8 hexadecimal digits: begins the service UUIDs of this retailer's phones."""
    power_dbm: int
    """At 1 m: what a phone says in its frames unless its model is calibrated."""
    origin: str | None
    """What the address bar shows if a proxy stands before (`https://board.example`)."""
    sinks: frozenset[str]
    """Names of the sinks that facts are queued for."""
    rules: VisitRules
    ladder: Table = field(default_factory=lambda: TABLE)
    """Which evidence staff see what by."""
    demo: bool
    """The rules are shortened: pages say so."""
    guards: Guards = DEFAULTS
    """Whose an identifier may be."""
    user_id: str = PROFILE
    """Which kind of identifier other channels mean by `userId`."""
    texts: ConsentTexts = STANDARD
    """What she reads before she allows something at her page."""
    notice: Notice = field(default_factory=Notice)

    @property
    def terms(self) -> Terms:
        """By which rules visits are made, and who hears of them."""
        return Terms(rules=self.rules, sinks=tuple(sorted(self.sinks)))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkAccounts:
    """Staff sign in with the retailer's own accounts."""

    provider: Provider
    rules: ClaimRules
    only: bool
    """There are no passwords beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """How operators' pages reach edges."""

    tenant: TenantId
    line: EdgeLine
    sign: Sign | None
    """Signs orders; None where the settings name no key for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that a request may use."""

    database: Database
    clock: ServerClock
    entropy: Entropy
    passwords: Passwords
    aes: MakeAes
    live: Live
    looks: Looks
    metrics: CollectorRegistry
    checks: Mapping[str, Check]
    """What must work before traffic is sent here, by name; the database is always asked as well."""
    site: Site
    limits: Allowances = field(default_factory=lambda: STANDARD_LIMITS)
    """How often each credential may ask."""
    refusals: Refusals = field(default_factory=Refusals)
    catalogues: Catalogues = field(default_factory=shipped)
    """The languages of pages."""
    accounts: WorkAccounts | None = None
    """None: staff have passwords and nothing else."""
    fleet: Fleet | None = None
    """None: this process has no way to edges."""
    mark_of: MarkOf | None = None
    """Marks the ids of fobs and cards; None where the retailer recognises none."""


def parts(here: Services) -> dict[str, str | None]:
    """Return everything that the work needs, each with what is wrong with it, or None."""
    found = {name: check() for name, check in here.checks.items()} | dict.fromkeys(_ASKED)
    try:
        with here.database.read() as work:
            work.registry.stores()
    except (DatabaseLostError, DatabaseBusyError):
        found["database"] = "does not answer"
    try:
        here.database.boxes.ask()
    except (DatabaseLostError, DatabaseBusyError):
        found["keys"] = "their store does not answer"
    return found


_ASKED: Final = ("database", "keys")
