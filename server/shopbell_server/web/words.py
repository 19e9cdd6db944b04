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
    "acts_of": N_("{who}: what you can do"),
    "act_take": N_("Take"),
    "act_with": N_("I am with her"),
    "act_still": N_("Still with her"),
    "act_served": N_("Served"),
    "act_handover": N_("Hand over"),
    "act_release": N_("Let go"),
    "act_mistake": N_("Not this person"),
    "mistake_sure": N_("It is somebody else: take her off the board"),
    "back": N_("Back"),
    "what_came": N_("What came of it?"),
    "outcome_bought": N_("Bought something"),
    "outcome_collected": N_("Collected or returned"),
    "outcome_advised": N_("Advised"),
    "outcome_not_in_store": N_("Not in this store"),
    "outcome_no_help_wanted": N_("Wanted no help"),
    "taken_by": N_("{by} is helping"),
    "taken_by_me": N_("You are helping"),
    "with_by": N_("{by} is with her"),
    "with_by_me": N_("You are with her"),
    "a_colleague": N_("A colleague"),
    "asks": N_("Asks for help"),
    "was_served": N_("Has been helped"),
    "too_late": N_("A colleague was first. {who}: {now}"),
    "not_done": N_("That did not work. Try again."),
    "came": N_("{who} is here, {zone}"),
    "went": N_("{who} has left"),
}
