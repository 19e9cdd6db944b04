"""Let other systems in by keys, and no longer.

Owns: a key made, looked up, revoked.
Never: who may do that (the command line), or how often a key may ask (`web`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.access.api_keys import KINDS, ApiKey, as_text, day_of_use
from shopbell_server.core.access.credentials import SECRET_BYTES, credential, fingerprint
from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.ports.database import DatabaseBusyError

if TYPE_CHECKING:
    from shopbell_server.core.access.api_keys import System
    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import Entropy


def make_key(
    database: Database, entropy: Entropy, now_ms: Millis, *, name: str, system: System, by: str
) -> tuple[ApiKey, str]:
    """Return a new key and its secret, which is stored nowhere: it is shown this once.

    `by` is whoever sits at the terminal.
    """
    kind, scopes = KINDS[system]
    secret = credential(kind, entropy.token(SECRET_BYTES))
    key = ApiKey(sha256=fingerprint(secret), name=name, scopes=scopes, created_ms=now_ms)
    with database.begin() as work:
        work.registry.put_api_key(key)
        work.audit.note([_act(What.KEY_CREATED, key, now_ms, by)])
        work.commit()
    return key, secret


def revoke_key(database: Database, now_ms: Millis, key_id: str, by: str) -> ApiKey | None:
    """End the key of that id at once, in every process; return it, or None if there is none.

    One that has ended keeps its end.
    """
    with database.begin() as work:
        found = next((each for each in work.registry.api_keys() if each.id == key_id), None)
        if found is None:
            return None
        work.registry.revoke_api_key(found.sha256, now_ms)
        if found.revoked_ms is None:
            work.audit.note([_act(What.KEY_REVOKED, found, now_ms, by)])
        work.commit()
    return found if found.revoked_ms is not None else replace(found, revoked_ms=now_ms)


def key_of(database: Database, secret: str, now_ms: Millis) -> ApiKey | None:
    """Return the key that `secret` is; None if it is none, or revoked. Writes down the day of use.

    Asked of the database every time, so a revocation holds from the next request on.
    """
    with database.read() as work:
        key = work.registry.api_key(fingerprint(secret))
    if key is None or key.revoked_ms is not None:
        return None
    day_ms = day_of_use(key, now_ms)
    if day_ms is not None:
        # Somebody else writes: the next request of this day does it.
        with suppress(DatabaseBusyError), database.begin() as work:
            work.registry.use_api_key(key.sha256, day_ms)
            work.commit()
    return key


def _act(what: What, key: ApiKey, now_ms: Millis, by: str) -> Act:
    return Act(
        at_ms=now_ms,
        actor=Actor(kind="operator", name=by),
        what=what,
        about=key.id,
        why=as_text(key.scopes),
    )
