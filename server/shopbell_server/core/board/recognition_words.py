"""How she was recognised, in words: "checked in with her pass, 14:02, entrance: certain".

Owns: the sentence, in English; whoever says it translates it.
Never: times and names of zones: both come as staff read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.evidence import Carrier, Evidence
from shopbell_server.core.language import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Speech

_PHONE: Final = N_("her phone is nearby")

_HOW: Final[Mapping[Carrier, str]] = {
    "pass": N_("checked in with her pass"),
    "number": N_("showed a loyalty number"),
    "app": N_("her app says that she is here"),
    "app-exit": N_("her app says that she left"),
    "static": N_("her tag is nearby"),
    "ibeacon": _PHONE,
    "service-data": _PHONE,
    "service-uuid": _PHONE,
}

_CONFIRMED: Final = N_("confirmed by staff")

_HOW_SURE: Final[Mapping[Evidence, str]] = {
    Evidence.HINT: N_("maybe"),
    Evidence.SIGNAL: N_("probably"),
    Evidence.FRESH: N_("almost certain"),
    Evidence.PASS: N_("certain"),
    Evidence.CONFIRMED: N_("certain"),
}

_STAFF_WORD: Final[Mapping[Evidence, str]] = {
    Evidence.HINT: N_("maybe"),
    Evidence.SIGNAL: N_("nearby"),
    Evidence.FRESH: N_("nearby"),
    Evidence.PASS: N_("checked in"),
    Evidence.CONFIRMED: N_("confirmed"),
}


def recognised(
    carrier: Carrier, evidence: Evidence, at: str, zone: str | None, speech: Speech
) -> str:
    """Return the sentence. `at` is the local time as text, `zone` the name of the zone, if known."""
    how = speech.gettext(_CONFIRMED if evidence is Evidence.CONFIRMED else _HOW[carrier])
    where_and_when = ", ".join(part for part in (how, at, zone) if part)
    return f"{where_and_when}: {speech.gettext(_HOW_SURE[evidence])}"


def staff_word(evidence: Evidence, speech: Speech) -> str:
    """Return the one or two words of a badge: "maybe", "nearby", "checked in", "confirmed"."""
    return speech.gettext(_STAFF_WORD[evidence])
