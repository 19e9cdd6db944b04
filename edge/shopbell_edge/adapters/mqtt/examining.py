"""The way to the server, step by step, each tried alone.

Owns: the steps, and what each failure is called.
Never: takes a connection from a daemon that runs: `reach` alone may be asked then.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic_ns
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.mqtt.broker import CredentialsError, context
from shopbell_edge.adapters.mqtt.session import BusyError, RefusedError, Session, UntakenError
from shopbell_edge.core.doctor.uplink import Certificate, Tried
from shopbell_edge.ports import UplinkLostError
from shopbell_program.certificates import soonest_ms, until_ms
from shopbell_wire import codec
from shopbell_wire.malformed import MalformedError
from shopbell_wire.topics import EdgeTopic, Kind, to_edge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shopbell_edge.adapters.mqtt.broker import Broker, Tls
    from shopbell_edge.core.doctor.uplink import Problem
    from shopbell_wire.messages import Ack

ACK_S: Final = 15.0
"""For the server's answer, which takes half a second over a mobile network: a busy server has its time, and
whoever stands on the ladder their patience."""

_EXPIRED: Final = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED"""

_OTHER_HOST: Final = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH"""

_NO_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING", "RECORD_LAYER_FAILURE"}
)

_TOO_OLD: Final = frozenset(
    {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent to prove the way: a batch of a stream of its own, and the last will that goes with it."""

    stream: str
    batch: bytes
    will: bytes


@dataclass(slots=True)
class Way:
    """What was learnt on the way, beside the steps."""

    broker_until_ms: int | None = None
    server_off_ms: int | None = None
    """The server's clock less ours, beyond what the way explains."""


async def reach(broker: Broker, way: Way) -> AsyncIterator[Tried]:
    """Yield name, port and TLS, up to the first that fails. The broker is not told who asks."""
    try:
        async with asyncio.timeout(broker.answer_s):
            loop = asyncio.get_running_loop()
            await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        yield Tried(step="broker-name", problem="unresolved", detail=_said(error))
        return
    yield Tried(step="broker-name", detail=broker.host)
    reached = await _port(broker)
    yield reached
    if reached.problem is None and broker.tls is not None:
        yield await _tls(broker, broker.tls, way)


async def ask(
    broker: Broker, letter: Letter, wall_ms: Callable[[], int], way: Way
) -> AsyncIterator[Tried]:
    """Yield login, rights and the server's answer, up to the first that fails. For when no daemon runs."""
    acks: asyncio.Queue[Ack] = asyncio.Queue(maxsize=64)

    def heard(_topic: str, payload: bytes) -> None:
        try:
            ack = codec.decode_ack(payload)
        except MalformedError:
            return  # not what is waited for
        if ack.stream == letter.stream and not acks.full():
            acks.put_nowait(ack)

    try:
        session = Session(broker, will=(_topic(broker, Kind.STATUS), letter.will), heard=heard)
    except CredentialsError as error:
        yield Tried(step="broker-login", problem="files", detail=str(error))
        return
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="doctor")
    try:
        login = await _login(session, thread)
        yield login
        if login.problem is not None:
            return
        rights = await _rights(session, broker)
        yield rights
        if rights.problem is None:
            yield await _answer(session, broker, letter, acks, wall_ms, way)
    finally:
        await session.close(thread)
        thread.shutdown()


def own_certificates(tls: Tls) -> list[Certificate]:
    """Return those of our files that can be read; the others are the handshake's matter."""
    found = []
    for whose, path in (("ca", tls.ca), ("edge", tls.certificate)):
        try:
            if path is not None:
                found.append(Certificate(whose=whose, until_ms=soonest_ms(path)))  # type: ignore[arg-type]  # a Literal each
        except (OSError, ValueError):
            continue
    return found


async def _port(broker: Broker) -> Tried:
    problem: Problem
    try:
        async with asyncio.timeout(broker.answer_s):
            _, writer = await asyncio.open_connection(broker.host, broker.port)
    except TimeoutError:
        return Tried(step="broker-port", problem="timeout", detail=f"{broker.answer_s:.0f} s")
    except OSError as error:
        problem = "refused" if isinstance(error, ConnectionRefusedError) else "unreachable"
        return Tried(step="broker-port", problem=problem, detail=_said(error))
    await _closed(writer)
    return Tried(step="broker-port", detail=str(broker.port))


