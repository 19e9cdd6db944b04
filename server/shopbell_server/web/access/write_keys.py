"""Who sends events of another channel: Segment's libraries present their write key in several ways.

Owns: where a key may stand, and what each of its kinds may be.
Never: what it may say (`usecases.channels`).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from shopbell_server.core.access.api_keys import Scope
from shopbell_server.core.access.credentials import MOST_CHARACTERS, fingerprint
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.usecases.channels.take import Sender
from shopbell_server.usecases.staff.api_keys import key_of
from shopbell_server.web.access.who import peer
from shopbell_server.web.http.problems import ProblemError

if TYPE_CHECKING:
    from fastapi import Request

    from shopbell_server.web.http.limits import Limits
    from shopbell_server.web.services import Services


def sender_of(request: Request, here: Services, buckets: Limits, in_body: str | None) -> Sender:
    """Let in whoever has a key of a channel or of a browser. `in_body` is the `writeKey` of the body.

    As the user name of Basic auth, as a bearer's, or in the body; what the header says goes first.
    A browser's key is everybody's: its requests are counted by who sends them.
    """
    secret = _presented(request) or in_body or ""
    key = None
    if 0 < len(secret) <= MOST_CHARACTERS:
        key = key_of(here.database, secret, here.clock.now_ms())
    if key is None:
        buckets.draw(Limit.REFUSED, peer(request))
        raise ProblemError(401, "unauthorized", "This needs a write key that is valid here.")
    if Scope.CHANNEL in key.scopes:
        buckets.draw(Limit.API_KEY, fingerprint(secret))
        return Sender(name=key.name, is_server=True)
    if Scope.BROWSER in key.scopes:
        buckets.draw(Limit.STRANGERS, peer(request))
        return Sender(name=key.name, is_server=False)
    detail = (
        "This API key is no write key. `shopbell-server keys create NAME --kind channel` makes one for a "
        "server, `--kind browser` one for pages."
    )
    raise ProblemError(403, "scope-needed", detail)


def _presented(request: Request) -> str | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            try:
                pair = base64.b64decode(given.strip(), validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return None
            return pair.partition(":")[0]
        case _:
            return None
