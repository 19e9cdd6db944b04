from __future__ import annotations

from pathlib import Path

import pytest

from shopbell_program.settings import SettingsError
from shopbell_server.config.consent_texts import faults_of_texts, read_texts
from shopbell_server.config.responsible import Privacy, texts_for
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.words import STANDARD

EXAMPLE = Path(__file__).parents[3] / "deploy" / "server" / "consent-texts.toml"


def written(folder: Path, *, without: str = "", version: str = '"2026-11"') -> str:
    tables = [f"version = {version}"]
    for purpose in Purpose:
        tables += [
            f'[{purpose}.{language}]\ntitle = "T {purpose}"\ntext = "Why: {purpose}."'
            for language in ("nl", "en")
            if f"{purpose}.{language}" != without
        ]
    path = folder / "texts.toml"
    path.write_text("\n".join(tables))
    return str(path)


def test_a_retailer_may_have_other_texts(tmp_path: Path) -> None:
    texts = read_texts(written(tmp_path))
    text = texts.of(Purpose.MESSAGES, "nl")
    assert (text.version, text.title, text.text) == ("2026-11", "T messages", "Why: messages.")
    assert list(faults_of_texts("privacy.texts_file", written(tmp_path))) == []


def test_the_example_says_what_is_shipped() -> None:
    assert read_texts(str(EXAMPLE)) == STANDARD


def test_without_a_file_there_is_nothing_wrong() -> None:
    assert list(faults_of_texts("privacy.texts_file", None)) == []


@pytest.mark.parametrize(
    ("without", "version", "problem"),
    [
        ("messages.en", '"1"', "messages.en: missing"),
        ("", "1", "version"),
        ("", '""', "version"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, without: str, version: str, problem: str
) -> None:
    path = written(tmp_path, without=without, version=version)
    (fault,) = faults_of_texts("privacy.texts_file", path)
    assert fault.key == "privacy.texts_file"
    assert f'in "{path}": {problem}' in fault.problem
    with pytest.raises(SettingsError):
        read_texts(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    (fault,) = faults_of_texts("privacy.texts_file", str(tmp_path / "none.toml"))
    assert "none.toml" in fault.problem


def test_texts_of_the_app_and_of_before_are_known_too(tmp_path: Path) -> None:
    path = Path(written(tmp_path))
    more = 'purpose = "messages"\nlanguage = "de"\nversion = "2025"\ntitle = "Nachrichten"\ntext = "Ja?"'
    path.write_text(f"{path.read_text()}\n[[app]]\n{more}\n")
    (text,) = read_texts(str(path)).more
    assert (text.purpose, text.language, text.version) == (Purpose.MESSAGES, "de", "2025")
    texts = texts_for(Privacy(texts_file=str(path)))
    assert texts.complete
    assert texts.why_unknown(text.purpose, text.version, text.sha256) is None
    assert not texts_for(None).complete