async def _tls(broker: Broker, tls: Tls, way: Way) -> Tried:
    try:
        async with asyncio.timeout(broker.answer_s):
            _, writer = await asyncio.open_connection(
                broker.host, broker.port, ssl=context(tls), server_hostname=broker.host
            )
    except CredentialsError as error:
        return Tried(step="broker-tls", problem="files", detail=str(error))
    except ssl.SSLCertVerificationError as error:
        return Tried(step="broker-tls", problem=_untrusted(error), detail=error.verify_message)
    except ssl.SSLError as error:
        return Tried(step="broker-tls", problem=_no_handshake(error), detail=error.reason or "")
    except TimeoutError:
        return Tried(
            step="broker-tls", problem="no_tls", detail=f"no answer in {broker.answer_s:.0f} s"
        )
    except OSError as error:
        return Tried(step="broker-tls", problem="no_tls", detail=_said(error))
    secured = writer.get_extra_info("ssl_object")
    der = secured.getpeercert(binary_form=True)
    if der:
        way.broker_until_ms = until_ms(der)
    said = str(secured.version())
    await _closed(writer)
    return Tried(step="broker-tls", detail=said)


async def _login(session: Session, thread: ThreadPoolExecutor) -> Tried:
    try:
        await session.open(thread)
    except RefusedError as error:
        return Tried(step="broker-login", problem="login", detail=str(error))
    except ssl.SSLError as error:
        return Tried(step="broker-login", problem="wants_certificate", detail=error.reason or "")
    except BusyError as error:
        return Tried(step="broker-login", problem="busy", detail=str(error))
    except UplinkLostError as error:
        return Tried(step="broker-login", problem="lost", detail=str(error))
    except OSError as error:
        return Tried(step="broker-login", problem="lost", detail=_said(error))
    return Tried(step="broker-login")


async def _rights(session: Session, broker: Broker) -> Tried:
    try:
        await session.subscribe(to_edge(broker.tenant, broker.edge))
    except RefusedError as error:
        return Tried(step="broker-rights", problem="subscribe", detail=str(error))
    except UplinkLostError as error:
        return Tried(step="broker-rights", problem="lost", detail=str(error))
    return Tried(step="broker-rights")


async def _answer(
    session: Session,
    broker: Broker,
    letter: Letter,
    acks: asyncio.Queue[Ack],
    wall_ms: Callable[[], int],
    way: Way,
) -> Tried:
    began_ns, asked_ms = monotonic_ns(), wall_ms()
    try:
        await session.publish(_topic(broker, Kind.LIVE), letter.batch)
    except UntakenError as error:
        return Tried(step="server", problem="publish", detail=str(error))
    except UplinkLostError as error:
        return Tried(step="server", problem="lost", detail=str(error))
    try:
        async with asyncio.timeout(ACK_S):
            ack = await acks.get()
    except TimeoutError:
        return Tried(step="server", problem="unanswered", detail=f"nobody, in {ACK_S:.0f} s")
    took_ms = (monotonic_ns() - began_ns) // 1_000_000
    off_ms = ack.server_ms - (asked_ms + took_ms // 2)
    doubt_ms = took_ms // 2
    way.server_off_ms = 0 if abs(off_ms) <= doubt_ms else off_ms
    if ack.refused:
        return Tried(step="server", problem="batch", detail=ack.refused[0].reason)
    return Tried(step="server", took_ms=took_ms)


def _untrusted(error: ssl.SSLCertVerificationError) -> Problem:
    if error.verify_code in _EXPIRED:
        return "expired"
    return "other_host" if error.verify_code in _OTHER_HOST else "untrusted"


def _no_handshake(error: ssl.SSLError) -> Problem:
    reason = error.reason or ""
    if reason in _NO_TLS:
        return "no_tls"
    if reason in _TOO_OLD:
        return "too_old"
    return "wants_certificate" if "CERTIFICATE" in reason else "tls"


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return  # the other side was first


def _topic(broker: Broker, kind: Kind) -> str:
    return str(EdgeTopic(tenant=broker.tenant, edge=broker.edge, kind=kind))


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)  # asyncio's own text has the peer's address in it
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error) or type(error).__name__
