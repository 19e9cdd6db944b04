"""The server's account with the broker, and a client that uses it.

Owns: how a client is told who we are and whom to trust.
Never: a connection; whoever asks for a client decides what it is for.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from paho.mqtt.client import MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from shopbell_program.mqtt_client import EndableClient


class BrokerCertificatesError(RuntimeError):
    """The certificates or the key for the broker cannot be used; the text names the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the broker wants to see. Files are paths; None: not used."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


def client_as(
    client_id: str,
    protocol: str,
    credentials: Credentials,
    *,
    manual_ack: bool = False,
    reconnects: bool = True,
) -> EndableClient:
    """Return a client that is not connected yet; BrokerCertificatesError for files that are none."""
    client = EndableClient(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=MQTTv5 if protocol == "5" else MQTTv311,
        clean_session=None if protocol == "5" else True,
        manual_ack=manual_ack,
        reconnect_on_failure=reconnects,
    )
    if credentials.username is not None:
        client.username_pw_set(credentials.username, credentials.password)
    tls = tls_context(credentials)
    if tls is not None:
        client.tls_set_context(tls)
    return client


def tls_context(credentials: Credentials) -> ssl.SSLContext | None:
    """Return what a handshake needs, None where there is none.

    Raises BrokerCertificatesError for files that are none. A key goes with its certificate.
    """
    if credentials.ca_file is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        made.load_verify_locations(credentials.ca_file)
        if credentials.cert_file is not None:
            made.load_cert_chain(credentials.cert_file, credentials.key_file)
    except OSError as error:  # ssl's errors are some of these
        files = ", ".join(
            f'"{path}"'
            for path in (credentials.ca_file, credentials.cert_file, credentials.key_file)
            if path is not None
        )
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise BrokerCertificatesError(
            f"one of {files} cannot be used for the broker ({why}); see [broker.tls]"
        ) from None
    return made
