"""Customers and their phones: they enrol over HTTP, as an app does, and advertise what they were given.

Frames are the simulator's, which are written from the specification and not after the edge's reader.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx2

from shopbell_server.core.ids import CardRef
from shopbell_server.core.recognition.passes import pass_text
from shopbell_sim.core import advert
from tests.e2e.shop import PREFIX, RETAILER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from tests.e2e.shop import Shop

ALL: Final = ("recognise_in_store", "show_to_staff", "greet_by_name", "share_with_cdp")
NAMELESS: Final = ("recognise_in_store", "show_to_staff", "share_with_cdp")

TEXT: Final = hashlib.sha256(b"May we?").hexdigest()
POWER_DBM: Final = -59

Frame = Literal["ibeacon", "service-data", "service-uuid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who enrolled; `crm` is what the CDP calls her."""

    name: str
    crm: str
    enrolment: dict[str, Any] = field(repr=False)
    tokens: dict[int, dict[str, Any]] = field(repr=False)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.enrolment['device_token']}"}

    @property
    def person(self) -> str:
        person: str = self.enrolment["enrolment_id"]
        return person

    def token(self, now_s: float) -> dict[str, Any]:
        return self.tokens[int(now_s // 900)]

    def pass_text(self, ago_s: float = 0) -> str:
        """Return what her pass said so many seconds ago."""
        secret = base64.b32decode(self.enrolment["card_secret"])
        return pass_text(CardRef(self.enrolment["card_ref"]), secret, int(time.time() - ago_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A customer's phone on the air, with one of the frames."""

    customer: Customer
    frame: Frame
    address: str

    def ad(self) -> bytes:
        """Return what it advertises now."""
        now_s = time.time()
        token = self.customer.token(now_s)
        id64 = token["id64"]
        match self.frame:
            case "ibeacon":
                return advert.ibeacon(RETAILER, token["id32"], POWER_DBM).payload
            case "service-data":
                return advert.service_data(RETAILER, id64, POWER_DBM).payload
            case "service-uuid":
                mac = self._mac(id64, int(now_s // 60))
                return advert.service_uuid(PREFIX, id64, mac).payload

    def _mac(self, id64: str, minute: int) -> str:
        key = bytes.fromhex(self.customer.enrolment["mac_key"])
        text = b"shopbell1|u128" + bytes.fromhex(id64) + minute.to_bytes(4)
        return hmac.digest(key, text, "sha256")[:4].hex()


class App:
    """The retailer's app and its backend."""

    def __init__(self, shop: Shop) -> None:
        self._client = httpx2.AsyncClient(base_url=shop.url, timeout=20, trust_env=False)
        self._numbers = count(1)
        self._key = {"Authorization": f"Bearer {shop.api_key}"}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def enrol(
        self, name: str, purposes: Iterable[str] = ALL, *, language: str = "en"
    ) -> Customer:
        """Enrol somebody new who allows `purposes`; fetch her tokens, if she may have any."""
        crm = f"crm-{next(self._numbers)}"
        ticket = await self._ask(
            "POST",
            "tickets",
            self._key,
            {
                "profile_id": f"profile-{crm}",
                "external_ids": {"crm": crm},
                "first_name": name,
                "language": language,
            },
        )
        enrolment = await self._ask(
            "POST",
            "enrolments",
            {},
            {
                "ticket": ticket["ticket"],
                "phone_model": "Pixel 9",
                "consents": [_said(purpose, "given") for purpose in purposes],
            },
        )
        customer = Customer(name=name, crm=crm, enrolment=enrolment, tokens={})
        if "recognise_in_store" in purposes:
            batch = await self._ask("GET", "tokens", customer.bearer)
            customer.tokens.update((each["window"], each) for each in batch["tokens"])
        return customer

    async def withdraw(self, customer: Customer, purpose: str = "recognise_in_store") -> None:
        """Turn one of her purposes off."""
        body = {"consents": [_said(purpose, "withdrawn")]}
        await self._ask("PUT", "consents", customer.bearer, body)

    async def register(self, customer: Customer, fixed_id: str) -> None:
        """Give her a fob."""
        await self._ask("POST", "fixed-ids", customer.bearer, {"id": fixed_id})

    async def page_link(self, customer: Customer) -> str:
        """Return a link to her own page."""
        link: str = (await self._ask("POST", "me-link", customer.bearer))["url"]
        return link

    async def leave(self, customer: Customer) -> None:
        """End her enrolment."""
        await self._ask("DELETE", f"enrolments/{customer.person}", customer.bearer)

    async def is_refused_tokens(self, customer: Customer) -> bool:
        """Return whether the server issues her none."""
        answer = await self._client.get("/v1/app/tokens", headers=customer.bearer)
        return answer.status_code in {401, 403}

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], body: object = None
    ) -> dict[str, Any]:
        answer = await self._client.request(method, f"/v1/app/{path}", headers=headers, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code}"
        parsed: dict[str, Any] = answer.json() if answer.content else {}
        return parsed


def _said(purpose: str, state: str) -> dict[str, str]:
    return {
        "purpose": purpose,
        "state": state,
        "text_version": "2026-1",
        "text_sha256": TEXT,
        "language": "nl",
    }
