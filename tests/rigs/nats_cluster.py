"""Three real NATS nodes on loopback that serve edges over MQTT, of which one can be killed."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

from tests.rigs.brokers import DEFAULT_USERS, NatsBroker
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

READY_S: Final = 40.0
"""They elect a leader within two seconds; a loaded machine takes its time."""

CONFIG: Final = """
server_name: "{name}"
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
jetstream {{ store_dir: "{folder}/jetstream" }}
mqtt {{ listen: "127.0.0.1:{mqtt}", stream_replicas: 3 }}
cluster {{ name: "shopbell", listen: "127.0.0.1:{route}", routes: [{routes}] }}
authorization {{ users = [{users}] }}
"""


class Node(NatsBroker):
    """One of a cluster. `port` speaks MQTT, `client_port` NATS' own protocol."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, users=DEFAULT_USERS)
        self.server_name = name
        self.route_port = free_port()
        self.monitor_port = free_port()
        self.others: Sequence[Node] = ()

    def asked(self, path: str) -> dict[str, Any]:
        """Return what its monitor says; nothing while it does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.monitor_port, timeout=2)
        try:
            connection.request("GET", path)
            said: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return {}
        finally:
            connection.close()
        return said

    def _command(self) -> Sequence[str | Path]:
        command = super()._command()
        users = (f'{{user: "{user}", password: "{word}"}}' for user, word in self.users.items())
        (self.folder / "nats.conf").write_text(
            CONFIG.format(
                name=self.server_name,
                port=self.client_port,
                monitor=self.monitor_port,
                folder=self.folder,
                mqtt=self.port,
                route=self.route_port,
                routes=", ".join(f'"nats://127.0.0.1:{each.route_port}"' for each in self.others),
                users=", ".join(users),
            )
        )
        return command


class NatsCluster:
    """Runs while its context is open; all nodes are up and have a leader when it is entered."""

    def __init__(self, folder: Path) -> None:
        names = ("nats-a", "nats-b", "nats-c")
        self.nodes = [Node(folder / name, name) for name in names]
        for node in self.nodes:
            node.others = [each for each in self.nodes if each is not node]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            for node in self.nodes:
                self._stack.enter_context(node)
            self._wait()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def leader(self) -> Node:
        """Return the node that leads: the one of the stream of MQTT's messages, else of all."""
        for node in self.nodes:
            said = node.asked("/jsz?streams=true")
            details = said.get("account_details") or [{}]
            streams = {each["name"]: each for each in details[0].get("stream_detail") or ()}
            names = [
                streams.get("$MQTT_msgs", {}).get("cluster", {}).get("leader"),
                said.get("meta_cluster", {}).get("leader"),
            ]
            for each in self.nodes:
                if each.server_name in names:
                    return each
        pytest.fail("the cluster has no leader")

    def _wait(self) -> None:
        limit = time.monotonic() + READY_S
        for node in self.nodes:
            while not _is_ready(node):
                if time.monotonic() > limit:
                    pytest.fail(
                        f"{node.server_name} is not ready:\n{node.log_path.read_text()[-2000:]}"
                    )
                time.sleep(0.05)


def _is_ready(node: Node) -> bool:
    if node.asked("/healthz").get("status") != "ok":
        return False
    known = node.asked("/jsz").get("meta_cluster", {})
    return bool(known.get("leader")) and known.get("cluster_size") == 1 + len(node.others)
