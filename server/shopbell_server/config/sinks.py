"""Settings of who is told. Owns: the tables [[sinks]] and [delivery], and what can be wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from shopbell_program.settings import Fault
from shopbell_server.config.endpoints import faults_of_endpoint
from shopbell_server.config.files import RANDOM_KEY, in_the_way, no_key
from shopbell_server.config.shapes import File
from shopbell_server.core.delivery.webhook_signature import SecretError, read_secrets
from shopbell_wire.messages import Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class FileSink(Struct, frozen=True, kw_only=True, tag="file", tag_field="kind"):
    """Events as lines of JSON."""

    name: Name
    path: File
    user_id: str | None = None
    """Which external id to send (`crm`); without it a pairwise id."""


class WebhookSink(Struct, frozen=True, kw_only=True, tag="webhook", tag_field="kind"):
    """Events as HTTP requests, signed as Standard Webhooks say."""

    name: Name
    url: Annotated[str, Meta(examples=["https://cdp.example/hooks"])]
    secret_file: File
    """Lines of `whsec_` and base64 of 24 to 64 bytes. Two lines while a secret is being changed."""
    user_id: str | None = None
    allow_loopback: bool = False
    """Lets `http://127.0.0.1` be an endpoint: for a receiver on the same machine."""
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 15.0
    """Standard Webhooks: 15 to 30 s."""


class Delivery(Struct, frozen=True, kw_only=True):
    """How stubbornly events are delivered."""

    schedule_s: Annotated[tuple[Annotated[float, Meta(ge=0)], ...], Meta(min_length=1)] = (
        0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
    )  # fmt: skip
    """Standard Webhooks' example: ten attempts in 75 hours, then the dead letter."""
    pairwise_key_file: str | None = None
    """Key (32 bytes, hexadecimal) of the ids under which sinks know people they have no id for, and
    by which every sink orders its events. Needed with any sink; a new key makes everybody a stranger."""


def faults_of_sinks(sinks: Sequence[FileSink | WebhookSink], delivery: Delivery) -> Iterator[Fault]:
    """Yield what no single key of [[sinks]] and [delivery] shows."""
    seen: set[str] = set()
    for index, sink in enumerate(sinks):
        if sink.name in seen:
            yield Fault(
                key=f"sinks[{index}].name",
                problem=f'"{sink.name}" stands twice; deliveries go by it',
            )
        seen.add(sink.name)
        if isinstance(sink, WebhookSink):
            yield from faults_of_endpoint(
                f"sinks[{index}].url", sink.url, allow_loopback=sink.allow_loopback
            )
            yield from _secret(f"sinks[{index}].secret_file", sink.secret_file)
        elif not Path(sink.path).parent.is_dir():
            yield Fault(
                key=f"sinks[{index}].path", problem=f'there is no folder "{Path(sink.path).parent}"'
            )
    if delivery.pairwise_key_file is None and sinks:
        yield Fault(
            key="delivery.pairwise_key_file",
            problem=f"missing; sinks know people by it. {RANDOM_KEY}",
        )
    yield from no_key("delivery.pairwise_key_file", delivery.pairwise_key_file)


def _secret(key: str, path: str) -> Iterator[Fault]:
    if in_the_way(path) is None:
        try:
            read_secrets(Path(path).read_text("utf-8"))
        except SecretError as error:
            yield Fault(key=key, problem=f'"{path}" {error}')
