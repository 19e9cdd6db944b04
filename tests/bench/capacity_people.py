"""The people of a load, written into a database as if they had enrolled a day ago.

By the ports, not over HTTP: fifty thousand enrolments over the API are half an hour of a core.
"""

from __future__ import annotations

import base64
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from shopbell_server import preparing
from shopbell_server.config.keys import keys_url
from shopbell_server.core.ids import Day, DeviceNo, Millis, PersonId, ProfileId, TenantId
from shopbell_server.core.keeping.owners import owner_of_person, owner_of_profile
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.token_windows import day_of, window_of
from shopbell_server.crypto import aes_block
from shopbell_server.db.key_store import SqlKeys
from shopbell_server.db.unit_of_work import SqlDatabase
from shopbell_server.sealing.boxes import SealedBoxes
from shopbell_server.sealing.remembered import RememberedKeys
from shopbell_server.seed import read_seed
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_sim.adapters.app import Enrolled
from shopbell_sim.load.folder import Known
from tests.bench.air import RETAILER
from tests.bench.people import device_token, enrol

if TYPE_CHECKING:
    from shopbell_server.config.settings import Settings
    from shopbell_server.core.recognition.tokens import KeyRing, Token
    from shopbell_sim.core.load_crowd import Size
    from shopbell_sim.load.folder import LoadFolder

WINDOWS: Final = 8
"""Two hours of tokens; the runs take minutes."""

AT_ONCE: Final = 500
"""People of one transaction."""


def populate(settings: Settings, folder: LoadFolder, size: Size, people: int) -> None:
    """Make tables, stores and people, and write down what their phones know."""
    folder.write_seed(size)
    preparing.upgrade(settings)
    preparing.plant(settings, read_seed(folder.seed))
    now = Millis(time.time_ns() // 1_000_000)
    wanted = [(store, person) for store in range(size.stores) for person in range(people)]
    known: list[Known] = []
    keys = _keys(settings)
    tenant = TenantId(settings.tenant)
    boxes = SealedBoxes(keys, tenant, SystemEntropy())
    with closing(SqlDatabase(settings.database.url, tenant, boxes)) as database:
        make_keys(database, SystemEntropy(), now)
        with database.begin() as work:
            days = work.day_keys.keys([Day(day_of(now)), Day(day_of(now) + 1)])
            ring = key_ring(days, aes_block)
        for begin in range(0, len(wanted), AT_ONCE):
            some = list(enumerate(wanted[begin : begin + AT_ONCE], begin + 1))
            # All at once: each alone would be two transactions of the store of keys.
            keys.made(
                [owner_of_person(PersonId(f"person-{number:08d}")) for number, _ in some]
                + [owner_of_profile(ProfileId(f"profile-{number:08d}")) for number, _ in some]
            )
            with database.begin() as work:
                for number, (store, person) in some:
                    tokens = _tokens(ring, number, now)
                    guest = enrol(work, number, (tokens[0].id32, tokens[0].id64), now)
                    enrolled = Enrolled(
                        enrolment_id=f"person-{number:08d}",
                        device_token=device_token(number),
                        mac_key=guest.mac_key.hex(),
                        card_ref=guest.card.ref,
                        card_secret=base64.b32encode(guest.card.secret).decode(),
                        retailer_uuid=RETAILER.uuid,
                        prefix=RETAILER.prefix,
                    )
                    known.append(
                        Known(
                            store=store,
                            person=person,
                            enrolled=enrolled,
                            first_window=window_of(now),
                            id32=tuple(each.id32 for each in tokens),
                            id64=tuple(each.id64 for each in tokens),
                        )
                    )
                work.commit()
    folder.write_people(known)


def _keys(settings: Settings) -> RememberedKeys:
    """Return the store of keys of `settings`; what was made is not asked for again: nobody destroys it."""
    url = keys_url(settings.keys, settings.database)
    return RememberedKeys(SqlKeys(url, TenantId(settings.tenant)), lambda: 0.0)


def _tokens(ring: KeyRing, number: int, now: Millis) -> list[Token]:
    first = window_of(now)
    return issue(ring, DeviceNo(number), range(first, first + WINDOWS))
