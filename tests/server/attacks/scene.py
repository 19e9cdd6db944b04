"""A shop that is asked over HTTP and whose edges speak: an attack goes the whole way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from shopbell_server.core.ids import EdgeId, Millis, ZoneId
from shopbell_server.core.registry import Edge
from shopbell_server.crypto import aes_block
from shopbell_server.usecases.intake.take import Intake
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_wire.messages import Loss, Presence
from tests.server.usecases.floor import SECOND, batch, synced
from tests.server.web.phones.test_phones import BACKEND, consent
from tests.server.web.shop import AMS, UTR, Shop

if TYPE_CHECKING:
    from shopbell_server.usecases.intake.take import Taken
    from shopbell_wire.messages import Frame

DOOR, FAR_DOOR = "ams01-door", "utr01-door"
HOST = "https://board.test"


class Scene(Shop):
    """A shop with an edge in each of its two stores."""

    def __init__(self) -> None:
        super().__init__()
        with self.database.begin() as work:
            for edge, store in ((DOOR, AMS), (FAR_DOOR, UTR)):
                zones = {"*": ZoneId("entrance")}
                work.registry.put_edge(Edge(id=EdgeId(edge), store=store, active=True, zones=zones))
            work.commit()
        terms = Terms(rules=self.rules, sinks=tuple(self.site.sinks))
        self.intake = Intake(self.database, self.entropy, aes_block, terms)

    def client(self) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app())
        return httpx2.AsyncClient(transport=transport, base_url=HOST)

    def air(
        self, token: str, *, frame: Frame = "service-data", edge: str = DOOR, for_ms: int
    ) -> Taken:
        """Let an edge hear a token for so long until now."""
        now_ms = self.clock.now_ms()
        heard = Presence(
            scanner="hci0",
            frame=frame,
            token=token,
            phase="entered",
            first_ms=now_ms - for_ms,
            last_ms=now_ms - SECOND,
            n=20,
            loss_db=Loss(median=14.0, p10=11.0, last=13.0),
            reason="3 in 10 s",
        )
        stream = self.entropy.token(16).hex()
        message = batch(heard, edge=edge, stream=stream, clock=synced(now_ms))
        return self.intake.take([message], Millis(now_ms))


async def enrolled(client: httpx2.AsyncClient, profile: str = "p-1", **more: Any) -> dict[str, Any]:
    """Return what a phone gets that enrols and lets itself be recognised."""
    order = {"profile_id": profile, "first_name": "Noor"}
    ticket = (await client.post("/v1/app/tickets", json=order, headers=BACKEND)).json()["ticket"]
    body = {"ticket": ticket, "consents": [consent(), consent("show_to_staff")], **more}
    answer = await client.post("/v1/app/enrolments", json=body)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def bearer(enrolment: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {enrolment['device_token']}"}


async def tokens(client: httpx2.AsyncClient, enrolment: dict[str, Any]) -> dict[int, Any]:
    """Return what the phone is to send, by window."""
    answer = await client.get("/v1/app/tokens", headers=bearer(enrolment))
    assert answer.status_code == 200
    return {each["window"]: each for each in answer.json()["tokens"]}
