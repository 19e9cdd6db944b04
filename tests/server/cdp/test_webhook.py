from __future__ import annotations

import logging
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cloudevents.core.formats.json import JSONFormat

from shopbell_server.cdp.webhook import AT_ONCE
from tests.rigs.certificates import Authority
from tests.rigs.webhook_receiver import Answer, WebhookReceiver, new_secret
from tests.server.cdp.receiving import webhook
from tests.server.told import letter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from shopbell_server.cdp.webhook import WebhookSink
    from shopbell_server.ports.sinks import Outcome

SHORT_S = 0.3
"""A time limit for answers that never come."""

NAME = "hooks.example"


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as endpoint:
        yield endpoint


@pytest.fixture
def sink(receiver: WebhookReceiver) -> Iterator[WebhookSink]:
    made = webhook(receiver)
    yield made
    made.close()


def once(sink: WebhookSink) -> Outcome:
    """Deliver one letter over a sink that is for nothing else."""
    try:
        return sink.deliver([letter()])[0]
    finally:
        sink.close()


def leads_to(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    """Return a resolver that knows one answer to everything."""
    return lambda _host, _port: addresses


# ------------------------------------------------------------------ what is sent


def test_the_official_libraries_accept_what_is_sent(
    receiver: WebhookReceiver, sink: WebhookSink
) -> None:
    assert sink.deliver([letter(7)])[0].kind == "delivered"
    request = receiver.received[0]
    assert request.path == "/hooks"
    assert request.headers["content-type"] == "application/cloudevents+json"
    event = from_structured_event(
        HTTPMessage(headers=dict(request.headers), body=request.body), JSONFormat()
    )
    assert event.get_id() == request.id == letter(7).event
    assert event.get_type() == "shopbell.pass.scanned.v1"


def test_the_id_stays_over_attempts(receiver: WebhookReceiver, sink: WebhookSink) -> None:
    receiver.answers.append(Answer(status=500))
    assert sink.deliver([letter()])[0].kind == "retry"
    assert sink.deliver([letter()])[0].kind == "delivered"
    assert receiver.ids == [letter().event] * 2


@pytest.mark.parametrize("place", [0, 1])
def test_a_receiver_may_know_either_secret_of_a_rotation(
    receiver: WebhookReceiver, place: int
) -> None:
    secrets = [new_secret()]
    secrets.insert(place, receiver.secret)
    assert once(webhook(receiver, secret="\n".join(secrets))).kind == "delivered"
    assert len(receiver.received[0].headers["webhook-signature"].split(" ")) == 2


def test_who_knows_another_secret_does_not_believe_us(receiver: WebhookReceiver) -> None:
    outcome = once(webhook(receiver, secret=new_secret()))
    assert (outcome.kind, outcome.reason) == ("retry", "HTTP 401")
    assert receiver.received == []
    assert len(receiver.refused) == 1


def test_customers_do_not_wait_for_each_other(receiver: WebhookReceiver, sink: WebhookSink) -> None:
    receiver.answers += [Answer(held=True)] * AT_ONCE
    letters = [letter(number) for number in range(AT_ONCE)]
    with ThreadPoolExecutor(1) as thread:
        delivering = thread.submit(sink.deliver, letters)
        # None is answered before all are there: one by one they would never be.
        receiver.until("all at once", lambda: len(receiver.received) == AT_ONCE)
        receiver.release()
        assert {each.kind for each in delivering.result()} == {"delivered"}


def test_a_connection_is_used_again(receiver: WebhookReceiver, sink: WebhookSink) -> None:
    for number in range(5):
        sink.deliver([letter(number)])
    assert receiver.connections == 1


def test_a_connection_that_the_receiver_closed_is_not_missed(
    receiver: WebhookReceiver, sink: WebhookSink
) -> None:
    receiver.answers.append(Answer(headers={"connection": "close"}))
    assert sink.deliver([letter(1)])[0].kind == "delivered"
    assert sink.deliver([letter(2)])[0].kind == "delivered"


# ------------------------------------------------------------------ what is answered


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "delivered"),
        (202, "delivered"),
        (204, "delivered"),
        (400, "refused"),
        (404, "retry"),
        (410, "gone"),
        (413, "refused"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
    ],
)
def test_an_answer_says_what_comes_next(
    receiver: WebhookReceiver, sink: WebhookSink, status: int, kind: str
) -> None:
    receiver.answers.append(Answer(status=status))
    outcome = sink.deliver([letter()])[0]
    assert (outcome.kind, outcome.reason) == (kind, f"HTTP {status}")
    assert outcome.retry_after_s is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    receiver: WebhookReceiver, sink: WebhookSink, status: int
) -> None:
    elsewhere = f"http://127.0.0.1:{receiver.port}/elsewhere"
    receiver.answers.append(Answer(status=status, headers={"location": elsewhere}))
    outcome = sink.deliver([letter()])[0]
    assert (outcome.kind, outcome.reason) == (
        "retry",
        f"HTTP {status}; redirects are not followed",
    )
    assert [each.path for each in receiver.received] == ["/hooks"]


