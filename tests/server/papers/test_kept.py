from __future__ import annotations

import shopbell_server.db.unit_of_work  # noqa: F401  # it knows every table there is
from shopbell_server.core.visit_rules import VisitRules
from shopbell_server.db.columns import METADATA
from shopbell_server.papers.kept import OF_NOBODY, kept
from shopbell_server.papers.shared_words import ADVISED, KEPT


def test_the_papers_speak_of_every_table() -> None:
    there = set(METADATA.tables)
    spoken_of = [name for each in kept(VisitRules()) for name in each.tables]
    assert len(spoken_of) == len(set(spoken_of))
    assert not OF_NOBODY & set(spoken_of)
    assert there == OF_NOBODY | set(spoken_of), "say in papers/kept.py what a new table keeps"


def test_every_kind_of_data_has_words_and_an_advice_where_nobody_deletes_it() -> None:
    rows = kept(VisitRules())
    assert {each.what for each in rows} == set(KEPT)
    assert {each.what for each in rows if each.open} == set(ADVISED)
