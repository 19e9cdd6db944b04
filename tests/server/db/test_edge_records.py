from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.edges.lineage import Heir, Start
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.recognition.loyalty_numbers import Guesses
from shopbell_server.core.recognition.spray import Tokens
from tests.server.db.rows import EDGE

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork

OTHER = EdgeId("other")


def start(previous: str, stream: str, edge: EdgeId = EDGE) -> Start:
    return Start(edge=edge, previous=previous, stream=stream)


def test_what_edges_gave_up_adds_up(work: UnitOfWork) -> None:
    assert work.edge_records.losses() == {}
    work.edge_records.add_losses({}, Millis(1))
    work.edge_records.add_losses({(EDGE, "spool_full"): 3, (OTHER, "spool_full"): 1}, Millis(1))
    work.edge_records.add_losses({(EDGE, "spool_full"): 4, (EDGE, "spool_corrupt"): 1}, Millis(2))
    assert work.edge_records.losses() == {
        EDGE: {"spool_full": 7, "spool_corrupt": 1},
        OTHER: {"spool_full": 1},
    }


def test_a_stream_has_the_first_heir_that_there_was(work: UnitOfWork) -> None:
    first = work.edge_records.heirs([start("a", "b"), start("a", "c"), start("a", "d", OTHER)])
    assert first == {
        (EDGE, "a"): Heir(stream="b", cloned_ms=None),
        (OTHER, "a"): Heir(stream="d", cloned_ms=None),
    }
    again = work.edge_records.heirs([start("a", "e"), start("x", "y")])
    assert again == {
        (EDGE, "a"): Heir(stream="b", cloned_ms=None),
        (EDGE, "x"): Heir(stream="y", cloned_ms=None),
    }
    assert work.edge_records.heirs([]) == {}


def test_an_edge_is_two_from_when_that_was_last_seen(work: UnitOfWork) -> None:
    work.edge_records.heirs([start("a", "b"), start("x", "y"), start("a", "b", OTHER)])
    assert work.edge_records.cloned() == {}
    for previous, stream, at_ms in (("a", "b", 7), ("x", "y", 5)):
        heir = Heir(stream=stream, cloned_ms=Millis(at_ms))
        work.edge_records.put_heirs({(EDGE, previous): heir})
        assert work.edge_records.heirs([start(previous, "z")]) == {(EDGE, previous): heir}
    assert work.edge_records.cloned() == {EDGE: 7}


def test_tokens_are_counted_by_edge_and_minute(work: UnitOfWork) -> None:
    records = work.edge_records
    records.add_tokens({})
    assert records.all_tokens(0) == {}
    records.add_tokens({(OTHER, 8): Tokens(5, 6), (EDGE, 7): Tokens(1, 2)})
    records.add_tokens({(EDGE, 7): Tokens(3, 0), (EDGE, 8): Tokens(0, 1)})
    assert records.all_tokens(0) == {
        EDGE: {7: Tokens(4, 2), 8: Tokens(0, 1)},
        OTHER: {8: Tokens(5, 6)},
    }
    assert records.tokens([EDGE], 8) == {EDGE: {8: Tokens(0, 1)}}
    assert records.tokens([EDGE, OTHER], 9) == {}
    assert records.tokens([], 0) == {}
    assert records.drop_tokens(8) == 1
    assert records.all_tokens(0) == {EDGE: {8: Tokens(0, 1)}, OTHER: {8: Tokens(5, 6)}}


def test_what_scanners_tried_is_kept_by_scanner_until_it_is_old(work: UnitOfWork) -> None:
    one, other = (EDGE, "usb0"), (OTHER, "usb0")
    assert work.edge_records.hold_guesses({one}, Millis(1)) == {one: Guesses()}
    tried = Guesses(unknown_ms=(Millis(3), Millis(4)), refused_until_ms=9)
    work.edge_records.put_guesses({}, Millis(2))
    work.edge_records.put_guesses({one: tried}, Millis(2))
    assert work.edge_records.hold_guesses({one, other}, Millis(3)) == {one: tried, other: Guesses()}
    assert work.edge_records.drop_guesses(Millis(3)) == 1
    assert work.edge_records.hold_guesses({one}, Millis(4)) == {one: Guesses()}
