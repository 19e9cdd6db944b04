"""Reads the server's settings once and checks them whole.

Owns: that all that is wrong is said at once, and what no single table shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_program.loopback import is_loopback
from shopbell_program.places import not_secret
from shopbell_program.settings import ELSEWHERE, Fault, load
from shopbell_server.config.broker import faults_of_broker
from shopbell_server.config.database import faults_of_database
from shopbell_server.config.door import faults_of_http
from shopbell_server.config.files import in_the_way
from shopbell_server.config.identity import faults_of_identity
from shopbell_server.config.keys import faults_of_keys
from shopbell_server.config.ladder import faults_of_ladder
from shopbell_server.config.limits import faults_of_limits
from shopbell_server.config.oidc import faults_of_oidc
from shopbell_server.config.processes import faults_of_run
from shopbell_server.config.responsible import faults_of_privacy
from shopbell_server.config.retailer import faults_of_retailer
from shopbell_server.config.secret_files import secret_files
from shopbell_server.config.settings import Settings
from shopbell_server.config.signed import faults_of_audit, faults_of_orders
from shopbell_server.config.sinks import faults_of_sinks
from shopbell_server.config.visits import faults_of_visits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_settings(path: Path) -> Settings:
    """Return the settings in `path`, or raise SettingsError with all that is wrong."""
    return load(path, Settings, lambda settings: list(_faults(settings)), elsewhere=ELSEWHERE)


def open_secrets(settings: Settings) -> Iterator[Fault]:
    """Yield which of the named secrets every user of this machine may read. The server works all the same."""
    for key, path in secret_files(settings).items():
        yield from not_secret(key, path or "")


def _faults(settings: Settings) -> Iterator[Fault]:
    """Yield what no single key shows, table by table."""
    yield from _files(settings)
    yield from faults_of_retailer(settings.retailer)
    yield from faults_of_database(settings.database)
    yield from faults_of_keys(settings.keys, settings.database)
    yield from faults_of_broker(settings.broker)
    yield from faults_of_run(settings)
    yield from faults_of_http(settings.http)
    yield from faults_of_oidc(settings.oidc, settings.http)
    yield from faults_of_limits(settings.limits)
    yield from faults_of_orders(settings.orders)
    yield from faults_of_audit(settings.audit)
    yield from faults_of_privacy(settings.privacy, [each.name for each in settings.sinks])
    yield from faults_of_sinks(settings.sinks, settings.delivery)
    yield from faults_of_identity(settings.identity)
    yield from faults_of_ladder(settings.ladder)
    yield from faults_of_visits(settings.visits)
    yield from _loopback_only(settings)


def _files(settings: Settings) -> Iterator[Fault]:
    """Yield which files cannot be read."""
    named = secret_files(settings)
    if settings.broker.tls is not None:
        named["broker.tls.ca_file"] = settings.broker.tls.ca_file
        named["broker.tls.cert_file"] = settings.broker.tls.cert_file
    if settings.keys.vault is not None:
        named["keys.vault.ca_file"] = settings.keys.vault.ca_file
    if settings.oidc is not None:
        named["oidc.ca_file"] = settings.oidc.ca_file
    for key, path in named.items():
        problem = None if path is None else in_the_way(path)
        if problem is not None:
            yield Fault(key=key, problem=problem)


def _loopback_only(settings: Settings) -> Iterator[Fault]:
    """Yield what would be dangerous beyond this machine."""
    if is_loopback(settings.http.host):
        return
    if settings.rules == "demo":
        yield Fault(
            key="rules",
            problem='"demo" shortens every duration and is accepted only where http.host is loopback',
        )
    if settings.demo is not None:
        yield Fault(key="demo", problem="the demo page is served only where http.host is loopback")
