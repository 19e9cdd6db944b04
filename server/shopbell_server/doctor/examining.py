"""All checks, in their order.

Owns: what is asked of whom. Nothing is changed by it, and a server that runs is not disturbed.
Never: a judgement; `core.doctor` has all of them.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_server.assembly import (
    agreement_of,
    file_of,
    in_url,
    notary_of,
    open_database,
    secret_of,
)
from shopbell_server.checkpoint_file import CheckpointFile, IllegibleError
from shopbell_server.config.broker import addresses
from shopbell_server.config.keys import keys_url
from shopbell_server.config.processes import cautions_of_run
from shopbell_server.config.reading import open_secrets
from shopbell_server.config.run import is_whole
from shopbell_server.config.sinks import FileSink
from shopbell_server.core.doctor import flow, machine, trust
from shopbell_server.core.doctor.verdict import failed, passed, warned
from shopbell_server.core.ids import Day, Millis
from shopbell_server.core.keeping.erasure import DONE_MS
from shopbell_server.core.token_windows import key_days
from shopbell_server.db import clock, migrate
from shopbell_server.db.engine import DatabaseAddressError
from shopbell_server.db.key_pairing import OtherKeysError
from shopbell_server.db.key_store import KeysNotPreparedError
from shopbell_server.db.migrate import DatabaseTooNewError, DatabaseTooOldError
from shopbell_server.db.row_security import TenantNotToldError
from shopbell_server.doctor.accounts import work_accounts
from shopbell_server.ingest.account import BrokerCertificatesError
from shopbell_server.ingest.courier import BrokerUnreachableError
from shopbell_server.ingest.embedded_broker import BrokerFailedError
from shopbell_server.lines import courier_of
from shopbell_server.ports.database import (
    DatabaseBusyError,
    DatabaseLostError,
    DatabaseRefusedError,
)
from shopbell_server.ports.keys import KeysLostError
from shopbell_server.system import SystemClock, clock_is_kept
from shopbell_server.usecases.keeping.keep_audit import OtherFileError, OtherSignerError
from shopbell_server.usecases.keeping.unusual_looks import last_week
from shopbell_server.weekly_report import is_due
from shopbell_server.witness import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shopbell_server.config.settings import Settings
    from shopbell_server.config.signed import Audit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.keeping.keep_audit import Notary
    from shopbell_wire.messages import Finding

ANSWER_S: Final = 5.0
"""For the server that runs here: it answers within milliseconds, or hangs."""

LATE_MS: Final = 3_600_000
"""The weekly report is looked for every ten minutes."""

_WHERE_TO_LOOK: Final = {
    True: "see [database]; `journalctl` of PostgreSQL",
    False: "see [database]; `df -h` and `dmesg` of its disk",
}
"""By whether it is PostgreSQL."""

_REMEDIES: Final = {
    DatabaseTooOldError: "`shopbell-server migrate`, if this program is the newer one",
    DatabaseTooNewError: 'see "Upgrade, roll back" in deploy/README.md',
}

_DATABASE: Final = (
    DatabaseLostError,
    DatabaseAddressError,
    DatabaseBusyError,
    DatabaseRefusedError,
)


def everything(settings: Settings) -> Iterator[Finding]:
    """Yield every finding, in order, as soon as it is there."""
    yield from _roles(settings)
    yield from _files(settings)
    problems, url = _asked(settings)
    if url is not None:
        yield flow.server(problems, url)
    yield from _machine(settings)
    yield from work_accounts(settings)
    yield from _database(settings, runs=problems is not None)
    yield from _broker(settings)


def _roles(settings: Settings) -> Iterator[Finding]:
    cautions = list(cautions_of_run(settings))
    for each in cautions:
        yield warned("roles", each.what, each.do)
    if not cautions:
        yield passed("roles", "all" if is_whole(settings.run) else ", ".join(settings.run.roles))


def _files(settings: Settings) -> Iterator[Finding]:
    open_to_all = list(open_secrets(settings))
    for each in open_to_all:
        # The finding is named by the key, and its problem says what to do.
        yield warned("files", each.problem, "then `shopbell-server doctor` again", each.key)
    if not open_to_all:
        yield passed("files", "no secret is open to every user of this machine")


def _asked(settings: Settings) -> tuple[Mapping[str, str] | None, str | None]:
    """Return what the server that runs here says of itself, and where.

    None, None if its port is not known.
    """
    host, port = settings.http.host, settings.http.port
    if port == 0:
        return None, None
    # All addresses of this machine: one of them is as good as the others.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # as said
    url = f"http://{in_url(host)}:{port}"
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        told = json.loads(connection.getresponse().read())
        return dict(told["problems"]), url
    except (OSError, ValueError, LookupError, TypeError, http.client.HTTPException):
        return None, url
    finally:
        connection.close()


def _machine(settings: Settings) -> Iterator[Finding]:
    try:
        off_ms = clock.ahead_ms(
            settings.database.url,
            secret_of(settings.database.password_file),
            SystemClock().now_ms,
        )
    except _DATABASE:
        off_ms = None  # `database` says it
    yield machine.clock(kept=clock_is_kept(), database_off_ms=off_ms)
    for what, path in _growing(settings).items():
        usage = shutil.disk_usage(path)
        yield machine.room(
            machine.Room(what=what, path=str(path), free_bytes=usage.free, total_bytes=usage.total)
        )


def _growing(settings: Settings) -> dict[str, Path]:
    """Return folders in which something of ours grows, one of each file system, by what it is."""
    seen: set[int] = set()
    found: dict[str, Path] = {}
    for what, path in _folders(settings):
        if path.is_dir() and path.stat().st_dev not in seen:
            seen.add(path.stat().st_dev)
            found[what] = path
    return found


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    stores = {"database": settings.database.url}
    if settings.keys.vault is None:
        stores["keys"] = keys_url(settings.keys, settings.database)
    for what, url in stores.items():
        path = file_of(url)
        if path is not None:
            yield what, path.parent
    if settings.broker.embedded is not None:
        yield "broker", Path(settings.broker.embedded.data_dir)
    if settings.audit is not None:
        yield "checkpoints", Path(settings.audit.checkpoint_file).parent
    for sink in settings.sinks:
        if isinstance(sink, FileSink):
            yield f"sink {sink.name}", Path(sink.path).parent


def _database(settings: Settings, *, runs: bool) -> Iterator[Finding]:
    """Yield how the database is, and what is in it; nothing of the latter if it cannot be opened."""
    url, password = settings.database.url, secret_of(settings.database.password_file)
    path = file_of(url)
    if path is not None:
        why = _unusable(path)
        if why is not None:
            yield failed("database", *why)
            return
    try:
        migrate.require_newest(url, password, tenant=settings.tenant)
        yield passed("database", "answers")
        yield _tables(migrate.still_readable(url, password))
        yield _tenants(path, migrate.unguarded(url, password))
        missing = _missing_keys(settings)
        if missing is not None:
            # Opening it would make an empty one, perhaps where a disk is not mounted.
            yield missing
            return
        with (
            contextlib.closing(open_database(settings)) as database,
            database.read() as work,
        ):
            yield passed("keys", "the store of keys is there, and the one of this database")
            yield from _kept(settings, work, runs=runs)
    except (DatabaseTooOldError, DatabaseTooNewError) as error:
        yield failed("tables", str(error), _REMEDIES[type(error)])
    except TenantNotToldError as error:
        yield failed("tenants", str(error), "see [database]")
    except (KeysLostError, KeysNotPreparedError, OtherKeysError) as error:
        yield failed("keys", str(error), "see [keys]; without it nobody's names can be read")
    except _DATABASE as error:
        yield failed("database", str(error), _WHERE_TO_LOOK[path is None])


def _missing_keys(settings: Settings) -> Finding | None:
    if settings.keys.vault is not None:
        return None
    path = file_of(keys_url(settings.keys, settings.database))
    if path is None or path.exists():
        return None
    return failed(
        "keys",
        f"there is no file {path}",
        "see [keys]: is its disk mounted? Else restore it; without it nobody's names can be read",
    )


def _tables(readable: str | None) -> Finding:
    if readable is None:
        return passed("tables", f"at revision {migrate.NEWEST}, as this version needs")
    what, _, do = readable.partition(". ")
    return warned("tables", what, do)


def _tenants(path: Path | None, unguarded: str | None) -> Finding:
    if path is not None:
        return passed("tenants", "SQLite: each tenant has a file of its own")
    if unguarded is None:
        return passed("tenants", "the database itself keeps them apart")
    return warned(
        "tenants", unguarded, 'deploy/README.md, "PostgreSQL"; leave "postgres" itself as it is'
    )


def _kept(settings: Settings, work: UnitOfWork, *, runs: bool) -> Iterator[Finding]:
    """Yield what the database says of the work that is done with it."""
    now_ms = SystemClock().now_ms()
    days = work.day_keys.keys([Day(day) for day in key_days(now_ms)])
    yield trust.day_keys(days.keys(), now_ms)
    yield trust.erasures(work.erasures.count_overdue(Millis(now_ms - DONE_MS)))
    if settings.visits.expected_stay_min_of:
        stores = {each.id for each in work.registry.stores()}
        yield flow.visits(settings.visits.expected_stay_min_of, stores)
    notary = notary_of(settings)
    if settings.audit is None or notary is None:
        yield warned(
            "audit",
            f"{work.audit.head().number} records, and nobody signs them",
            "[audit]: deploy/README.md, `Who looked, and who did what`",
        )
    else:
        yield from _audit(settings.audit, notary, work, runs=runs)
    for each in settings.sinks:
        waiting, oldest_ms = work.outgoing.waiting(each.name)
        yield flow.sink(each.name, waiting, oldest_ms, now_ms)


def _audit(audit: Audit, notary: Notary, work: UnitOfWork, *, runs: bool) -> Iterator[Finding]:
    now_ms = SystemClock().now_ms()
    path = Path(audit.checkpoint_file)
    try:
        last = CheckpointFile(path).last()
        notary.require_own(last)
        notary.newest(work.audit.signed())
        waiting = [] if audit.checkpoint_url is None else Outbox(path).waiting()
    except (OSError, IllegibleError, OtherSignerError, OtherFileError) as error:
        yield failed("checkpoints", str(error), "deploy/README.md, `Who looked, and who did what`")
        return
    head = work.audit.head()
    signed = head.base if last is None else last.number
    unsigned = next(iter(work.audit.records(signed)), None)
    chain = trust.Chain(
        records=head.number,
        oldest_unsigned_ms=None if unsigned is None else unsigned.act.at_ms,
        whole=last is None
        or last.number < head.base
        or work.audit.digest(last.number) == last.digest,
    )
    yield from trust.chain(chain, now_ms, runs=runs)
    if audit.checkpoint_url is not None:
        yield trust.receiver(len(waiting), waiting[0].at_ms if waiting else None, now_ms)
    if audit.report is not None:
        week = last_week(Millis(now_ms - LATE_MS))
        folder, agreement = Path(audit.report.folder), agreement_of(audit.report)
        yield trust.report(week.name, missing=is_due(folder, agreement, week, now_ms))


def _broker(settings: Settings) -> Iterator[Finding]:
    """Yield whether the broker has us, and which edges are there."""
    address = ", ".join(f"{in_url(host)}:{port}" for host, port in addresses(settings.broker))
    try:
        with courier_of(settings) as courier:
            statuses = courier.statuses()
    except (BrokerUnreachableError, BrokerCertificatesError, BrokerFailedError) as error:
        see = (
            "see [broker]"
            if settings.broker.embedded is None
            else "the embedded one runs with the server"
        )
        yield failed("broker", str(error), f"{see}; edges keep everything meanwhile")
        return
    yield passed("broker", "embedded" if settings.broker.embedded else address)
    try:
        with (
            contextlib.closing(open_database(settings)) as database,
            database.read() as work,
        ):
            active = {name for name, each in work.registry.edges().items() if each.active}
    except (*_DATABASE, DatabaseTooOldError, DatabaseTooNewError, TenantNotToldError):
        return  # `database` and `tables` said it
    except KeysNotPreparedError:
        return  # as `keys` did
    yield flow.edges(active, {name: each.state == "online" for name, each in statuses.items()})


def _unusable(path: Path) -> tuple[str, str] | None:
    """Return why a SQLite file cannot be used by this user, and what to do; None if it can."""
    if path.is_dir():
        return f'"{path}" is a folder', "name a file in it: [database]"
    if not path.parent.is_dir():
        return f'there is no folder "{path.parent}"', "is its disk mounted? Else see [database]"
    if not path.is_file():
        return (
            f'there is no file "{path}"',
            "is its disk mounted? Else restore its backup; `shopbell-server migrate --create` makes one",
        )
    if not (os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)):
        return (
            f'this user may not write "{path}" or in its folder',
            "ask as its user: `runuser -u shopbell-server -- shopbell-server doctor`; else `chown` it",
        )
    return None
