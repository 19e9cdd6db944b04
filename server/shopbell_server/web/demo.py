"""The `/demo` page: a simulated shop, its phones, the board and the events for the CDP, side by side.

Owns: reading what the simulator and the file sink write into one folder.
Never: anything of a real shop. Installations without `[demo]` in their settings do not have these routes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from shopbell_server.web.access.who import Here, PerhapsSignedIn, SignedIn
from shopbell_server.web.demo_words import DEMO_SCRIPT_WORDS
from shopbell_server.web.http.rendering import render
from shopbell_server.web.staff.pages import own_stores
from shopbell_server.web.words import SCRIPT_WORDS

if TYPE_CHECKING:
    from pathlib import Path

FLOOR: Final = "floor.json"
"""What the simulator writes, whole, twice a second."""

EVENTS: Final = "events.ndjson"
"""What the file sink adds to."""

MOST_FLOOR_BYTES: Final = 256 * 1024
"""A full shop is 12 KB."""

MOST_EVENT_BYTES: Final = 64 * 1024
"""About sixty events: more than a page shows. What lies before that is skipped."""


def demo_routes(folder: Path) -> APIRouter:
    """Return the routes that show what is written into `folder`."""
    routes = APIRouter(tags=["demo"])

    @routes.get("/demo", include_in_schema=False)
    def get_demo(request: Request, here: Here, found: PerhapsSignedIn) -> Response:
        """Show the page. It is empty at first; its scripts fill it."""
        if found is None:
            return RedirectResponse("/login?next=/demo", 303)
        stores = own_stores(here, found)
        voice = here.catalogues.voice(found.language)
        context = {
            "staff": found,
            "store": stores[0] if stores else None,
            "demo": here.site.demo,
            "script_words": voice.script_words(SCRIPT_WORDS),
            "demo_script_words": voice.script_words(DEMO_SCRIPT_WORDS),
            "off_board_s": here.site.rules.off_board_ms // 1000,
        }
        return render(request, voice, "demo.html", context)

    @routes.get("/demo/state", include_in_schema=False)
    def get_state(_: SignedIn, after: Annotated[int, Query(ge=0, lt=2**53)] = 0) -> Response:
        """Return the shop now, the events after byte `after` of their file, and where to go on."""
        events, position = _events(folder / EVENTS, after)
        floor = _floor(folder / FLOOR)
        body = b'{"floor":%b,"events":[%b],"position":%d}' % (floor, b",".join(events), position)
        return Response(body, media_type="application/json")

    return routes


def _floor(path: Path) -> bytes:
    """Return the shop as JSON; `null` as long as nothing is simulated."""
    try:
        raw = path.read_bytes()
    except OSError:
        return b"null"
    return raw if len(raw) <= MOST_FLOOR_BYTES and _is_json(raw) else b"null"


def _events(path: Path, after: int) -> tuple[list[bytes], int]:
    """Return whole lines from `after` on, the latest MOST_EVENT_BYTES of them, and where they end.

    A file that is shorter than `after` was begun anew, and is read from its beginning.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            begin = after if after <= size else 0
            skipped = size - begin > MOST_EVENT_BYTES
            if skipped:
                begin = size - MOST_EVENT_BYTES
            file.seek(begin)
            found = file.read(size - begin)
    except OSError:
        return [], 0
    whole = found[: found.rfind(b"\n") + 1]
    lines = whole.splitlines()
    if skipped:
        lines = lines[1:]  # the first begins somewhere in its middle
    return [line for line in lines if _is_json(line)], begin + len(whole)


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True
