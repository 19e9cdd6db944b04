"""Each kind of sink, with a look at what arrived at its other end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shopbell_server.cdp.file import FileSink
from shopbell_server.cdp.webhook import WebhookSink
from shopbell_server.core.delivery.webhook_signature import read_secrets
from shopbell_server.system import SystemClock
from tests.fakes.sink import FakeSink, failed
from tests.rigs.webhook_receiver import Answer, WebhookReceiver

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from pathlib import Path

    from shopbell_server.cdp.pinned import Resolve
    from shopbell_server.ports.sinks import Sink

TIMEOUT_S = 20.0
"""For answers that do come: never reached."""


class OtherEnd(Protocol):
    """What a sink leads to. It has no use for the next `letters`, until it is well again."""

    @property
    def sink(self) -> Sink: ...

    def arrived(self) -> Sequence[bytes]: ...

    def trouble(self, letters: int, /) -> None: ...

    def well_again(self) -> None: ...


class FileEnd:
    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.ndjson"
        self._away = folder / "away"
        self.sink = FileSink(name="file", path=self._path)

    def arrived(self) -> Sequence[bytes]:
        path = self._path if self._path.is_file() else self._away
        return path.read_bytes().splitlines() if path.is_file() else []

    def trouble(self, _: int, /) -> None:
        if self._path.exists():
            self._path.replace(self._away)
        self._path.mkdir()

    def well_again(self) -> None:
        self._path.rmdir()
        if self._away.exists():
            self._away.replace(self._path)


class WebhookEnd:
    def __init__(self, receiver: WebhookReceiver) -> None:
        self._receiver = receiver
        self._whole = 0
        self.sink = webhook(receiver)

    def arrived(self) -> Sequence[bytes]:
        return [each.body for each in self._receiver.received]

    def trouble(self, letters: int) -> None:
        self._receiver.answers += [Answer(status=503)] * letters
        self._whole = len(self._receiver.received)

    def well_again(self) -> None:
        # What it answered 503 to, it has not taken.
        del self._receiver.received[self._whole :]


class FakeEnd:
    def __init__(self) -> None:
        self.sink = FakeSink()

    def arrived(self) -> Sequence[bytes]:
        return [each.body for each in self.sink.taken]

    def trouble(self, letters: int) -> None:
        self.sink.outcomes += [failed()] * letters

    def well_again(self) -> None:
        self.sink.outcomes.clear()


def webhook(
    receiver: WebhookReceiver,
    *,
    url: str | None = None,
    secret: str | None = None,
    timeout_s: float = TIMEOUT_S,
    allow_loopback: bool = True,
    tls: ssl.SSLContext | None = None,
    resolve: Resolve | None = None,
) -> WebhookSink:
    more = {} if resolve is None else {"resolve": resolve}
    return WebhookSink(
        name="cdp",
        url=url or receiver.url,
        secrets=read_secrets(secret or receiver.secret),
        timeout_s=timeout_s,
        clock=SystemClock(),
        allow_loopback=allow_loopback,
        tls=tls,
        **more,
    )
