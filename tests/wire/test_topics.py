from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_wire.malformed import MalformedError
from shopbell_wire.topics import (
    BoardTopic,
    EdgeTopic,
    Kind,
    between_boards,
    from_edges,
    parse,
    statuses,
    to_edge,
)
from tests.wire.strategies import names


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        (Kind.LIVE, "shopbell/v1/acme/ams01-door/up/live"),
        (Kind.BACKLOG, "shopbell/v1/acme/ams01-door/up/backlog"),
        (Kind.STATUS, "shopbell/v1/acme/ams01-door/up/status"),
        (Kind.ACK, "shopbell/v1/acme/ams01-door/down/ack"),
        (Kind.CONFIG, "shopbell/v1/acme/ams01-door/down/config"),
        (Kind.COMMAND, "shopbell/v1/acme/ams01-door/down/command"),
    ],
)
def test_every_kind_has_its_topic(kind: Kind, topic: str) -> None:
    assert str(EdgeTopic(tenant="acme", edge="ams01-door", kind=kind)) == topic
    assert parse(topic) == EdgeTopic(tenant="acme", edge="ams01-door", kind=kind)


@given(st.builds(EdgeTopic, tenant=names, edge=names, kind=st.sampled_from(Kind)))
def test_any_edge_topic_reads_back(topic: EdgeTopic) -> None:
    assert parse(str(topic)) == topic


@given(st.builds(BoardTopic, tenant=names, store=names))
def test_any_board_topic_reads_back(topic: BoardTopic) -> None:
    assert parse(str(topic)) == topic


def test_a_board_topic_is_no_edge_topic() -> None:
    assert parse("shopbell/v1/acme/_board/ams01") == BoardTopic(tenant="acme", store="ams01")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "/",
        "$SYS/broker/uptime",
        "$CONTROL/dynamic-security/v1",
        "$share/ingest/shopbell/v1/acme/door/up/live",
        "shopbell",
        "shopbell/v1",
        "shopbell/v2/acme/door/up/live",
        "shopbell/v1/acme/door",
        "shopbell/v1/acme/door/up",
        "shopbell/v1/acme/door/up/",
        "shopbell/v1/acme/door/up/live/",
        "shopbell/v1/acme/door/up/live/more",
        "shopbell/v1/acme/door/down/live",
        "shopbell/v1/acme/door/up/LIVE",
        "/shopbell/v1/acme/door/up/live",
        "shopbell/v1//door/up/live",
        "shopbell/v1/acme//up/live",
        "shopbell/v1/+/door/up/live",
        "shopbell/v1/acme/+/up/live",
        "shopbell/v1/acme/door/up/+",
        "shopbell/v1/acme/#",
        "#",
        "shopbell/v1/Acme/door/up/live",
        "shopbell/v1/acme/door\n/up/live",
        "shopbell/v1/acme/dö/up/live",
        "shopbell/v1/acme/door\0/up/live",
        f"shopbell/v1/acme/{'d' * 41}/up/live",
        "shopbell/v1/acme/_board",
        "shopbell/v1/acme/_board/",
        "shopbell/v1/acme/_board/+",
        "shopbell/v1/acme/_board/up/live",
    ],
)
def test_any_other_topic_is_refused(topic: str) -> None:
    with pytest.raises(MalformedError) as refusal:
        parse(topic)
    assert refusal.value.reason == "topic"


@given(st.text())
def test_parsing_any_text_raises_nothing_else(topic: str) -> None:
    with pytest.raises(MalformedError):
        parse(topic)


@given(names, names, st.sampled_from(Kind))
def test_the_filters_are_those_of_the_contract(tenant: str, name: str, kind: Kind) -> None:
    topic = str(EdgeTopic(tenant=tenant, edge=name, kind=kind))
    up = kind.startswith("up/")
    assert matches(from_edges(tenant), topic) is up
    assert matches(to_edge(tenant, name), topic) is not up
    assert matches(statuses(tenant), topic) is (kind is Kind.STATUS)
    assert matches(to_edge(tenant, "b" if name == "a" else "a"), topic) is False
    assert matches(between_boards(tenant), topic) is False
    assert matches(between_boards(tenant), str(BoardTopic(tenant=tenant, store=name)))
    assert not matches(from_edges(tenant), str(BoardTopic(tenant=tenant, store=name)))


@pytest.mark.parametrize("wild", ["+", "#", "", "a/b", "_board", "$SYS", "a\n"])
def test_no_name_becomes_a_wildcard_or_a_level(wild: str) -> None:
    for build in (
        lambda: EdgeTopic(tenant=wild, edge="door", kind=Kind.LIVE),
        lambda: EdgeTopic(tenant="acme", edge=wild, kind=Kind.LIVE),
        lambda: BoardTopic(tenant=wild, store="ams01"),
        lambda: BoardTopic(tenant="acme", store=wild),
        lambda: from_edges(wild),
        lambda: statuses(wild),
        lambda: to_edge(wild, "door"),
        lambda: to_edge("acme", wild),
        lambda: between_boards(wild),
    ):
        with pytest.raises(MalformedError, match="1-40 of a-z"):
            build()


def matches(filter_: str, topic: str) -> bool:
    """Return whether an MQTT broker would deliver `topic` to a subscriber of `filter_`."""
    wanted, levels = filter_.split("/"), topic.split("/")
    return len(wanted) == len(levels) and all(
        want in ("+", level) for want, level in zip(wanted, levels, strict=True)
    )
