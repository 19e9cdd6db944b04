"""Whether the provider is there that staff sign in at, and what it says of itself.

Owns: the one question, and how far two clocks are apart.
Never: a judgement (`core.doctor.accounts`).
"""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from shopbell_server.assembly import provider_of
from shopbell_server.core.doctor.accounts import Seen, accounts, no_accounts
from shopbell_server.ports.provider import NotBelievedError, ProviderAwayError
from shopbell_server.system import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.config.settings import Settings
    from shopbell_wire.messages import Finding


def work_accounts(settings: Settings) -> Iterator[Finding]:
    """Yield how signing in with work accounts does; nothing where nobody does."""
    oidc, origin = settings.oidc, settings.http.origin
    if oidc is None or origin is None:
        return
    clock = SystemClock()
    provider = provider_of(oidc, origin, clock)
    try:
        _, keys, date = asyncio.run(provider.examined())
    except ProviderAwayError as error:
        yield no_accounts(str(error), away=True)
    except NotBelievedError as error:
        yield no_accounts(str(error), away=False)
    else:
        ahead_ms = _ahead_ms(date, clock.now_ms())
        yield accounts(Seen(host=provider.host, keys=len(keys), ahead_ms=ahead_ms))


def _ahead_ms(date: str, now_ms: int) -> int | None:
    """Return how far this machine is ahead of an HTTP date, which has whole seconds."""
    try:
        return now_ms - int(parsedate_to_datetime(date).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
