from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import PersonId, ProfileId
from tests.server.web.shop import KEY, MINUTE, NOON, SECOND, TEXT, Shop

if TYPE_CHECKING:
    import httpx2

BACKEND = {"Authorization": f"Bearer {KEY}"}


def consent(
    purpose: str = "recognise_in_store", state: str = "given", **more: str
) -> dict[str, str]:
    return {
        "purpose": purpose,
        "state": state,
        "text_version": "2026-1",
        "text_sha256": TEXT,
        "language": "nl",
        **more,
    }


async def ticket(client: httpx2.AsyncClient, **more: Any) -> str:
    answer = await client.post(
        "/v1/app/tickets", json={"profile_id": "p-1", **more}, headers=BACKEND
    )
    assert answer.status_code == 201
    return str(answer.json()["ticket"])


# ------------------------------------------------------------------ tickets


async def test_a_backend_gets_a_ticket_of_five_minutes(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/v1/app/tickets",
        json={"profile_id": "p-1", "external_ids": {"crm": "c-7"}},
        headers=BACKEND,
    )
    assert answer.status_code == 201
    assert answer.json()["ticket"].startswith("sbt_")
    assert answer.json()["expires_at"] == "2026-11-21T12:05:00Z"


async def test_what_a_backend_says_of_a_profile_is_added(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    await ticket(client, external_ids={"crm": "c-7"}, first_name="Noor", language="nl")
    await ticket(client, external_ids={"loyalty": "l-9"})
    with shop.database.read() as work:
        profile = work.people.profiles([ProfileId("p-1")])[ProfileId("p-1")]
        links = work.identity.links([ProfileId("p-1")])[ProfileId("p-1")]
    assert profile.first_name == "Noor"
    assert {(each.kind, each.value) for each in links} == {("crm", "c-7"), ("loyalty", "l-9")}
    assert {(each.source, each.by) for each in links} == {("app_ticket", "app")}


async def test_an_identifier_that_a_guard_refuses_keeps_nobody_from_enrolling(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    answer = await client.post(
        "/v1/app/tickets",
        json={"profile_id": "p-1", "external_ids": {"crm": "c-7", "email_sha256": "null"}},
        headers=BACKEND,
    )
    assert answer.status_code == 201
    (refused,) = answer.json()["refused"]
    assert (refused["kind"], refused["guard"]) == ("email_sha256", "blocked_value")
    with shop.database.read() as work:
        (link,) = work.identity.links([ProfileId("p-1")])[ProfileId("p-1")]
    assert link.value == "c-7"


async def test_a_ticket_needs_an_api_key(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": KEY}, guest.bearer):
        answer = await client.post(
            "/v1/app/tickets", json={"profile_id": "p-1"}, headers=dict(headers)
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_ticket_for_nobody_says_what_is_missing(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/app/tickets", json={}, headers=BACKEND)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "profile_id", "got": "nothing", "allowed": "a value"}
    ]


async def test_an_error_never_repeats_a_value(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/v1/app/tickets",
        json={"profile_id": " secret-name\u0000", "external_ids": {"crm": ["secret-name"]}},
        headers=BACKEND,
    )
    assert answer.status_code == 422
    assert "secret-name" not in answer.text
    fields = {each["field"]: each["got"] for each in answer.json()["errors"]}
    assert fields == {"profile_id": "text of 13 characters", "external_ids.crm": "a list of 1"}


# ------------------------------------------------------------------ enrolments


async def test_a_phone_enrols_with_a_ticket(shop: Shop, client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/v1/app/enrolments",
        json={
            "ticket": await ticket(client),
            "phone_model": "Pixel 9",
            "consents": [consent(), consent("show_to_staff", "withdrawn")],
        },
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    out = answer.json()
    assert out["retailer_uuid"] == shop.site.retailer_uuid
    assert out["prefix"] == "5bb0e111"
    assert len(bytes.fromhex(out["mac_key"])) == 16
    assert len(out["card_ref"]) == 13
    secret = base64.b32decode(out["card_secret"])
    assert len(secret) == 20
    assert out["google_wallet"] == {
        "type": "QR_CODE",
        "valuePattern": f"SB1.{out['card_ref']}.{{totp_timestamp_seconds}}.{{totp_value_0}}",
        "totpDetails": {
            "periodMillis": "30000",
            "algorithm": "TOTP_SHA1",
            "parameters": [{"key": secret.hex().upper(), "valueLength": 8}],
        },
        "alternateText": out["card_ref"],
    }
    assert [each["change"] for each in out["receipt"]["records"]] == ["given", "withdrawn"]
    person = PersonId(out["enrolment_id"])
    with shop.database.read() as work:
        enrolment = work.people.by_device_token(fingerprint(out["device_token"]))
        ledger = work.ledger.entries([person])[person]
    assert enrolment is not None
    assert (enrolment.person, enrolment.profile) == (person, "p-1")
    assert [(entry.purpose, entry.text_sha256, entry.evidence) for entry in ledger] == [
        (Purpose.RECOGNISE_IN_STORE, TEXT, "ticket"),
        (Purpose.SHOW_TO_STAFF, TEXT, "ticket"),
    ]


async def test_a_ticket_is_good_once(client: httpx2.AsyncClient) -> None:
    body = {"ticket": await ticket(client)}
    assert (await client.post("/v1/app/enrolments", json=body)).status_code == 201
    again = await client.post("/v1/app/enrolments", json=body)
    assert again.status_code == 410
    assert again.json()["type"] == "urn:shopbell:problem:ticket-invalid"


async def test_a_ticket_is_good_for_five_minutes(shop: Shop, client: httpx2.AsyncClient) -> None:
    secret = await ticket(client)
    shop.clock.forward(5 * MINUTE)
    assert (await client.post("/v1/app/enrolments", json={"ticket": secret})).status_code == 410


async def test_guessing_tickets_ends(client: httpx2.AsyncClient) -> None:
    body = {"ticket": "sbt_guess"}
    statuses = [(await client.post("/v1/app/enrolments", json=body)).status_code for _ in range(11)]
    assert statuses == [410] * 10 + [429]


async def test_every_consent_is_checked(client: httpx2.AsyncClient) -> None:
    wrong = [
        consent("everything"),
        consent(state="maybe"),
        consent(text_sha256="short"),
        consent(language="Nederlands als het kan"),
        consent(until="tomorrow"),
        consent(text_version="a\u202eb"),
    ]
    answer = await client.post("/v1/app/enrolments", json={"ticket": "sbt_x", "consents": wrong})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [
        "consents[0].purpose",
        "consents[1].state",
        "consents[2].text_sha256",
        "consents[3].language",
        "consents[4].until",
        "consents[5].text_version",
    ]
    assert "'recognise_in_store'" in answer.json()["errors"][0]["allowed"]


async def test_a_purpose_is_named_once(client: httpx2.AsyncClient) -> None:
    body = {"ticket": "sbt_x", "consents": [consent(), consent(state="withdrawn")]}
    answer = await client.post("/v1/app/enrolments", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["got"] == "a list of 2"


# ------------------------------------------------------------------ tokens


async def test_a_phone_gets_seven_days_of_tokens(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    answer = await client.get("/v1/app/tokens", headers=guest.bearer)
    assert answer.status_code == 200
    out = answer.json()
    assert out["power"] == -59
    first = NOON // 900_000
    assert [token["window"] for token in out["tokens"]] == list(range(first, first + 672))
    assert {len(token["id32"]) for token in out["tokens"]} == {8}
    assert {len(token["id64"]) for token in out["tokens"]} == {16}
    assert len({token["id64"] for token in out["tokens"]}) == 672
    with shop.database.read() as work:
        (issued,) = work.people.issued([guest.person])[guest.person]
    assert (issued.first, issued.last) == (first, first + 671)


async def test_no_tokens_without_consent(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome(purposes=[Purpose.SHOW_TO_STAFF])
    answer = await client.get("/v1/app/tokens", headers=guest.bearer)
    assert answer.status_code == 403
    with shop.database.read() as work:
        assert not work.people.issued([guest.person])


async def test_tokens_need_a_device_token(client: httpx2.AsyncClient) -> None:
    for headers in ({}, BACKEND, {"Authorization": "Bearer " + "x" * 200}):
        assert (await client.get("/v1/app/tokens", headers=headers)).status_code == 401


async def test_tokens_wait_for_keys(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    shop.clock.forward(3 * 24 * 60 * MINUTE)
    answer = await client.get("/v1/app/tokens", headers=guest.bearer)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:shopbell:problem:no-day-keys"


# ------------------------------------------------------------------ consents


async def test_a_phone_reads_all_purposes(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    answer = await client.get("/v1/app/consents", headers=guest.bearer)
    assert answer.status_code == 200
    purposes = {each["purpose"]: each for each in answer.json()["purposes"]}
    assert list(purposes) == [purpose.value for purpose in Purpose]
    assert purposes["recognise_in_store"]["active"] is True
    assert purposes["recognise_in_store"]["ends_at"] == "2027-11-21T12:00:00Z"
    assert purposes["show_to_staff"] == {
        "purpose": "show_to_staff",
        "active": False,
        "ends_at": None,
        "ask_again": False,
        "last": None,
    }


async def test_a_phone_turns_a_purpose_on_for_today(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    body = {"consents": [consent("show_to_staff", until="2026-11-21T23:00:00+01:00")]}
    answer = await client.put("/v1/app/consents", json=body, headers=guest.bearer)
    assert answer.status_code == 200
    (record,) = answer.json()["receipt"]["records"]
    assert (record["change"], record["until"]) == ("given", "2026-11-21T22:00:00Z")
    shown = next(each for each in answer.json()["purposes"] if each["purpose"] == "show_to_staff")
    assert (shown["active"], shown["ends_at"]) == (True, "2026-11-21T22:00:00Z")


async def test_withdrawing_is_one_call_and_takes_effect_at_once(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    shop.scan(guest)
    body = {"consents": [consent(state="withdrawn")]}
    answer = await client.put("/v1/app/consents", json=body, headers=guest.bearer)
    assert answer.status_code == 200
    assert not any(each["active"] for each in answer.json()["purposes"])
    assert (await client.get("/v1/app/tokens", headers=guest.bearer)).status_code == 403


async def test_consents_must_name_something(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    answer = await client.put("/v1/app/consents", json={"consents": []}, headers=guest.bearer)
    assert answer.status_code == 422


async def test_consents_need_a_device_token(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/v1/app/consents")).status_code == 401
    body = {"consents": [consent()]}
    assert (await client.put("/v1/app/consents", json=body)).status_code == 401


# ------------------------------------------------------------------ leaving


async def test_leaving_ends_everything(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    path = f"/v1/app/enrolments/{guest.person}"
    assert (await client.delete(path, headers=guest.bearer)).status_code == 204
    assert (await client.get("/v1/app/tokens", headers=guest.bearer)).status_code == 401
    assert (await client.get("/v1/app/consents", headers=guest.bearer)).status_code == 401
    with shop.database.read() as work:
        enrolment = work.people.enrolments([guest.person])[guest.person]
        ledger = work.ledger.entries([guest.person])[guest.person]
    assert enrolment.revoked_ms == NOON
    assert [entry.change for entry in ledger[-len(Purpose) :]] == ["withdrawn"] * len(Purpose)


async def test_leaving_twice_is_leaving_once(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    path = f"/v1/app/enrolments/{guest.person}"
    await client.delete(path, headers=guest.bearer)
    shop.clock.forward(SECOND)
    assert (await client.delete(path, headers=guest.bearer)).status_code == 204
    with shop.database.read() as work:
        assert work.people.enrolments([guest.person])[guest.person].revoked_ms == NOON


async def test_nobody_ends_another_enrolment(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor, ravi = shop.welcome("Noor"), shop.welcome("Ravi")
    answer = await client.delete(f"/v1/app/enrolments/{ravi.person}", headers=noor.bearer)
    assert answer.status_code == 404
    unknown = await client.delete("/v1/app/enrolments/nobody", headers=noor.bearer)
    assert unknown.json() == answer.json()
    assert (await client.delete(f"/v1/app/enrolments/{ravi.person}")).status_code == 401
