"""What the board's scripts say.

Owns: the text of each of their words; what the page itself says stands in its template.
Never: how somebody was recognised (`core.board.recognition_words`), or the names of handles
(`core.board.handles`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.language import N_, NN_

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPT_WORDS: Final[Mapping[str, str | tuple[str, str]]] = {
    "here": NN_("{n} guest", "{n} guests"),
    "live": N_("Live"),
    "connecting": N_("Connecting …"),
    "lost": N_("Connection lost"),
    "lost_long": N_("No connection since {time}. The board is trying again by itself."),
    "blanked": N_("No connection. This is how it was at {time}; names are hidden."),
    "outdated": N_("No connection since {time}. Who is here now is not known."),
    "zone_unknown": N_("In the store"),
    "since": N_("since {time}"),
    "just_now": N_("just in"),
    "minutes": N_("{n} min"),
    "hours": N_("{h} h {n} min"),
    "left_maybe": N_("Left?"),
    "left_since": N_("not seen since {time}"),
    "deaf_since": N_("not listening since {time}"),
    "language_nl": N_("speaks Dutch"),
    "language_en": N_("speaks English"),
    "language_de": N_("speaks German"),
    "language_fr": N_("speaks French"),
    "language_other": N_("language: {code}"),
    "came": N_("{who} is here, {zone}"),
    "went": N_("{who} has left"),
}
