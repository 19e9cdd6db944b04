"""paho's client, as we use it.

Owns: that its thread never dies without a word, and what the broker is told of us.
Never: what is said over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from shopbell_program.mqtt_client import EndableClient
from shopbell_wire.codec import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.adapters.mqtt.broker import Broker

_VERSIONS: Final = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}

_AROUND_BYTES: Final = 1024
"""Header, topic and properties of a message: ours has 120 bytes of topic, and a broker may add some."""


_MOST_BYTES: Final = 8 << 20
"""Of a packet. What is only too long is read and refused by its length, for anybody with an account may send
it over an honest broker; past this the connection ends."""


class TooMuchError(Exception):
    """The broker sends what none of ours would, and what would fill the memory."""


class GuardedClient(EndableClient):
    """A client of `broker` that tells `failed` what has ended its thread, on that thread.

    paho raises there what a broker's bytes make it raise (a topic that is no UTF-8 is enough), and then
    nobody reads or keeps alive a connection that looks well.
    """

    def __init__(self, broker: Broker) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=_VERSIONS[broker.version],
            reconnect_on_failure=False,
        )
        self._broker = broker
        self.failed: Callable[[str], None] | None = None

    def greet(self) -> None:
        """Connect, on this thread. Raises ssl.SSLError, or OSError where nobody answers."""
        broker = self._broker
        self.connect(broker.host, broker.port, broker.keepalive_s, properties=_limits(broker))

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Take in what came. Of QoS 2, which we never asked for, paho would keep 65 000 messages."""
        done = super().loop_read(max_packets)
        if self._in_messages:
            raise TooMuchError
        return done

    def _sock_recv(self, bufsize: int) -> bytes:
        # paho asks for all that is missing of a packet. There is no public way to say no to 256 MB.
        if bufsize > _MOST_BYTES:
            raise TooMuchError
        return super()._sock_recv(bufsize)

    def loop_forever(
        self,
        timeout: float = 1.0,
        retry_first_connection: bool = False,  # noqa: FBT001, FBT002  # as paho has it
    ) -> MQTTErrorCode:
        """Do paho's work until the connection ends, however it does."""
        try:
            return super().loop_forever(timeout, retry_first_connection)
        except Exception as error:  # noqa: BLE001  # whatever a stranger's bytes lead to
            # Its kind alone: its text may quote what was sent.
            if self.failed is not None:
                self.failed(f"the broker sent what cannot be read ({type(error).__name__})")
            return MQTTErrorCode.MQTT_ERR_PROTOCOL


def _limits(broker: Broker) -> Properties | None:
    """Return what MQTT 5 lets us ask for: that nobody's 200 MB reach us, which paho would gather first."""
    if broker.version != "5":
        return None
    limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
    limits.MaximumPacketSize = MAX_BYTES + _AROUND_BYTES
    return limits
