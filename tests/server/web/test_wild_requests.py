"""Every route is asked with whatever JSON can say, with every kind of credential and with none.

The answer may be a refusal, but never a fault of ours, a traceback, or a secret that was sent.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
from dataclasses import replace
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from shopbell_server.core.access.allowance import Allowance
from shopbell_server.core.access.request_limits import Allowances, Limit
from shopbell_server.core.ids import TenantId
from shopbell_server.core.recognition.fixed_ids import marker
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from shopbell_server.web.http.door import TRACKING_PATHS
from tests.server.web.conftest import HOST
from tests.server.web.shop import AMS, PASSWORD, Shop
from tests.server.web.test_every_route import (
    BODIES,
    KINDS,
    ROUTES,
    STREAM,
    UNNAMED,
    Opens,
    credential_of,
    takes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from shopbell_server.ports.database import Database

CANARY: Final = "sbd_Q2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LWNhbmE"
"""A device token that nobody has: whoever sends one in the wrong place does not get it back."""

WIDE: Final[Allowances] = MappingProxyType(
    dict.fromkeys(Limit, Allowance(burst=10**6, per_minute=10**6))
)
"""Nobody is told to wait: behind a limit there would be nothing to see."""

TEXTS: Final = some.one_of(
    some.text(some.characters(codec=None, exclude_categories=()), max_size=20),
    some.sampled_from(
        [
            *("", " ", "\x00", "a\x00b", "\ud800", "x\udfffy", "\u202e", "\u0085", "../..", "%00"),
            *(
                "null",
                "-1",
                "'; DROP TABLE visits; --",
                "<img onerror>",
                "{{7*7}}",
                "\u0130",
                "\ufb00",
                "\uff11\uff12",
            ),
            *("0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "2026-11-21T13:00:00Z"),
            *("ab" * 32, "a" * 100_000, CANARY, "recognise_in_store", "given", "ams-01", "p-1"),
        ]
    ),
)
NUMBERS: Final = some.one_of(
    some.integers(),
    some.floats(),
    some.sampled_from([2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 2**64, 10**30, 10**300, 1e308]),
)
WILD: Final = some.recursive(
    some.one_of(some.none(), some.booleans(), NUMBERS, TEXTS),
    lambda inner: some.one_of(
        some.lists(inner, max_size=4), some.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=8,
)
BYTES: Final = some.one_of(
    some.binary(max_size=40),
    some.sampled_from(
        [
            b"",
            b"[" * 100_000,
            b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
            b"1" * 10_000,
            b"-" + b"9" * 5_000,
            b"1e999999999",
            b"NaN",
            b'{"profile_id": "\\ud800"}',
            b'{"profile_id": "a", "profile_id": "b"}',
            b'"' + b"x" * 1_000_000 + b'"',
            b'\xef\xbb\xbf{"profile_id": "p-1"}',
            b'{"profile_id": "\xff"}',
            '{"profile_id": "p-1"}'.encode("utf-16"),
        ]
    ),
)
FIELDS: Final = some.sampled_from(
    [
        *("link", "purpose", "state", "text_sha256", "text_language", "enrolment", "sure"),
        *("name", "password", "staff", "language", "x"),
        *("what", "scanner", "settings", "once", "fact", "reason", "session"),
    ]
)
"""Of the pages' forms, and some that they have not."""

PLACES: Final = some.one_of(TEXTS, some.sampled_from(["ams-01", "p-1", "e-1", "a" * 3_000]))
TYPES: Final = some.sampled_from(
    [
        *("application/json", "text/plain", "application/x-www-form-urlencoded", "", "application"),
        *("multipart/form-data", "multipart/form-data; boundary=x", "application/json; charset=u7"),
    ]
)
HEADERS: Final = some.dictionaries(
    some.sampled_from(
        [
            *("Idempotency-Key", "Shopbell-Ticket", "Authorization", "Cookie", "Origin", "Accept"),
            *("Accept-Language", "Last-Event-ID", "X-Forwarded-For", "Content-Encoding", "Range"),
            *("If-None-Match", "Content-Length"),
        ]
    ),
    some.one_of(
        some.text(some.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20),
        some.sampled_from(
            [
                *("Bearer", "Bearer ", "Basic Og==", f"Bearer {CANARY}", "\xe9", "-1", "1" * 400),
                *("__Host-shopbell=x; __Host-shopbell-me=\xff", "__Host-shopbell=", "a" * 4_000),
                *("gzip", "bytes=0-", "null", "nl;q=x", "*;q=1e9"),
            ]
        ),
    ),
    max_size=2,
)


