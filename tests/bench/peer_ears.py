"""A peer that scans: `python peer_ears.py habluetooth|habluetooth-management FD|theengs PORT USER PASSWORD`.

Run by a Python that has the peers, and by its path: nothing of ours is imported. Prints `ready` when it
scans; every line on standard input is answered with the CPU time of this process so far in nanoseconds,
until input ends. Each peer is given the least that it can be given to do.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from importlib import import_module
from threading import Thread
from typing import Any


async def habluetooth(descriptor: str | None) -> None:
    """Run a manager that hands on to nobody, and one scanner of hci0; FD stands for its management socket."""
    library: Any = import_module("habluetooth")
    bluez: Any = import_module("habluetooth.channels.bluez")
    manager_class: Any = library.BluetoothManager

    class Nobody(manager_class):  # type: ignore[misc]  # unknown where this is checked
        def _discover_service_info(self, _service_info: Any) -> None:
            """Take what is new of a device, and do nothing with it."""

    if descriptor is not None:
        inherited = int(descriptor)
        bluez.btmgmt_socket.open = lambda: socket.socket(fileno=inherited)
    manager = Nobody()
    await manager.async_setup()
    if manager.has_advertising_side_channel != (descriptor is not None):
        sys.exit("it hears another way than it should")
    scanner = library.HaScanner(library.BluetoothScanningMode.ACTIVE, "hci0", "02:00:00:00:00:00")
    scanner.async_setup()
    manager.async_register_scanner(scanner)
    await scanner.async_start()
    await answering()
    await scanner.async_stop()
    manager.async_stop()


def theengs(port: str, user: str, password: str) -> None:
    """Run the gateway: one long scan; what it can decode is published as JSON, the rest is not."""
    ble_gateway: Any = import_module("TheengsGateway.ble_gateway")
    config: Any = import_module("TheengsGateway.config")
    settings = config.DEFAULT_CONFIG | {
        "host": "127.0.0.1",
        "port": int(port),
        "user": user,
        "pass": password,
        "adapter": "hci0",
        "ble_scan_time": 3_600,
        "discovery": 0,
        "publish_all": 0,
        "enable_multi_gtw_sync": 0,
        "log_level": "WARNING",
        "gateway_id": "02:00:00:00:00:00",
    }
    gateway = ble_gateway.Gateway(settings)
    gateway.connect_mqtt()
    gateway.client.loop_start()
    Thread(target=lambda: asyncio.run(gateway.ble_scan_loop()), daemon=True).start()
    while not gateway.client.is_connected():
        time.sleep(0.01)
    say("ready")
    for _ in sys.stdin:
        say(str(time.process_time_ns()))
    os._exit(0)  # its loops do not end


async def answering() -> None:
    """Answer until there is no more to answer."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def answer() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            over.set()
            return
        say(str(time.process_time_ns()))

    loop.add_reader(0, answer)
    say("ready")
    await over.wait()


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.disable(logging.ERROR)
    kind, *rest = sys.argv[1:]
    if kind == "theengs":
        theengs(*rest)
    else:
        asyncio.run(habluetooth(rest[0] if rest else None))
