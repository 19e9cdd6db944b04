"""The lying provider and ours, for every test here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rigs.lying_provider import (
    LyingProvider,
)
from tests.server.web.shop import SetClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.web.access.oidc.provider import (
        OidcProvider,
    )

from tests.server.web.access.oidc.believing import ATTEMPT, provider_at


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def lying(clock: SetClock) -> Iterator[LyingProvider]:
    with LyingProvider(lambda: clock.ms // 1000) as provider:
        provider.nonce = ATTEMPT.nonce
        yield provider


@pytest.fixture
def provider(lying: LyingProvider, clock: SetClock) -> OidcProvider:
    return provider_at(lying.issuer, clock)