class Wild:
    """Whatever one request is made of."""

    def __init__(self, draw: some.DataObject, route: tuple[str, str]) -> None:
        self.method, path = route
        for each in re.findall(r"\{(\w+)\}", path):
            if f"{{{each}}}" in path:
                place = draw.draw(PLACES, label=each)
                escaped = quote(place.encode("utf-8", "surrogatepass")[:4_000], safe="") or "%00"
                path = path.replace(f"{{{each}}}", escaped)
        self.path = path
        names = some.sampled_from(["language", "cursor", "limit", "store", "format", "said", "x"])
        query = draw.draw(some.dictionaries(names, TEXTS, max_size=2), label="query")
        if query:
            pairs = {
                key: value.encode("utf-8", "surrogatepass")[:4_000] for key, value in query.items()
            }
            self.path += "?" + urlencode(pairs)
        self.headers = {"Content-Type": draw.draw(TYPES, label="type")}
        self.headers |= draw.draw(HEADERS, label="headers")
        if route[0] == "POST" and route[1] in UNNAMED and draw.draw(some.booleans(), label="form"):
            fields = draw.draw(some.dictionaries(FIELDS, TEXTS, max_size=5), label="fields")
            self.content = urlencode(fields, errors="surrogatepass").encode()
            self.headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": HOST}
        else:
            self.content = self._content(draw, route)

    def _content(self, draw: some.DataObject, route: tuple[str, str]) -> bytes:
        body = BODIES.get(route)
        how = draw.draw(some.sampled_from(["bytes", "wild", "mended", "mended"]), label="how")
        if how == "bytes" or route[0] == "GET":
            return draw.draw(BYTES, label="bytes")
        value = draw.draw(WILD, label="wild")
        if how == "mended" and isinstance(body, dict):
            body = copy.deepcopy(body)
            inside, key = draw.draw(some.sampled_from(list(places_in(body))), label="place")
            inside[key] = value
            return json.dumps(body).encode()
        return json.dumps(value).encode()


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value, as what it is in and its key; of objects also a key that is new."""
    if isinstance(value, dict):
        yield from ((value, key) for key in (*value, "first_name", "until", CANARY))
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in list(inner):
        if isinstance(value, list):
            yield value, key
        if isinstance(each, dict | list):
            yield from places_in(each)


def furnished(database: Database) -> Shop:
    """Return a shop in which every route does something."""
    shop = Shop(database=database)
    shop.services = replace(shop.services, limits=WIDE, mark_of=marker(bytes(32), TenantId("acme")))
    spot = Spot(uuid="d3300000-5b0e-4de3-8000-5be110000001", major=1, minor=1)
    with shop.database.begin() as work:
        work.registry.put_beacon(StoreBeacon(name="door", store=AMS, spot=spot, zone=None))
        work.commit()
    return shop


async def answer_of(
    shop: Shop, app: FastAPI, kind: Opens, wild: Wild, number: int
) -> tuple[httpx2.Response, list[str]]:
    """Return the answer, and what was secret in the request."""
    # What nobody expected is raised here, so that the test shows where.
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        headers = {**credential(shop, client, kind, f"p-{number}"), **wild.headers}
        secrets = [CANARY, PASSWORD, *(each.value or "" for each in client.cookies.jar)]
        secrets += [headers.get("Shopbell-Ticket", ""), headers.get("Authorization", "")[7:]]
        encoded: Any = {key: value.encode("latin-1") for key, value in headers.items()}
        answer = await client.request(wild.method, wild.path, content=wild.content, headers=encoded)
        return answer, [each for each in secrets if len(each) > 20]


def credential(shop: Shop, client: httpx2.AsyncClient, kind: Opens, profile: str) -> dict[str, str]:
    """Return what opens doors of that kind; customers are of a profile of their own, which has room."""
    match kind:
        case "phone":
            guest = shop.welcome(profile=profile)
            return {**guest.bearer, "Shopbell-Ticket": shop.ticket(profile)}
        case "customer":
            client.cookies.set("__Host-shopbell-me", shop.open_page(shop.welcome(profile=profile)))
            return {"Origin": HOST}
        case _:
            return credential_of(shop, client, kind)


@pytest.mark.parametrize(
    "examples",
    [pytest.param(60, id="short"), pytest.param(2_500, id="long", marks=pytest.mark.faults)],
)
def test_no_request_is_answered_with_a_fault_of_ours(database: Database, examples: int) -> None:
    shop = furnished(database)
    app = shop.app()
    numbers = count()

    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(some.data())
    def asked(draw: some.DataObject) -> None:
        route = draw.draw(some.sampled_from(sorted(ROUTES)), label="route")
        kinds = [each for each in KINDS if route[1] != STREAM or each not in takes(route)]
        # As often as not somebody who gets in.
        opening = [each for each in kinds if each in takes(route)] or ["nobody"]
        kind = draw.draw(some.sampled_from([*kinds, *opening * len(kinds)]), label="credential")
        wild = Wild(draw, route)
        answer, secrets = asyncio.run(answer_of(shop, app, kind, wild, next(numbers)))
        told = answer.text + str(answer.headers)
        assert answer.status_code < 500, told
        assert "Traceback" not in told
        assert not [each for each in secrets if each in told]
        if answer.status_code >= 400 and not answer.headers["content-type"].startswith("text/html"):
            # Libraries of shops expect errors in Segment's form.
            forms = {"application/problem+json"} | (
                {"application/json"} if route[1] in TRACKING_PATHS else set()
            )
            assert answer.headers["content-type"] in forms

    asked()
