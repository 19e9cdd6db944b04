"""The adapters that settings ask for.

Owns: which adapter stands behind which table of the settings, and reading secrets from their files.
Never: runs anything (`bootstrap`), or speaks to the broker (`lines`).
"""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_program.hpke import Opener
from shopbell_program.signing import Signer
from shopbell_server.cdp.file import FileSink
from shopbell_server.checkpoint_file import CheckpointFile
from shopbell_server.config import sinks as tables
from shopbell_server.config.auditor import minutes
from shopbell_server.config.keys import keys_url
from shopbell_server.config.oidc import rules_of_claims
from shopbell_server.config.visits import rules_of
from shopbell_server.core.delivery.webhook_signature import read_secrets
from shopbell_server.core.ids import TenantId
from shopbell_server.core.recognition.fixed_ids import marker
from shopbell_server.core.recognition.loyalty_numbers import opened
from shopbell_server.db import key_store, migrate
from shopbell_server.db.key_store import SqlKeys
from shopbell_server.db.unit_of_work import SqlDatabase
from shopbell_server.sealing.boxes import SealedBoxes
from shopbell_server.sealing.remembered import RememberedKeys
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.keeping.keep_audit import Notary
from shopbell_server.usecases.keeping.unusual_looks import Agreement
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.web.services import WorkAccounts
from shopbell_server.witness import Outbox, Witness

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import ExitStack

    from shopbell_server.cdp.checkpoint_receiver import CheckpointReceiver
    from shopbell_server.cdp.webhook import WebhookSink
    from shopbell_server.config.auditor import Report
    from shopbell_server.config.keys import Vault
    from shopbell_server.config.oidc import Oidc
    from shopbell_server.config.settings import Settings
    from shopbell_server.config.signed import Audit, Orders
    from shopbell_server.core.recognition.fixed_ids import MarkOf
    from shopbell_server.ports.world import ServerClock
    from shopbell_server.usecases.recognition.listen import ReadNumber
    from shopbell_server.vault import VaultKeys
    from shopbell_server.web.access.oidc.provider import OidcProvider
    from shopbell_server.weekly_report import WeeklyReport


UNANSWERED_MS: Final = 20_000
"""So long a peer may confirm nothing of what it is sent; then its connection is closed. A tablet that lost
its Wi-Fi closes nothing, opens another stream after 12 s, and would soon have taken all of its places."""


class CannotListenError(RuntimeError):
    """HTTP cannot be served where the settings say; the text says where, why and what to do."""


def open_database(settings: Settings) -> SqlDatabase:
    """Return the database of `settings`, whose tables must be up to date.

    Raises DatabaseTooOldError, DatabaseTooNewError, DatabaseLostError, DatabaseAddressError,
    TenantNotToldError, KeysLostError, KeysNotPreparedError, OtherKeysError.
    """
    password = secret_of(settings.database.password_file)
    migrate.require_newest(settings.database.url, password, tenant=settings.tenant)
    boxes = open_boxes(settings, TenantId(settings.tenant))
    with contextlib.ExitStack() as failing:
        failing.callback(boxes.close)
        database = SqlDatabase(
            settings.database.url, TenantId(settings.tenant), boxes, password=password
        )
        failing.callback(database.close)
        database.require_own_keys()
        failing.pop_all()
    return database


