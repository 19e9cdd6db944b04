"""The connections to the broker that settings ask for: a server's own line, and an operator's beside it.

Owns: who we are to which broker, and to which of its nodes.
Never: what is said there (`ingest`).
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from typing import TYPE_CHECKING, Final

from shopbell_server.assembly import secret_of
from shopbell_server.config.broker import addresses, nats_addresses
from shopbell_server.core.ids import EdgeId
from shopbell_server.ingest.account import BrokerCertificatesError, Credentials
from shopbell_server.ingest.courier import BrokerUnreachableError, Courier
from shopbell_server.ingest.embedded_broker import BrokerFailedError, running_broker
from shopbell_server.ingest.subscriber import Subscriber
from shopbell_server.ports.edge_line import EdgesUnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shopbell_server.config.settings import Settings
    from shopbell_server.ingest.board_changes import BoardChanges
    from shopbell_server.ingest.embedded_broker import EmbeddedBroker
    from shopbell_server.ingest.nats_line import NatsLine
    from shopbell_wire.messages import Status
    from shopbell_wire.orders import Kind

KEPT_S: Final = 5.0
"""Asking takes half a second, and pages are reloaded: what is shown is no older than that. A broker that is
away is not asked more often either."""

_UNREACHABLE: Final = (OSError, BrokerCertificatesError, BrokerFailedError)


def line_of(
    settings: Settings, embedded: EmbeddedBroker | None, changes: BoardChanges
) -> Subscriber | NatsLine:
    """Return this process's end of the broker: `embedded`, which must run when it is entered, or another.

    It hears edges if that is a role of this process, and tells and hears of `changes` unless it is alone:
    nobody else finds an embedded broker. Raises BrokerCertificatesError.
    """
    broker = settings.broker
    # A name of its own per process: two of the same name would throw each other out.
    name = f"{settings.tenant}_server_{secrets.token_hex(4)}"
    if embedded is not None:
        credentials = Credentials(
            username=embedded.login.username, password=embedded.login.password
        )
        address = (broker.host, embedded.port)
        return Subscriber(settings.tenant, [address], "3.1.1", credentials, name)
    hears = "ingest" in settings.run.roles
    if broker.nats is None:
        return Subscriber(
            settings.tenant,
            addresses(broker),
            broker.protocol,
            _credentials(settings),
            name,
            edges=hears,
            changes=changes,
        )
    # Here, not above: without a cluster nobody needs a client of it.
    from shopbell_server.ingest.nats_line import NatsLine  # noqa: PLC0415  # as said

    return NatsLine(
        settings.tenant,
        nats_addresses(broker.nats),
        _credentials(settings),
        name,
        edges=hears,
        changes=changes,
        mqtt=addresses(broker),
    )


class OperatorsLine:
    """An `EdgeLine`: a connection for each question, and what edges say of themselves for a few seconds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._asked_s = -KEPT_S
        self._known: Mapping[EdgeId, Status] | EdgesUnreachableError = {}

    def statuses(self) -> Mapping[EdgeId, Status]:
        """Return what each edge said last. Raises EdgesUnreachableError, again for KEPT_S."""
        with self._lock:
            if time.monotonic() - self._asked_s >= KEPT_S:
                self._known = self._asked()
                self._asked_s = time.monotonic()
            known = self._known
        if isinstance(known, EdgesUnreachableError):
            raise EdgesUnreachableError(str(known))
        return known

    def deliver(self, edge: EdgeId, kind: Kind, payload: bytes) -> None:
        """Hand a sealed order to the broker. Raises EdgesUnreachableError: then it was not sent."""
        try:
            with courier_of(self._settings) as courier:
                courier.deliver(edge, kind, payload)
        except _UNREACHABLE as error:
            raise EdgesUnreachableError(str(error)) from None

    def _asked(self) -> Mapping[EdgeId, Status] | EdgesUnreachableError:
        try:
            with courier_of(self._settings) as courier:
                return {EdgeId(edge): status for edge, status in courier.statuses().items()}
        except _UNREACHABLE as error:
            return EdgesUnreachableError(str(error))


@contextlib.contextmanager
def courier_of(settings: Settings) -> Iterator[Courier]:
    """Connect to the first node of the broker that has us, beside a server that may run.

    Raises BrokerUnreachableError with what the last one said, BrokerFailedError if the broker is an embedded
    one that does not run, BrokerCertificatesError.
    """
    with contextlib.ExitStack() as stack:
        yield _first(stack, *_couriers(settings))


def _first(stack: contextlib.ExitStack, *couriers: Courier) -> Courier:
    *others, last = couriers
    for each in others:
        with contextlib.suppress(BrokerUnreachableError):
            return stack.enter_context(each)
    return stack.enter_context(last)


def _couriers(settings: Settings) -> Iterator[Courier]:
    """Yield one for each node."""
    broker = settings.broker
    places, protocol = addresses(broker), broker.protocol
    if broker.embedded is None:
        credentials = _credentials(settings)
    else:
        port, login = running_broker(settings)
        places, protocol = ((broker.host, port),), "3.1.1"
        credentials = Credentials(username=login.username, password=login.password)
    for place in places:
        client_id = f"{settings.tenant}_operator_{secrets.token_hex(4)}"
        yield Courier(settings.tenant, place, protocol, credentials, client_id)


def _credentials(settings: Settings) -> Credentials:
    broker = settings.broker
    tls = broker.tls
    return Credentials(
        username=broker.username,
        password=secret_of(broker.password_file),
        ca_file=None if tls is None else tls.ca_file,
        cert_file=None if tls is None else tls.cert_file,
        key_file=None if tls is None else tls.key_file,
    )
