"""What every sink promises, asked of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rigs.webhook_receiver import WebhookReceiver
from tests.server.cdp.receiving import FakeEnd, FileEnd, WebhookEnd
from tests.server.told import letter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.cdp.receiving import OtherEnd


@pytest.fixture(params=["file", "webhook", "fake"])
def end(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OtherEnd]:
    if request.param == "webhook":
        with WebhookReceiver() as receiver:
            other_end: OtherEnd = WebhookEnd(receiver)
            yield other_end
            other_end.sink.close()
        return
    other_end = FileEnd(tmp_path) if request.param == "file" else FakeEnd()
    yield other_end
    other_end.sink.close()


def test_every_letter_arrives_as_it_is(end: OtherEnd) -> None:
    letters = [letter(number) for number in range(min(end.sink.at_once, 20))]
    outcomes = end.sink.deliver(letters)
    assert [each.kind for each in outcomes] == ["delivered"] * len(letters)
    assert sorted(end.arrived()) == sorted(each.body for each in letters)


def test_one_after_another_arrive_in_that_order(end: OtherEnd) -> None:
    letters = [letter(number) for number in range(5)]
    for each in letters:
        end.sink.deliver([each])
    assert end.arrived() == [each.body for each in letters]


def test_what_is_delivered_twice_arrives_twice_alike(end: OtherEnd) -> None:
    end.sink.deliver([letter()])
    end.sink.deliver([letter()])
    assert end.arrived() == [letter().body] * 2


def test_trouble_is_an_outcome_and_passes(end: OtherEnd) -> None:
    end.sink.deliver([letter(1)])
    end.trouble(2)
    outcomes = end.sink.deliver([letter(2), letter(3)])
    assert [each.kind for each in outcomes] == ["retry", "retry"]
    end.well_again()
    assert end.arrived() == [letter(1).body]
    assert end.sink.deliver([letter(2)])[0].kind == "delivered"
    assert end.arrived() == [letter(1).body, letter(2).body]


def test_a_reason_is_short_and_holds_nothing_of_the_event(end: OtherEnd) -> None:
    end.trouble(1)
    reason = end.sink.deliver([letter()])[0].reason
    assert 0 < len(reason) < 120
    assert "C-77" not in reason
    assert letter().event not in reason


def test_nothing_to_deliver_is_nothing(end: OtherEnd) -> None:
    assert list(end.sink.deliver([])) == []


def test_a_sink_says_how_much_and_how_long(end: OtherEnd) -> None:
    assert end.sink.name
    assert end.sink.at_once >= 1
    assert end.sink.patience_s > 0
