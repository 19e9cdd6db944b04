"""Give a phone its tokens for seven days.

Owns: who gets tokens, and the record of what was issued.
Never: how a token is made (`core.recognition.tokens`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Purpose, active
from shopbell_server.core.identity.people import Issued
from shopbell_server.core.ids import Day, Window
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.token_windows import batch_windows, day_of_window
from shopbell_server.usecases.groups import hold_one

if TYPE_CHECKING:
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis
    from shopbell_server.core.recognition.tokens import MakeAes, Token
    from shopbell_server.ports.database import UnitOfWork


class NotIssued(Enum):
    """Why there are no tokens."""

    NO_CONSENT = auto()
    """She does not let herself be recognised: a phone without tokens is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """672 windows from the current one on."""

    tokens: tuple[Token, ...]


def issue_tokens(
    work: UnitOfWork, enrolment: Enrolment, now_ms: Millis, aes: MakeAes
) -> Supply | NotIssued:
    """Return the tokens of `enrolment` and record that they were issued.

    Tokens are a function of the day keys, so asking again gives the same ones where windows overlap.
    Raises NoDayKeyError if `make_keys` did not run, DatabaseBusyError if she was forgotten meanwhile.
    """
    person = enrolment.person
    # A withdrawal that runs at the same time waits, and then ends what is issued here.
    hold_one(work, person)
    ledger = work.ledger.entries([person]).get(person, ())
    if not active(ledger, Purpose.RECOGNISE_IN_STORE, now_ms):
        return NotIssued.NO_CONSENT
    windows = batch_windows(now_ms)
    days = sorted({day_of_window(Window(window)) for window in windows})
    ring = key_ring(work.day_keys.keys([Day(day) for day in days]), aes)
    tokens = tuple(issue(ring, enrolment.device_no, windows))
    first, last = Window(windows[0]), Window(windows[-1])
    work.people.add_issued(Issued(person=person, first=first, last=last))
    return Supply(tokens=tokens)
