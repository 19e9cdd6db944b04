from __future__ import annotations

import threading

from paho.mqtt.enums import CallbackAPIVersion

from shopbell_program.mqtt_client import EndableClient


class EndsMeanwhile(EndableClient):
    """Its network thread has gone when paho looks for it the second time."""

    looks = 0

    @property
    def _thread(self) -> threading.Thread | None:
        self.looks += 1
        return threading.Thread() if self.looks == 1 else None

    @_thread.setter
    def _thread(self, thread: threading.Thread | None) -> None:
        """Forget what paho notes."""


def test_a_thread_that_ends_by_itself_meanwhile_is_not_waited_for() -> None:
    client = EndsMeanwhile(CallbackAPIVersion.VERSION2)
    client.looks = 0
    client.loop_stop()
    assert client.looks > 1


def test_a_thread_that_runs_is_waited_for() -> None:
    client = EndableClient(CallbackAPIVersion.VERSION2)
    before = threading.active_count()
    client.connect_async("127.0.0.1", 9)
    client.loop_start()
    assert threading.active_count() == before + 1
    client.disconnect()
    client.loop_stop()
    assert threading.active_count() == before
