"""Rows 5 and 35: an old phone's numbers, and somebody who says that she never consented."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shopbell_server.core.consent.words import STANDARD, VERSION
from tests.server.attacks.scene import Scene, bearer, enrolled, tokens
from tests.server.web.phones.test_phones import BACKEND, consent
from tests.server.web.shop import MINUTE, NOON, TEXT

WINDOW = NOON // 900_000


@pytest.mark.parametrize("how", ["re-installed", "left", "withdrew and came back"])
async def test_what_an_old_phone_sends_is_nobodys_once_there_is_a_new_one(how: str) -> None:
    """A cloned backup has the tokens of seven days; they die with the number that they were made of."""
    scene = Scene()
    async with scene.client() as client:
        before = await enrolled(client)
        stolen = (await tokens(client, before))[WINDOW]
        scene.clock.forward(MINUTE)
        assert scene.air(stolen["id64"], for_ms=MINUTE // 2).events["recognised"] == 1
        now = before
        if how == "withdrew and came back":
            for state in ("withdrawn", "given"):
                body = {"consents": [consent(state=state)]}
                answer = await client.put("/v1/app/consents", json=body, headers=bearer(before))
                assert answer.status_code == 200
                scene.clock.forward(1)
        else:
            path = f"/v1/app/enrolments/{before['enrolment_id']}"
            assert (await client.delete(path, headers=bearer(before))).status_code == 204
            if how == "re-installed":
                now = await enrolled(client)
        scene.clock.forward(MINUTE)
        for frame, token in (("service-data", stolen["id64"]), ("ibeacon", stolen["id32"])):
            taken = scene.air(token, frame=frame, for_ms=MINUTE)  # type: ignore[arg-type]  # by a loop
            assert taken.events["recognised"] == 0
        if how != "left":
            new = (await tokens(client, now))[WINDOW]
            assert new["id64"] != stolen["id64"]
            assert scene.air(new["id64"], for_ms=1_000).events["recognised"] == 1


async def test_a_card_of_before_is_nobodys_either() -> None:
    """A new enrolment has a new card and secret; the old one ended with its enrolment."""
    scene = Scene()
    async with scene.client() as client:
        before = await enrolled(client)
        path = f"/v1/app/enrolments/{before['enrolment_id']}"
        assert (await client.delete(path, headers=bearer(before))).status_code == 204
        now = await enrolled(client)
    for secret in ("device_token", "mac_key", "card_ref", "card_secret"):
        assert before[secret] != now[secret]


async def test_who_says_that_she_never_consented_can_be_shown_when_and_to_which_text() -> None:
    """Receipts, what her phone may ask for at any time, the export: version, time and hash of each text."""
    scene = Scene()
    async with scene.client() as client:
        guest = await enrolled(client)
        scene.clock.forward(MINUTE)
        body = {"consents": [consent("show_to_staff", "withdrawn")]}
        changed = await client.put("/v1/app/consents", json=body, headers=bearer(guest))
        standing = await client.get("/v1/app/consents", headers=bearer(guest))
        order = {"profile_id": "p-1"}
        ticket = await client.post("/v1/app/tickets", json=order, headers=BACKEND)
        proof = {**bearer(guest), "Shopbell-Ticket": ticket.json()["ticket"]}
        exported = (await client.get("/v1/me/export", headers=proof)).json()
    (takeout,) = exported["exports"]
    assert [(each["purpose"], each["change"]) for each in takeout["consents"]] == [
        ("recognise_in_store", "given"),
        ("show_to_staff", "given"),
        ("show_to_staff", "withdrawn"),
    ]
    assert all(shows_what_she_read(each) and each["at"] for each in takeout["consents"])
    for receipt, purposes in (
        (guest["receipt"], {"recognise_in_store", "show_to_staff"}),
        (changed.json()["receipt"], {"show_to_staff"}),
    ):
        assert {each["purpose"] for each in receipt["records"]} == purposes
        assert all(shows_what_she_read(each) for each in receipt["records"])
    said = {each["purpose"]: each["last"] for each in standing.json()["purposes"] if each["last"]}
    assert {name: last["change"] for name, last in said.items()} == {
        "recognise_in_store": "given",
        "show_to_staff": "withdrawn",
    }
    assert said["recognise_in_store"]["at"] == "2026-11-21T12:00:00Z"
    assert said["show_to_staff"]["at"] == "2026-11-21T12:01:00Z"
    assert all(shows_what_she_read(each) for each in said.values())


def shows_what_she_read(record: dict[str, Any]) -> bool:
    return (record["text_version"], record["text_sha256"], record["language"]) == (
        "2026-1",
        TEXT,
        "nl",
    )


@pytest.mark.parametrize("complete", [True, False], ids=["texts_file", "shipped"])
async def test_nobody_agrees_to_a_text_that_there_never_was(*, complete: bool) -> None:
    """An app names a hash of its own making: the retailer could never show what she agreed to."""
    scene = Scene()
    site = replace(scene.services.site, texts=replace(STANDARD, complete=complete))
    scene.services = replace(scene.services, site=site)
    async with scene.client() as client:
        order = {"profile_id": "p-1"}
        made = await client.post("/v1/app/tickets", json=order, headers=BACKEND)
        forged = consent(text_version="2026-1" if complete else VERSION, text_sha256="ab" * 32)
        body = {"ticket": made.json()["ticket"], "consents": [forged]}
        refused = await client.post("/v1/app/enrolments", json=body)
        assert refused.status_code == 422
        (fault,) = refused.json()["errors"]
        assert fault["field"] == "consents[0].text_sha256"
        assert "GET /v1/app/consent-texts" in fault["allowed"]
        # The ticket is still good, and what she is shown counts.
        shown = (await client.get("/v1/app/consent-texts")).json()["texts"][0]
        read = consent(text_version=shown["text_version"], text_sha256=shown["text_sha256"])
        guest = (await client.post("/v1/app/enrolments", json={**body, "consents": [read]})).json()
        again = await client.put(
            "/v1/app/consents", json={"consents": [forged]}, headers=bearer(guest)
        )
        assert again.status_code == 422
        # Taking it back needs no text.
        off = {"consents": [{**forged, "state": "withdrawn"}]}
        assert (
            await client.put("/v1/app/consents", json=off, headers=bearer(guest))
        ).status_code == 200
