from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.ingest.account import BrokerCertificatesError, Credentials
from shopbell_server.ingest.subscriber import Subscriber

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_certificates_that_are_none_are_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BrokerCertificatesError, match=r'"[^"]*ca\.pem".*\[broker\.tls\]'):
        Subscriber(
            "acme", [("127.0.0.1", 1)], "3.1.1", Credentials(ca_file=str(file)), "acme_server_x"
        )


def test_credentials_do_not_show_their_password() -> None:
    assert "hunter2" not in repr(Credentials(username="server", password="hunter2"))
