from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.config.responsible import (
    LONGEST_PAGE,
    Privacy,
    blanks,
    faults_of_privacy,
    notice_of,
    texts_for,
)
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.privacy_notice import Notice
from shopbell_server.core.consent.words import STANDARD
from tests.server.config.test_consent_texts import written

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = Privacy(
    controller="De Gracht B.V.",
    address="Kalverstraat 92",
    contact="privacy@degracht.example",
    dpo="none",
    page="https://degracht.example/privacy",
    stored_in="Nederland",
    recipients={"cdp": "Example CDP"},
)


def test_what_is_whole_lacks_nothing() -> None:
    assert list(faults_of_privacy(WHOLE, ["cdp"])) == []
    assert list(blanks(WHOLE, ["cdp"])) == []
    assert list(blanks(WHOLE, ["cdp", "archive"])) == ["privacy.recipients.archive"]


def test_without_a_table_all_of_it_is_missing() -> None:
    names = ("controller", "address", "contact", "dpo", "page", "stored_in")
    assert list(blanks(None, [])) == [f"privacy.{name}" for name in names]


@pytest.mark.parametrize(
    "page",
    [
        "http://shop.example/privacy",
        "shop.example/privacy",
        "https://",
        "https://eva@shop.example/",
        "https://[/",
        "https://shop.example:99999/",
        "https://winkel.example/privé",
        'https://shop.example/"',
        "https://shop.example/" + "p" * LONGEST_PAGE,
    ],
)
def test_a_page_that_a_sign_cannot_lead_to_is_refused(page: str) -> None:
    [fault] = faults_of_privacy(Privacy(page=page), [])
    assert fault.key == "privacy.page"
    assert 'write "https://shop.example/privacy"' in fault.problem


def test_a_recipient_that_is_no_sink_is_refused() -> None:
    [fault] = faults_of_privacy(Privacy(recipients={"cpd": "Example"}), ["cdp"])
    assert str(fault) == 'privacy.recipients.cpd: there is no sink "cpd"; there is: cdp'
    [fault] = faults_of_privacy(Privacy(recipients={"cpd": "Example"}), [])
    assert "there is: none" in str(fault)


def test_a_customer_is_told_what_the_settings_say() -> None:
    assert notice_of(None) == Notice()
    notice = notice_of(WHOLE)
    assert (notice.controller, notice.dpo, notice.jurisdiction) == ("De Gracht B.V.", None, None)
    assert notice.recipients == {"cdp": "Example CDP"}


def test_a_retailer_may_bring_texts_of_its_own(tmp_path: Path) -> None:
    assert texts_for(None) is STANDARD
    own = Privacy(texts_file=written(tmp_path))
    assert texts_for(own).of(Purpose.MESSAGES, "nl").version == "2026-11"
    assert list(faults_of_privacy(own, [])) == []
    (fault,) = faults_of_privacy(Privacy(texts_file=str(tmp_path / "none")), [])
    assert fault.key == "privacy.texts_file"
