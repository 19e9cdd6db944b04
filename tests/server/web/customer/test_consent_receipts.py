"""The receipt of a customer's consents: what the standard wants to be said, and the text that she read."""

from __future__ import annotations

from dataclasses import replace

import httpx2

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.privacy_notice import Notice
from shopbell_server.core.consent.words import STANDARD
from shopbell_server.web.customer.consent_receipts import SCHEMA
from tests.server.web.conftest import HOST
from tests.server.web.customer.test_me import OWN, entered
from tests.server.web.shop import MINUTE, Shop


async def test_the_receipt_says_what_the_standard_wants() -> None:
    shop = Shop()
    notice = Notice(
        controller="De Gracht B.V.",
        address="Kalverstraat 92",
        contact="privacy@degracht.example",
        dpo="dpo@degracht.example",
        page="https://degracht.example/privacy",
        stored_in="Nederland",
        jurisdiction="NL",
        recipients={"cdp": "Example CDP, processor, NL"},
    )
    shop.services = replace(shop.services, site=replace(shop.site, notice=notice))
    noor = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP])
    shop.clock.forward(MINUTE)
    shop.say(noor, Purpose.SHARE_WITH_CDP, given=False)
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as other:
        answer = await other.get("/v1/me/receipt", headers=noor.bearer)
    receipt = answer.json()
    assert receipt["schema_version"] == SCHEMA
    assert receipt["pii_principal_id"] == noor.person
    assert (receipt["jurisdiction"], receipt["privacy_notice"]) == (
        "NL",
        "https://degracht.example/privacy",
    )
    assert f"{HOST}/me" in receipt["withdrawal_method"]
    assert [party["party_role"] for party in receipt["parties"]] == [
        "pii_controller",
        "data_protection_officer",
        "recipient",
    ]
    recognise, share = receipt["pii_processing"]
    assert (recognise["purpose"], recognise["state"], recognise["lawful_basis"]) == (
        "recognise_in_store",
        "given",
        "consent",
    )
    assert recognise["storage_locations"] == ["Nederland"]
    assert recognise["recipient_third_parties"] == []
    assert share["recipient_third_parties"] == ["recipient:cdp"]
    given, withdrawn = share["events"]
    assert (given["event_state"], given["place"], given["evidence"]) == ("given", "app", "ticket")
    assert given["valid_until"].startswith("2027-11-21")
    assert (withdrawn["event_state"], withdrawn["valid_until"]) == ("withdrawn", None)
    assert withdrawn["consent_text"]["text"] is None  # the app showed a text that is not ours


async def test_a_receipt_shows_the_text_that_she_read_at_her_page(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[])
    await entered(client, noor)
    text = STANDARD.of(Purpose.RECOGNISE_IN_STORE, "nl")
    form = {
        "purpose": text.purpose.value,
        "state": "on",
        "text_sha256": text.sha256,
        "text_language": "nl",
    }
    await client.post("/me/consents", data=form, headers=OWN)
    download = await client.get("/me/receipt")
    assert "attachment" in download.headers["content-disposition"]
    (processing,) = download.json()["pii_processing"]
    (event,) = processing["events"]
    assert (event["place"], event["evidence"]) == ("pass_page", "page_session")
    assert event["consent_text"] == {
        "version": text.version,
        "sha256": text.sha256,
        "language": "nl",
        "title": text.title,
        "text": text.text,
    }
