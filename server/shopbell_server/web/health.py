"""`/healthz`, `/readyz`, `/metrics`: what operators and their machines ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel

from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.web.access.who import Here
from shopbell_server.web.services import parts

if TYPE_CHECKING:
    from shopbell_server.web.services import Services

routes: Final = APIRouter(tags=["operator"])


class HealthOut(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyOut(BaseModel):
    """Whether this process can do its work, and what is in the way, by name."""

    ready: bool
    problems: dict[str, str]


@routes.get("/healthz")
async def get_health() -> HealthOut:
    """Say that the process is alive; whether it can work is `/readyz`'s to say."""
    return HealthOut()


@routes.get("/readyz", responses={503: {"model": ReadyOut}})
def get_ready(here: Here, response: Response) -> ReadyOut:
    """Return 200 when everything that the work needs is there, 503 with what is missing otherwise."""
    problems = {part: text for part, text in parts(here).items() if text is not None}
    if problems:
        response.status_code = 503
    return ReadyOut(ready=not problems, problems=problems)


@routes.get("/metrics", response_class=Response)
def get_metrics(here: Here) -> Response:
    """Return the metrics of this process as Prometheus reads them. No label carries a person."""
    text = generate_latest(here.metrics) + _ready(here) + _open_visits(here)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _ready(here: Services) -> bytes:
    """Return what `/readyz` says, for alarms: to Prometheus, whoever answers is up."""
    asked = CollectorRegistry()
    ready = Gauge(
        "shopbell_ready", "1 if this part can be worked with, else 0.", ["part"], registry=asked
    )
    for part, text in parts(here).items():
        ready.labels(part).set(text is None)
    return generate_latest(asked)


def _open_visits(here: Services) -> bytes:
    """Return how many visits are open; nothing while the database cannot say."""
    asked = CollectorRegistry()
    try:
        with here.database.read() as work:
            Gauge("shopbell_visits_open", "Visits that have not ended.", registry=asked).set(
                work.visits.open_count()
            )
    except (DatabaseLostError, DatabaseBusyError):
        return b""
    return generate_latest(asked)
