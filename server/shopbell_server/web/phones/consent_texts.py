"""`/v1/app/consent-texts`: what an app shows before somebody allows something.

Owns: the form of the answer.
Never: the texts (`core.consent.words`, or the retailer's file).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from shopbell_server.core.access.request_limits import Limit
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.web.access.who import Buckets, Here, peer
from shopbell_server.web.phones.enrolling import PROBLEMS

routes: Final = APIRouter(prefix="/v1/app", tags=["app"], responses=PROBLEMS)


class ConsentTextOut(BaseModel):
    """What she reads about one purpose, and what `consents[]` says of it when she agrees."""

    purpose: Purpose
    title: str
    text: str
    text_version: str
    text_sha256: str
    """SHA-256 of title, line break and text in UTF-8."""


class ConsentTextsOut(BaseModel):
    """The texts of all purposes, in the order in which to show them."""

    language: Literal["nl", "en"]
    texts: list[ConsentTextOut]


@routes.get("/consent-texts")
def get_consent_texts(
    request: Request,
    here: Here,
    buckets: Buckets,
    language: Annotated[Literal["nl", "en"], Query()] = "nl",
) -> ConsentTextsOut:
    """Return the texts of consents. No credential is needed: she reads them before she enrols."""
    buckets.draw(Limit.STRANGERS, peer(request))
    texts = [here.site.texts.of(purpose, language) for purpose in Purpose]
    return ConsentTextsOut(
        language=language,
        texts=[
            ConsentTextOut(
                purpose=each.purpose,
                title=each.title,
                text=each.text,
                text_version=each.version,
                text_sha256=each.sha256,
            )
            for each in texts
        ],
    )
