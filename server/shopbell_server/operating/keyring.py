"""`shopbell-server keys …`: the keys of other systems. No running server is needed.

Owns: what an operator asks for and reads.
Never: a secret that is there already: nobody can show it again.
"""

from __future__ import annotations

import contextlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.assembly import open_database
from shopbell_server.core.access.api_keys import as_text
from shopbell_server.operating.terminal import print_table
from shopbell_server.system import SystemClock, SystemEntropy, user_name
from shopbell_server.usecases.staff.api_keys import make_key, revoke_key

if TYPE_CHECKING:
    import argparse

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.access.api_keys import ApiKey
    from shopbell_server.core.ids import Millis

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def create(settings: Settings, arguments: argparse.Namespace) -> None:
    """Make a key and print it, the secret alone on the first line."""
    if _NAME.fullmatch(arguments.name) is None:
        raise UsageError(
            f"NAME {arguments.name!r}: 1 to 64 letters, digits, dots, dashes and underscores"
        )
    with contextlib.closing(open_database(settings)) as database:
        key, secret = make_key(
            database,
            SystemEntropy(),
            SystemClock().now_ms(),
            name=arguments.name,
            system=arguments.kind,
            by=user_name(),
        )
    print(secret)
    print(f"key {key.id} of {key.name}, for: {as_text(key.scopes)}. It is not shown again.")


def show(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print all keys, those that are revoked too."""
    with contextlib.closing(open_database(settings)) as database, database.read() as work:
        keys = work.registry.api_keys()
    if arguments.json:
        print(json.dumps([_plain(each) for each in keys]))
        return
    rows = [
        (
            each.id,
            each.name,
            as_text(each.scopes),
            _day(each.created_ms),
            _day(each.used_ms),
            _day(each.revoked_ms),
        )
        for each in keys
    ]
    print_table([("ID", "NAME", "FOR", "MADE", "LAST USED", "REVOKED"), *rows])


def end(settings: Settings, arguments: argparse.Namespace) -> None:
    """Revoke a key."""
    with contextlib.closing(open_database(settings)) as database:
        key = revoke_key(database, SystemClock().now_ms(), arguments.id, user_name())
    if key is None:
        raise CommandError(
            f'there is no key "{arguments.id}"; `shopbell-server keys list` shows which there are'
        )
    print(f"key {key.id} of {key.name} opens nothing any more")


def _day(at_ms: Millis | None) -> str:
    # 0: made before that was written down
    return "" if not at_ms else datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _plain(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_ms": key.created_ms,
        "used_ms": key.used_ms,
        "revoked_ms": key.revoked_ms,
    }
