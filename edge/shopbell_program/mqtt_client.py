"""paho's client, whose network thread can be ended at any moment.

Owns: the end of that thread.
Never: a connection, or what is said over it.
"""

from __future__ import annotations

import contextlib

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode


class EndableClient(Client):
    """A `Client` whose `loop_stop` may be called while its thread ends by itself."""

    def loop_stop(self) -> MQTTErrorCode:
        """Return when the network thread has ended.

        After `disconnect` it ends by itself, and is forgotten at its very end. paho 2.2 looks for it twice:
        whether it is there, and to wait for it. Between the two it may be gone (one stop in some hundreds,
        after a `kill -9` of the broker). Then there is nothing to wait for.
        """
        with contextlib.suppress(AttributeError):
            return super().loop_stop()
        return MQTTErrorCode.MQTT_ERR_SUCCESS
