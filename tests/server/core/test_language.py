from __future__ import annotations

from shopbell_server.core.language import DOCUMENT_LANGUAGES, N_, NN_, SOURCE


def test_marking_a_text_changes_nothing() -> None:
    assert N_("Sign out") == "Sign out"
    assert NN_("{n} guest", "{n} guests") == ("{n} guest", "{n} guests")


def test_documents_are_written_in_the_language_of_the_sources_too() -> None:
    assert SOURCE in DOCUMENT_LANGUAGES