@pytest.mark.parametrize(
    ("value", "asked_s"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("9" * 400, 999_999_999.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("Sat, 99 Nov 2026 12:00:00 GMT", None),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read(
    receiver: WebhookReceiver, sink: WebhookSink, value: str, asked_s: float | None
) -> None:
    receiver.answers.append(Answer(status=429, headers={"retry-after": value}))
    assert sink.deliver([letter()])[0].retry_after_s == asked_s


def test_retry_after_may_be_a_date(receiver: WebhookReceiver, sink: WebhookSink) -> None:
    at = datetime.now(UTC) + timedelta(days=1)
    date = format_datetime(at, usegmt=True)
    receiver.answers.append(Answer(status=503, headers={"retry-after": date}))
    asked_s = sink.deliver([letter()])[0].retry_after_s
    assert asked_s is not None
    assert 86_000 < asked_s <= 86_400


@pytest.mark.parametrize("size", [10, 1_024, 1_025, 5_000_000])
def test_what_an_answer_says_is_of_no_interest(
    receiver: WebhookReceiver, sink: WebhookSink, size: int
) -> None:
    receiver.answers.append(Answer(body=b"x" * size))
    outcome = sink.deliver([letter(1)])[0]
    assert (outcome.kind, outcome.reason) == ("delivered", "HTTP 200")
    assert sink.deliver([letter(2)])[0].kind == "delivered"
    assert receiver.connections == (1 if size <= 1_024 else 2)


def test_a_receiver_that_hangs_up_is_tried_again(
    receiver: WebhookReceiver, sink: WebhookSink
) -> None:
    receiver.answers.append(Answer(hangs_up=True))
    outcome = sink.deliver([letter()])[0]
    assert (outcome.kind, outcome.reason) == ("retry", "its answer is not HTTP, or breaks off")


@pytest.mark.parametrize("answer", [Answer(held=True), Answer(drips=True)], ids=["held", "drips"])
def test_a_receiver_that_takes_too_long_is_tried_again(
    receiver: WebhookReceiver, answer: Answer
) -> None:
    receiver.answers.append(answer)
    outcome = once(webhook(receiver, timeout_s=SHORT_S))
    assert (outcome.kind, outcome.reason) == ("retry", "no answer in time")


def test_nobody_there_is_tried_again(receiver: WebhookReceiver) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        outcome = once(webhook(receiver, url=url))
    assert (outcome.kind, outcome.reason) == ("retry", "no connection: Connection refused")


# ------------------------------------------------------------------ where it is sent


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["10.0.0.1", "192.168.1.1"],
        ["fd00:ec2::254"],
        [],
    ],
)
def test_a_name_that_leads_inside_is_not_followed(
    receiver: WebhookReceiver, addresses: list[str]
) -> None:
    outcome = once(
        webhook(
            receiver,
            url=f"https://{NAME}:{receiver.port}/",
            allow_loopback=False,
            resolve=leads_to(*addresses),
        )
    )
    assert outcome.kind == "retry"
    assert outcome.reason == "the endpoint's address is in a private or special network"
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "localhost"]
)
def test_other_spellings_of_this_machine_do_not_help(receiver: WebhookReceiver, host: str) -> None:
    url = f"https://{host}:{receiver.port}/"
    assert once(webhook(receiver, url=url, allow_loopback=False)).kind == "retry"
    assert receiver.connections == 0


