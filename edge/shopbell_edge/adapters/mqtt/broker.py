"""Where the broker is, how to speak to it, and by what it knows us.

Owns: the settings of a connection; certificates and passwords, read anew for every one of them.
Never: a connection.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from shopbell_edge.core.backoff import Backoff

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import ReadableBuffer


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How the broker proves who it is, and we who we are."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None
    minimum: Literal["1.2", "1.3"] = "1.3"
    """Lower only for a broker that cannot: our own ends all can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A broker, and this edge's account with it."""

    host: str
    port: int
    tenant: str
    edge: str
    fallbacks: tuple[tuple[str, int], ...] = ()
    """Host and port of other nodes of the same broker, which know us by the same account."""
    version: Literal["3.1.1", "5"] = "5"
    username: str | None = None
    password_file: Path | None = None
    tls: Tls | None = None
    keepalive_s: int = 30
    """A half-open connection is noticed within two of these; a ping has two bytes."""
    answer_s: float = 10.0
    """To connect, and for each answer: long for a mobile network, short beside the 30 s to an ack."""
    most_answer_s: float = 80.0
    """To log in at a broker that is there and slow. A NATS cluster with thousands of edges took 14 s for a
    login; this has room for five times as many edges that come back at once."""
    first_retry_s: float = 1.0
    """A broker that restarts is back in seconds."""
    most_retry_s: float = 60.0
    """One that is gone is asked once a minute."""

    @property
    def client_id(self) -> str:
        """Return the id that only this edge uses: names have no `_`, and NATS takes no `.` or `/`."""
        return f"{self.tenant}_{self.edge}"

    def node(self, number: int) -> Broker:
        """Return the broker at the address whose turn it is: `host` first, then the others, and again."""
        turn = number % (1 + len(self.fallbacks))
        if not turn:
            return self
        host, port = self.fallbacks[turn - 1]
        return replace(self, host=host, port=port)

    def patience_s(self, slow: int) -> float:
        """Return how long to wait for a login after `slow` that the broker began and did not finish."""
        return min(self.answer_s * 2.0 ** min(slow, 32), max(self.most_answer_s, self.answer_s))

    @property
    def backoff(self) -> Backoff:
        """Return how long to wait between attempts."""
        return Backoff(first_s=self.first_retry_s, most_s=self.most_retry_s)


class CredentialsError(OSError):
    """A certificate, key or password cannot be read; the text says which, and why."""


class TlsSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails, where paho would leave it open, and keeps a refusal.

    With TLS 1.3 a broker says what is wrong with our certificate after the handshake; paho calls that a
    lost connection.
    """

    refusal: ssl.SSLError | None = None
    """What the other end ended this with, if it said so."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Do as ssl does, and keep the alert that it raises."""
        try:
            return super().recv(buflen, flags)
        except ssl.SSLError as error:
            if "ALERT" in (error.reason or ""):
                self.refusal = error
            raise

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """Do as ssl does; if the other end has closed already, read what it said before."""
        try:
            return super().send(data, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            with suppress(OSError):
                self.recv(1)
            raise

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # as in ssl
        """Do as ssl does, and leave nothing open."""
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def password(broker: Broker) -> str | None:
    """Return the password without the line end that editors add, or raise CredentialsError."""
    if broker.password_file is None:
        return None
    try:
        return broker.password_file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable("password_file", broker.password_file, error) from None


def context(tls: Tls) -> ssl.SSLContext:
    """Return what a handshake needs, from the files as they are now, or raise CredentialsError."""
    try:
        made = ssl.create_default_context(cafile=tls.ca)
    except OSError as error:
        raise _unreadable("ca", tls.ca, error) from None
    made.sslsocket_class = TlsSocket
    made.minimum_version = (
        ssl.TLSVersion.TLSv1_3 if tls.minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    )
    if tls.certificate is not None:
        try:
            made.load_cert_chain(tls.certificate, tls.key)
        except OSError as error:
            raise _unreadable("certificate or key", tls.certificate, error) from None
    return made


def _unreadable(what: str, path: Path, error: OSError | UnicodeDecodeError) -> CredentialsError:
    # The name of the error, not its text: that of a codec would quote bytes of the secret.
    why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return CredentialsError(f"{what} {path.name}: {why}")
