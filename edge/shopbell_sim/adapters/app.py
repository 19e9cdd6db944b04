"""The retailer's app, its backend and its tills, as the server sees them: HTTP.

Owns: requests of `/v1/app/…` and `/v1/pos/…`, and what their answers mean.
Never: which person or when (`shop`); nor prints a secret.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import httpx2
import msgspec

from shopbell_sim.adapters.app_error import AppError
from shopbell_sim.core.phone import Identity, Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_sim.core.plan import Person, Purpose

T = TypeVar("T")

WITHIN_S: Final = 20.0
"""For one answer; a laptop that starts everything at once is slow for a moment."""

PATIENCE: Final = 20
"""Times that a server may say that it is asked too often: it says in how many seconds to ask again."""

CONSENT_TEXT: Final = "Shopbell demo: may this shop recognise your phone? Version 1."
"""What the simulated customers have read. Its digest goes with every consent."""


BASKET: Final = {"lines": [{"sku": "demo", "quantity": 1, "amount": "24.95"}], "total": "24.95"}
"""What everybody buys: the server keeps none of it."""


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """What an enrolment gave the phone: the answer of `POST /v1/app/enrolments`."""

    enrolment_id: str
    device_token: str
    mac_key: str
    card_ref: str
    card_secret: str
    retailer_uuid: str
    prefix: str

    def __repr__(self) -> str:
        return f"Enrolled({self.enrolment_id})"

    @property
    def pass_secret(self) -> bytes:
        """The TOTP secret of her pass."""
        return base64.b32decode(self.card_secret)


class _Token(msgspec.Struct):
    window: int
    id32: str
    id64: str


class _Tokens(msgspec.Struct):
    power: int
    tokens: list[_Token]


class _Ticket(msgspec.Struct):
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A switch that she turned."""

    purpose: Purpose
    given: bool = field(default=True)


class App:
    """Speaks to one server. Close it, or use it as a context."""

    def __init__(self, server: str, api_key: str | None = None) -> None:
        """`api_key` is the backend's and the tills'; phones alone need none."""
        self._api_key = api_key
        self._client = httpx2.AsyncClient(base_url=server, timeout=WITHIN_S, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def enrol(self, person: Person) -> Enrolled:
        """Enrol a phone of `person`, with the consents that she gives."""
        order = {
            "profile_id": person.who,
            "external_ids": {"crm": f"crm-{person.who}"},
            "first_name": person.first_name,
            "language": person.language,
        }
        ticket = await self._ask("POST", "app/tickets", _Ticket, self._api_key, order)
        body = {
            "ticket": ticket.ticket,
            "phone_model": person.phone.name,
            "consents": _consents(
                (Said(purpose=purpose) for purpose in sorted(person.gives)), person.language
            ),
        }
        return await self._ask("POST", "app/enrolments", Enrolled, None, body)

    async def identity(self, enrolled: Enrolled) -> Identity | None:
        """Fetch tokens; None where she does not let herself be recognised."""
        answer = await self._send("GET", "app/tokens", enrolled.device_token, None)
        if answer.status_code == httpx2.codes.FORBIDDEN:
            return None
        found = _read(answer, "GET", "app/tokens", _Tokens)
        return Identity(
            retailer_uuid=enrolled.retailer_uuid,
            prefix=enrolled.prefix,
            power_dbm=found.power,
            mac_key=bytes.fromhex(enrolled.mac_key),
            tokens={each.window: Token(id32=each.id32, id64=each.id64) for each in found.tokens},
        )

    async def register(self, enrolled: Enrolled, fixed_id: str) -> None:
        """Register a fob, by the hexadecimal digits that it sends."""
        answer = await self._send("POST", "app/fixed-ids", enrolled.device_token, {"id": fixed_id})
        _checked(answer, "POST", "app/fixed-ids")

    async def turn(self, enrolled: Enrolled, said: Iterable[Said], language: str) -> None:
        """Turn purposes on or off."""
        body = {"consents": _consents(said, language)}
        answer = await self._send("PUT", "app/consents", enrolled.device_token, body)
        _checked(answer, "PUT", "app/consents")

    async def pay(self, enrolled: Enrolled, *, store: str, till: str, at_s: float) -> None:
        """Send the receipt of what she paid at a till, with her card."""
        receipt = {
            "receipt_id": str(uuid.uuid4()),
            "store": store,
            "till": till,
            "at": datetime.fromtimestamp(at_s, UTC).isoformat(),
            "card": enrolled.card_ref,
            **BASKET,
        }
        answer = await self._send("POST", "pos/receipts", self._api_key, receipt)
        _checked(answer, "POST", "pos/receipts")

    async def _ask(
        self, method: str, path: str, kind: type[T], secret: str | None, body: object
    ) -> T:
        return _read(await self._send(method, path, secret, body), method, path, kind)

    async def _send(
        self, method: str, path: str, secret: str | None, body: object
    ) -> httpx2.Response:
        headers: Mapping[str, str] = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        for _ in range(PATIENCE):
            answer = await self._once(method, path, headers, body)
            if answer.status_code != httpx2.codes.TOO_MANY_REQUESTS:
                return answer
            await asyncio.sleep(int(answer.headers["retry-after"]))
        return await self._once(method, path, headers, body)

    async def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: object
    ) -> httpx2.Response:
        try:
            return await self._client.request(method, f"/v1/{path}", headers=headers, json=body)
        except httpx2.HTTPError as error:
            raise AppError(
                f"{method} /v1/{path}: no answer from {self._client.base_url} "
                f"({type(error).__name__}). Is the server running there?"
            ) from error


def _consents(said: Iterable[Said], language: str) -> list[dict[str, Any]]:
    digest = hashlib.sha256(CONSENT_TEXT.encode()).hexdigest()
    return [
        {
            "purpose": each.purpose,
            "state": "given" if each.given else "withdrawn",
            "text_version": "demo-1",
            "text_sha256": digest,
            "language": language,
        }
        for each in said
    ]


def _read(answer: httpx2.Response, method: str, path: str, kind: type[T]) -> T:
    _checked(answer, method, path)
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as error:
        raise AppError(f"{method} /v1/{path}: the answer is not as specified: {error}") from error


def _checked(answer: httpx2.Response, method: str, path: str) -> None:
    if answer.is_success:
        return
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    why = problem.get("detail") or problem.get("title") or answer.reason_phrase
    raise AppError(f"{method} /v1/{path}: {answer.status_code}: {why}")
