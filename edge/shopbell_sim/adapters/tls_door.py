"""The demo on the network: TLS outside, the server's loopback port inside.

Owns: a certificate of its own, made anew for every start, and the passing of bytes.
Never: looks into them. The demo's rules are for loopback only, so the server itself never leaves it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shopbell_program.commands import CommandError

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK: Final = 65_536
_VALID_DAYS: Final = 7
"""A demo is over by then."""


def own_address() -> str:
    """Return this machine's address on the network. Raises CommandError where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: connecting a datagram socket only asks for the way out. TEST-NET-1.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            raise CommandError(
                "LAN=1: this machine is on no network; connect it, or start without LAN"
            ) from None
        address: str = probe.getsockname()[0]
        return address


def certificate(folder: Path, address: str) -> ssl.SSLContext:
    """Return TLS for `address` under a new self-made certificate, whose key is kept in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Shopbell demo")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_VALID_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "lan.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pem)
    return context


class TlsDoor:
    """Listens on `host`:`port` (0: any) and passes on to `inside` on loopback, as a context."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext, inside: int) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._inside = inside
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> int:
        """Return the port that is listened on."""
        try:
            self._server = await asyncio.start_server(
                self._serve, self._host, self._port, ssl=self._tls
            )
        except OSError as error:
            raise CommandError(f"LAN=1: port {self._port}: {error.strerror}") from error
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, outside: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            with suppress(OSError):
                inside, ask = await asyncio.open_connection("127.0.0.1", self._inside)
                try:
                    await asyncio.gather(_pass_on(outside, ask), _pass_on(inside, answer))
                finally:
                    ask.close()
        finally:
            answer.close()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK):
        sink.write(chunk)
        await sink.drain()
    sink.close()