def open_boxes(settings: Settings, tenant: TenantId) -> SealedBoxes:
    """Return what seals the columns of a tenant, under the keys of the store that `settings` name.

    Raises KeysNotPreparedError, DatabaseLostError, DatabaseAddressError.
    """
    vault = settings.keys.vault
    store = _sql_keys(settings, tenant) if vault is None else _vault_keys(vault, tenant)
    return SealedBoxes(RememberedKeys(store, time.monotonic), tenant, SystemEntropy())


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database, by its address; None for another one."""
    scheme, _, rest = url.partition("://")
    return Path(rest.removeprefix("/")) if scheme.startswith("sqlite") else None


def written_folders(settings: Settings) -> Collection[Path]:
    """Return the folders of this machine without which nothing can be stored: of database and keys."""
    urls = [settings.database.url]
    if settings.keys.vault is None:
        urls.append(keys_url(settings.keys, settings.database))
    return {path.parent for path in map(file_of, urls) if path is not None}


def prepare_keys(settings: Settings, *, new: bool = False) -> None:
    """Make the store of keys ready, if it is one that has to be made: Vault's is its operator's.

    Where the database was sealed already none is made in place of one that is away, unless `new` ones are
    wanted. Raises KeysNotPreparedError then, and DatabaseLostError, DatabaseBusyError, DatabaseAddressError.
    """
    if settings.keys.vault is not None:
        return
    password = secret_of(settings.database.password_file)
    if not new and migrate.is_sealed(settings.database.url, settings.tenant, password):
        _sql_keys(settings, TenantId(settings.tenant)).close()
    key_store.prepare(
        keys_url(settings.keys, settings.database), secret_of(settings.keys.password_file)
    )


def _sql_keys(settings: Settings, tenant: TenantId) -> SqlKeys:
    store = SqlKeys(
        keys_url(settings.keys, settings.database),
        tenant,
        password=secret_of(settings.keys.password_file),
    )
    try:
        store.require_prepared()
    except BaseException:
        store.close()
        raise
    return store


def _vault_keys(vault: Vault, tenant: TenantId) -> VaultKeys:
    # Here, not above: a server that calls nobody does without a client for HTTP.
    from shopbell_server.vault import VaultKeys  # noqa: PLC0415  # as said

    return VaultKeys(
        url=vault.url,
        tenant=tenant,
        token=lambda: secret_in(vault.token_file),
        mount=vault.mount,
        namespace=vault.namespace,
        timeout_s=vault.timeout_s,
        tls=None if vault.ca_file is None else ssl.create_default_context(cafile=vault.ca_file),
    )


def terms_of(settings: Settings) -> Terms:
    """Return by which rules visits are made, and who hears of them."""
    return Terms(
        rules=rules_of(settings.visits, settings.rules),
        sinks=tuple(sink.name for sink in settings.sinks),
    )


def read_number_of(settings: Settings) -> ReadNumber | None:
    """Return what opens loyalty numbers; None if this server has no key for them."""
    path = settings.retailer.number_key_file
    if path is None:
        return None
    opener = Opener(bytes.fromhex(secret_in(path)))
    return lambda edge, sealed: opened(sealed, settings.tenant, edge, opener.open)


def mark_of(settings: Settings) -> MarkOf | None:
    """Return what marks the ids of fobs and cards, None where there is no key: they mean nobody then."""
    path = settings.retailer.fixed_id_key_file
    if path is None:
        return None
    return marker(bytes.fromhex(secret_in(path)), TenantId(settings.tenant))


def notary_of(settings: Settings) -> Notary | None:
    """Return what signs the record of who did what; None where nobody does."""
    audit = settings.audit
    if audit is None:
        return None
    return Notary(
        tenant=TenantId(settings.tenant),
        sign=Signer(bytes.fromhex(secret_in(audit.signing_key_file))).sign,
        checkpoints=CheckpointFile(Path(audit.checkpoint_file)),
    )


def receiver_of(audit: Audit, url: str) -> CheckpointReceiver:
    """Return what keeps checkpoints at `url`."""
    # Here, not above: a server that calls nobody does without a client for HTTP.
    from shopbell_server.cdp.checkpoint_receiver import CheckpointReceiver  # noqa: PLC0415  # as said

    return CheckpointReceiver(
        url=url,
        token=secret_of(audit.checkpoint_token_file),
        timeout_s=audit.checkpoint_timeout_s,
        allow_loopback=audit.allow_loopback,
    )


def witness_of(settings: Settings, stack: ExitStack, clock: ServerClock) -> Witness | None:
    """Return what tells the receiver of every checkpoint, closed with `stack`; None where there is none."""
    audit = settings.audit
    if audit is None or audit.checkpoint_url is None:
        return None
    receiver = stack.enter_context(contextlib.closing(receiver_of(audit, audit.checkpoint_url)))
    return Witness(Outbox(Path(audit.checkpoint_file)), receiver, clock, random.random)


def agreement_of(report: Report) -> Agreement:
    """Return what the works council agreed to."""
    return Agreement(
        agreed_on=date.fromisoformat(report.works_council.agreed_on),
        document=report.works_council.document,
        opens=minutes(report.opens),
        closes=minutes(report.closes),
    )


def weekly_of(settings: Settings, database: SqlDatabase) -> WeeklyReport | None:
    """Return what writes the weekly report; None without the works council's agreement."""
    report = None if settings.audit is None else settings.audit.report
    if report is None:
        return None
    # Here, not above: commands that write no papers do without what draws them.
    from shopbell_server.weekly_report import WeeklyReport  # noqa: PLC0415  # as said

    tenant = TenantId(settings.tenant)
    return WeeklyReport(database, tenant, agreement_of(report), Path(report.folder))