def test_a_name_is_judged_at_every_connection(receiver: WebhookReceiver) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    sink = webhook(
        receiver,
        url=f"http://{NAME}:{receiver.port}/",
        resolve=lambda _host, _port: next(answers),
    )
    receiver.answers.append(Answer(headers={"connection": "close"}))
    assert sink.deliver([letter(1)])[0].kind == "delivered"
    assert once(sink).reason == "the endpoint's address is in a private or special network"


def test_without_tls_events_do_not_leave_this_machine(receiver: WebhookReceiver) -> None:
    outcome = once(
        webhook(receiver, url=f"http://{NAME}:{receiver.port}/", resolve=leads_to("93.184.215.14"))
    )
    assert outcome.reason == "the endpoint's address is in a private or special network"


def test_an_address_that_may_not_be_used_is_passed_over(receiver: WebhookReceiver) -> None:
    resolve = leads_to("10.0.0.1", "127.0.0.1")
    url = f"http://{NAME}:{receiver.port}/"
    assert once(webhook(receiver, url=url, resolve=resolve)).kind == "delivered"
    assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"


def test_the_next_address_is_tried(receiver: WebhookReceiver) -> None:
    # Nobody listens at that port of the other loopback address.
    resolve = leads_to("127.0.0.99", "127.0.0.1")
    url = f"http://{NAME}:{receiver.port}/"
    assert once(webhook(receiver, url=url, resolve=resolve)).kind == "delivered"


def test_a_name_that_does_not_resolve_is_tried_again(receiver: WebhookReceiver) -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    outcome = once(webhook(receiver, url="https://cdp.example/?key=s3cret", resolve=unknown))
    assert (outcome.kind, outcome.reason) == ("retry", "the endpoint's name does not resolve")


# ------------------------------------------------------------------ over TLS


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tls")


def serving(authority: Authority, host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("endpoint", common_name="endpoint", host=host))
    return context


def test_the_certificate_is_asked_for_by_name_at_the_judged_address(authority: Authority) -> None:
    with WebhookReceiver(tls=serving(authority, NAME)) as receiver:
        outcome = once(
            webhook(
                receiver,
                url=f"https://{NAME}:{receiver.port}/hooks",
                tls=ssl.create_default_context(cafile=authority.ca),
                resolve=leads_to("127.0.0.1"),
            )
        )
        assert outcome.kind == "delivered"
        assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"


@pytest.mark.parametrize(("host", "trusted"), [("other.example", True), (NAME, False)])
def test_a_certificate_of_others_is_not_accepted(
    authority: Authority, host: str, *, trusted: bool
) -> None:
    with WebhookReceiver(tls=serving(authority, host)) as receiver:
        outcome = once(
            webhook(
                receiver,
                url=f"https://{NAME}:{receiver.port}/hooks",
                tls=ssl.create_default_context(cafile=authority.ca) if trusted else None,
                resolve=leads_to("127.0.0.1"),
            )
        )
        assert outcome.kind == "retry"
        assert outcome.reason.startswith("its certificate is not accepted: ")
        assert receiver.received == []


def test_an_endpoint_without_tls_is_tried_again(receiver: WebhookReceiver) -> None:
    outcome = once(webhook(receiver, url=f"https://127.0.0.1:{receiver.port}/"))
    assert outcome.kind == "retry"
    assert outcome.reason.startswith("no TLS connection")


# ------------------------------------------------------------------ what nobody may read


def test_no_secret_of_the_endpoint_is_said_anywhere(
    receiver: WebhookReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answers += [Answer(status=500, body=b"C-77 said"), Answer(hangs_up=True)]
    sink = webhook(receiver, url=f"{receiver.url}?key=s3cret")
    reasons = [sink.deliver([letter()])[0].reason for _ in range(3)]
    sink.close()
    assert receiver.received[0].path == "/hooks?key=s3cret"
    for text in (*reasons, caplog.text):
        assert "s3cret" not in text
        assert "C-77" not in text
        assert receiver.secret not in text
