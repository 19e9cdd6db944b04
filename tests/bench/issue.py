"""How fast phones get their tokens, and how fast passes are verified."""

from __future__ import annotations

import hmac
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Day, DeviceNo, Millis, TenantId, Window
from shopbell_server.core.recognition.passes import Accepted, parse, pass_text, verify
from shopbell_server.core.recognition.tokens import key_ring
from shopbell_server.core.token_windows import batch_windows, day_of_window
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.crypto import aes_block
from shopbell_server.db import migrate
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.customers.issue import Supply, issue_tokens
from shopbell_server.usecases.intake.take import Intake, Message
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_wire.messages import Scan
from tests.bench.people import Talker, populate
from tests.bench.report import Report, at_least, figure
from tests.rigs.databases import open_sql

if TYPE_CHECKING:
    from shopbell_server.core.recognition.tokens import KeyRing
    from shopbell_server.db.unit_of_work import SqlDatabase
    from tests.bench.people import Guest

TITLE: Final = "Server: tokens issued, passes verified"
MEASURES: Final = (
    "SQLite, 200 customers. **Tokens**: a phone's week (672 windows, each with its id32 and id64), from the "
    "unit of work that looks at her consent to its commit; a token is one of these numbers. Beside it, in "
    "turns, FF1 alone on the same integers. **Passes**: groups of 8 batches of 25 scans, each of another "
    "customer and none of a code that was used, from the bytes to the commit; beside it, in turns, the "
    "verification alone (the text parsed, its code and its time judged), and HMAC-SHA1 alone."
)
WHY: Final = (
    "a phone fetches its week at once and every other day: what costs beside FF1 is asking what she allows, "
    "the day keys, and the commit. A pass is checked in a microsecond or five; what takes the time is that "
    "it is used up, opens her visit and is on the disk before anybody hears of it."
)

TOKENS_PER_S: Final = 50_000
"""A million phones in the hour after the app was new take 1 344 tokens each: 373 000 a second for eight
workers."""

PASSES_PER_S: Final = 100
"""A hundred edges at which somebody shows a pass at the same second."""

PEOPLE: Final = 200
EDGES: Final = 8
PER_BATCH: Final = PEOPLE // EDGES
ROUNDS: Final = 9
PHONES: Final = 20
STEP_MS: Final = 30_000
NOW_MS: Final = Millis(1_795_262_850_000)


async def measure(*, long: bool) -> Report:
    del long
    with tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder:
        url = f"sqlite:///{Path(folder, 'shop.db')}"
        migrate.upgrade(url)
        with closing(open_sql(url, TenantId("acme"))) as database:
            guests = populate(database, edges=EDGES, people=PEOPLE, now_ms=NOW_MS)
            issuing = [Issuing(database, number).measured() for number in range(ROUNDS)]
            desk = Desk(database, guests)
            verifying = [desk.measured(number) for number in range(ROUNDS + 1)][1:]
    issued = [each["issued"] for each in issuing]
    verified = [each["verified"] for each in verifying]
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("tokens issued", "tokens/s", issued),
            figure("FF1 alone", "tokens/s", [each["ff1"] for each in issuing]),
            figure("ratio", "", [each["issued"] / each["ff1"] for each in issuing]),
            figure("passes verified, to the commit", "passes/s", verified),
            figure("verification alone", "passes/s", [each["core"] for each in verifying]),
            figure("HMAC-SHA1 alone", "passes/s", [each["hmac"] for each in verifying]),
            figure(
                "ratio, verification to HMAC",
                "",
                [each["core"] / each["hmac"] for each in verifying],
            ),
        ),
        verdicts=(
            at_least("tokens issued", median(issued), TOKENS_PER_S, "tokens/s"),
            at_least("passes verified", median(verified), PASSES_PER_S, "passes/s"),
        ),
        why=WHY,
    )


class Issuing:
    """Some of the phones fetch their week."""

    def __init__(self, database: SqlDatabase, number: int) -> None:
        self._database = database
        first = 1 + number * PHONES
        self._numbers = [DeviceNo(each) for each in range(first, first + PHONES)]
        with database.read() as work:
            found = work.people.by_device_no(self._numbers)
            days = {day_of_window(Window(each)) for each in batch_windows(NOW_MS)}
            keys = work.day_keys.keys([Day(day) for day in days])
        self._phones = [found[each] for each in self._numbers]
        self._ring = key_ring(keys, aes_block)

    def measured(self) -> dict[str, float]:
        """Return tokens a second."""
        tokens = 2 * len(batch_windows(NOW_MS)) * PHONES
        began = time.perf_counter()
        for phone in self._phones:
            with self._database.begin() as work:
                assert isinstance(issue_tokens(work, phone, NOW_MS, aes_block), Supply)
                work.commit()
        issued = tokens / (time.perf_counter() - began)
        began = time.perf_counter()
        for number in self._numbers:
            alone(self._ring, number)
        return {"issued": issued, "ff1": tokens / (time.perf_counter() - began)}


def alone(ring: KeyRing, number: DeviceNo) -> None:
    """Encrypt what a phone's week is made of, and nothing else."""
    by_day: dict[Day, list[Window]] = {}
    for each in batch_windows(NOW_MS):
        by_day.setdefault(day_of_window(Window(each)), []).append(Window(each))
    for day, windows in by_day.items():
        ring[day].id32.encrypt(windows, [number] * len(windows))
        ring[day].id64.encrypt(windows, [number << 32] * len(windows))


class Desk:
    """Everybody shows her pass, again and again, each time the code of another half minute."""

    def __init__(self, database: SqlDatabase, guests: list[Guest]) -> None:
        self._guests = guests
        terms = Terms(rules=VisitRules(), sinks=())
        self._intake = Intake(database, SystemEntropy(), aes_block, terms)
        self._talkers = [Talker(number) for number in range(EDGES)]

    def measured(self, number: int) -> dict[str, float]:
        """Return passes a second."""
        now_ms = Millis(NOW_MS + number * STEP_MS)
        texts = [
            pass_text(each.card.ref, each.card.secret, now_ms // 1_000) for each in self._guests
        ]
        group = [
            Message(edge=talker.edge, payload=talker.batch(scans(part, now_ms), now_ms))
            for talker, part in zip(
                self._talkers,
                (texts[first : first + PER_BATCH] for first in range(0, PEOPLE, PER_BATCH)),
                strict=True,
            )
        ]
        began = time.perf_counter()
        taken = self._intake.take(group, now_ms)
        verified = PEOPLE / (time.perf_counter() - began)
        assert taken.events["pass_accepted"] == PEOPLE, taken.events
        began = time.perf_counter()
        for text, guest in zip(texts, self._guests, strict=True):
            code = parse(text)
            assert code is not None
            assert isinstance(verify(code, guest.card.secret, now_ms), Accepted)
        core = PEOPLE / (time.perf_counter() - began)
        step = (now_ms // STEP_MS).to_bytes(8)
        began = time.perf_counter()
        for guest in self._guests:
            hmac.digest(guest.card.secret, step, "sha1")
        return {
            "verified": verified,
            "core": core,
            "hmac": PEOPLE / (time.perf_counter() - began),
        }


def scans(texts: list[str], now_ms: int) -> list[Scan]:
    return [
        Scan(scanner="camera", at_ms=now_ms, kind="pass", format="QRCode", text=text)
        for text in texts
    ]