def signer_of(orders: Orders) -> Signer:
    """Return what signs orders."""
    return Signer(bytes.fromhex(secret_in(orders.signing_key_file)))


def provider_of(oidc: Oidc, origin: str, clock: ServerClock) -> OidcProvider:
    """Return the provider that staff sign in at, who comes back to `origin`; nothing is asked yet."""
    # Here, not above: a shop with passwords does without what reads tokens.
    from shopbell_server.web.access.oidc.provider import Account, OidcProvider  # noqa: PLC0415  # as said

    account = Account(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=secret_of(oidc.client_secret_file),
        scopes=oidc.scopes,
        prompt=oidc.prompt,
        userinfo=oidc.userinfo,
        origin=origin,
        allow_loopback=oidc.allow_loopback,
    )
    tls = ssl.create_default_context(cafile=oidc.ca_file)
    return OidcProvider(account, clock, timeout_s=oidc.timeout_s, tls=tls)


def accounts_of(settings: Settings, clock: ServerClock) -> WorkAccounts | None:
    """Return how staff sign in with work accounts; None where they do not."""
    oidc, origin = settings.oidc, settings.http.origin
    # `config.oidc` wants an origin where there is a provider.
    if oidc is None or origin is None:
        return None
    return WorkAccounts(
        provider=provider_of(oidc, origin, clock), rules=rules_of_claims(oidc), only=oidc.only
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port` (0: any free one), or raise CannotListenError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":
            # What is accepted here inherits it. Elsewhere the system gives up by its own time.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
        listening.bind((host, port))
        listening.listen()  # whoever is told that we are ready may knock before uvicorn looks
    except OSError as error:
        listening.close()
        raise CannotListenError(
            f"cannot serve on {in_url(host)}:{port}: {error.strerror or error}; "
            "stop what listens there, or set another http.host or http.port"
        ) from None
    return listening


def in_url(host: str) -> str:
    """Return `host` as a URL writes it."""
    return f"[{host}]" if ":" in host else host


def sink_of(
    sink: tables.FileSink | tables.WebhookSink, clock: ServerClock
) -> FileSink | WebhookSink:
    """Return the adapter that a table of `sinks` names."""
    if isinstance(sink, tables.FileSink):
        return FileSink(name=sink.name, path=Path(sink.path))
    # Here, not above: a server that calls nobody does without a client for HTTP.
    from shopbell_server.cdp.webhook import WebhookSink  # noqa: PLC0415  # as said

    return WebhookSink(
        name=sink.name,
        url=sink.url,
        secrets=read_secrets(secret_in(sink.secret_file)),
        timeout_s=sink.timeout_s,
        clock=clock,
        allow_loopback=sink.allow_loopback,
    )


def secret_of(path: str | None) -> str | None:
    """Return what is in the file at `path`, if there is one."""
    return None if path is None else secret_in(path)


def secret_in(path: str) -> str:
    """Return what is in the file at `path`, without the end of its line."""
    return Path(path).read_text().strip()
