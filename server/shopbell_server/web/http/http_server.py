"""The HTTP server: uvicorn, as it is run here.

Owns: its settings.
Never: when it begins and ends (`bootstrap`), or what is served (`app`).
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

import uvicorn

from shopbell_server.web.http.patience import PatientProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

GRACE_S: Final = 5
"""For answers that are being given when it is told to end; streams end by themselves before that."""


class HttpServer(uvicorn.Server):
    """Uvicorn, without its own idea of signals: they end more than HTTP. It ends by `should_exit`."""

    def __init__(self, app: FastAPI) -> None:
        # It would print what went wrong in a request, text and all; `web.problems` says it without.
        logging.getLogger("uvicorn.error").disabled = True
        super().__init__(
            uvicorn.Config(
                app,
                http=PatientProtocol,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to whoever runs this."""
        yield
