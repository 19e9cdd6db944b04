"""A real, certified provider of OpenID Connect (npm's `oidc-provider`), and somebody who signs in there.

`with OidcServer(people, clients) as server:`. One node process on a free port of loopback, stopped by its id.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urljoin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

ROOT: Final = Path(__file__).parents[2]
NODE_FOLDER: Final = ROOT / ".cache" / "node"
SCRIPT: Final = Path(__file__).parent / "node" / "oidc.mjs"

START_S: Final = 60.0
"""Ready in 1 s as a rule; a loaded machine takes its time."""

STOP_S: Final = 20.0


class OidcMissingError(RuntimeError):
    """No provider can be run here; the text says why and what to do."""


class OidcServer:
    """`people`: claims by id; `clients`: as its metadata have them; `apart`: claims are in no ID token."""

    def __init__(
        self,
        people: Mapping[str, Mapping[str, Any]],
        clients: Sequence[Mapping[str, Any]],
        *,
        apart: bool = False,
    ) -> None:
        self._asked = {"people": people, "clients": clients, "apart": apart}
        self._process: subprocess.Popen[bytes] | None = None
        self.issuer = ""

    def __enter__(self) -> Self:
        node = shutil.which("node")
        if node is None or not (NODE_FOLDER / "node_modules" / "oidc-provider").is_dir():
            raise OidcMissingError("no oidc-provider: apt-get install npm, then .ci/node-packages")
        self._process = subprocess.Popen(
            [node, "--no-warnings", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it warns of what a test wants: http, and a form without a password
            env={"NODE_FOLDER": str(NODE_FOLDER), "OIDC": json.dumps(self._asked)},
        )
        try:
            self.issuer = f"http://127.0.0.1:{self._port(self._process)}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait(STOP_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _port(self, process: subprocess.Popen[bytes]) -> int:
        assert process.stdout is not None
        # It ends where it says nothing in time: reading then comes to an end too.
        limit = threading.Timer(START_S, process.kill)
        limit.start()
        try:
            for line in process.stdout:
                if line.startswith(b"{"):
                    return int(json.loads(line)["port"])
        finally:
            limit.cancel()
        raise OidcMissingError(
            "oidc-provider does not start: node tests/rigs/node/oidc.mjs says why"
        )


async def sign_in_there(
    browser: httpx2.AsyncClient, url: str, who: str, back: str, *, cancel: bool = False
) -> str:
    """Go through the provider's forms as `who`; return the address below `back` that it leads to."""
    for _ in range(12):
        answer = await browser.get(url)
        while "location" in answer.headers:
            url = urljoin(url, answer.headers["location"])
            if url.startswith(back):
                return url
            answer = await browser.get(url)
        form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert form is not None, f"no form at {answer.status_code}"
        if cancel:
            abort = re.search(r'href="([^"]+/abort)"', answer.text)
            assert abort is not None
            url = urljoin(url, html.unescape(abort[1]))
            continue
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
        fields = {"prompt": prompt[1] if prompt else "login", "login": who, "password": "any"}
        posted = await browser.post(urljoin(url, html.unescape(form[1])), data=fields)
        url = urljoin(url, posted.headers["location"])
    raise AssertionError("the provider leads nowhere")
