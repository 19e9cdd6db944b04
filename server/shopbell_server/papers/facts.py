"""What the papers say that differs from one installation to the next, taken from where it is decided.

Owns: the facts, and how settings, registry and the edges' own files amount to them.
Never: words (`*_words`), or how a paper looks (`templates`). Nothing here is written down twice: a number is
the constant that the program goes by, so that a paper cannot say another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from shopbell_server.config.responsible import Privacy, blanks
from shopbell_server.config.retention import limits_of
from shopbell_server.config.sinks import WebhookSink
from shopbell_server.config.visits import rules_of
from shopbell_server.core.consent.ledger import VALID_YEARS, Purpose
from shopbell_server.papers.kept import Kept, kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.config.settings import Settings
    from shopbell_server.config.sinks import FileSink
    from shopbell_server.core.board.disclosure import Table
    from shopbell_server.core.ids import EdgeId, StoreId
    from shopbell_server.core.registry import Edge, Store, Zone
    from shopbell_server.papers.sensing import Sensing


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody outside who is told: a sink."""

    name: str
    kind: Literal["webhook", "file"]
    where: str
    """The host that events are sent to, or the file that they are written to."""
    known_by: str | None
    """Which external id it gets; None: a pairwise one, made for it alone."""
    who: str | None
    """Who that is, in which country, in which role; None: nobody wrote it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An edge where it hangs."""

    edge: Edge
    zones: tuple[tuple[str, str], ...]
    """Scanner and name of its zone; `*` is every scanner that is not named."""
    sensing: Sensing | None
    """None: its settings were not handed in, so what it hears is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A store and what listens in it."""

    store: Store
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A field of a customer, and all that it takes until somebody sees it."""

    field: str
    evidence: str
    purposes: tuple[str, ...]
    viewers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All of it."""

    tenant: str
    uuid: str
    prefix: str
    """What this retailer's phones are known by on the air."""
    made_on: str
    """ISO date, UTC."""
    privacy: Privacy
    missing: tuple[str, ...]
    """Keys of `[privacy]` that are still to be filled in."""
    unheard: tuple[str, ...]
    """Active edges whose settings were not handed in."""
    shops: tuple[Shop, ...]
    purposes: tuple[str, ...]
    consent_years: int
    ladder: tuple[Rung, ...]
    recipients: tuple[Recipient, ...]
    kept: tuple[Kept, ...]
    fobs: bool
    """Fobs and cards of which the id never changes are recognised."""
    numbers: bool
    """Loyalty numbers in barcodes are recognised."""
    database: Literal["sqlite", "postgresql"]
    broker: Literal["tls", "embedded", "local"]
    """How messages of the edges travel: under TLS, to the server's own broker, or to one on its machine."""
    origin: str | None
    signed: bool
    """Checkpoints of the audit are made, and kept elsewhere."""
    agreed: tuple[str, str] | None
    """When the works council agreed to the weekly report of unusual looks, and where that stands."""
    shortened: bool
    """The rules are those of a demo: twenty times as fast, and no papers for a real shop."""

    @property
    def cameras(self) -> bool | None:
        """Whether any camera reads codes; None: not known of every edge."""
        return _any(self, "camera")

    @property
    def fixed_frames(self) -> bool:
        """Whether fobs are recognised, and an edge hears them or may."""
        return self.fobs and any(
            place.sensing is None or place.sensing.fixed_ids
            for shop in self.shops
            for place in shop.places
        )


def facts_of(
    settings: Settings,
    *,
    stores: Sequence[Store],
    zones: Mapping[StoreId, Sequence[Zone]],
    edges: Mapping[EdgeId, Edge],
    sensing: Mapping[EdgeId, Sensing],
    made_on: str,
) -> Facts:
    """Return what is true of this installation."""
    rules = rules_of(settings.visits, settings.rules)
    sinks = [sink.name for sink in settings.sinks]
    privacy = settings.privacy or Privacy()
    heard = [edge for edge in edges.values() if edge.active]
    broker: Literal["tls", "embedded", "local"] = "local"
    if settings.broker.embedded is not None:
        broker = "embedded"
    elif settings.broker.tls is not None:
        broker = "tls"
    return Facts(
        tenant=settings.tenant,
        uuid=settings.retailer.uuid,
        prefix=settings.retailer.prefix,
        made_on=made_on,
        privacy=privacy,
        missing=tuple(blanks(settings.privacy, sinks)),
        unheard=tuple(sorted(edge.id for edge in heard if edge.id not in sensing)),
        shops=tuple(
            Shop(store=store, places=_places(store, zones[store.id], edges, sensing))
            for store in stores
        ),
        purposes=tuple(Purpose),
        consent_years=VALID_YEARS,
        ladder=_ladder(settings.ladder.table()),
        recipients=tuple(_recipient(sink, privacy) for sink in settings.sinks),
        kept=kept(rules, limits_of(settings.retention)),
        fobs=settings.retailer.fixed_id_key_file is not None,
        numbers=settings.retailer.number_key_file is not None,
        database="sqlite" if settings.database.url.startswith("sqlite") else "postgresql",
        broker=broker,
        origin=settings.http.origin,
        signed=settings.audit is not None,
        agreed=_agreed(settings),
        shortened=settings.rules == "demo",
    )


def _agreed(settings: Settings) -> tuple[str, str] | None:
    report = None if settings.audit is None else settings.audit.report
    if report is None:
        return None
    return report.works_council.agreed_on, report.works_council.document


def _places(
    store: Store,
    zones: Sequence[Zone],
    edges: Mapping[EdgeId, Edge],
    sensing: Mapping[EdgeId, Sensing],
) -> tuple[Place, ...]:
    names = {zone.id: zone.name for zone in zones}
    return tuple(
        Place(
            edge=edge,
            zones=tuple(
                (scanner, names.get(zone, zone)) for scanner, zone in sorted(edge.zones.items())
            ),
            sensing=sensing.get(edge.id),
        )
        for _, edge in sorted(edges.items())
        if edge.store == store.id
    )


def _ladder(table: Table) -> tuple[Rung, ...]:
    return tuple(
        Rung(
            field=field.value,
            evidence=needs.evidence.written,
            purposes=tuple(each for each in Purpose if each in needs.purposes),
            viewers=(*sorted(needs.viewers), *(["system"] if needs.shared else [])),
        )
        for field, needs in table.items()
    )


def _recipient(sink: FileSink | WebhookSink, privacy: Privacy) -> Recipient:
    if isinstance(sink, WebhookSink):
        where = urlsplit(sink.url).hostname or sink.url
        kind: Literal["webhook", "file"] = "webhook"
    else:
        where, kind = sink.path, "file"
    return Recipient(
        name=sink.name,
        kind=kind,
        where=where,
        known_by=sink.user_id,
        who=privacy.recipients.get(sink.name),
    )


def _any(facts: Facts, kind: str) -> bool | None:
    known = [place.sensing for shop in facts.shops for place in shop.places if place.edge.active]
    if any(each is not None and any(one.kind == kind for one in each.sensors) for each in known):
        return True
    return None if None in known or not known else False
