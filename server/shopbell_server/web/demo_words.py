"""What the scripts of the demo page say; what the page itself says stands in its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.language import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

DEMO_SCRIPT_WORDS: Final[Mapping[str, str]] = {
    "nobody": N_("Nobody who lets herself be recognised is here now."),
    "pass": N_("Her pass"),
    "pass_left": N_("a new one in {n} s"),
    "sending": N_("sending"),
    "silent": N_("app closed: silent"),
    "off": N_("no consent: silent"),
    "on_air": N_("On the air, every {n} ms"),
    "nothing_on_air": N_("Nothing on the air"),
    "heard_at": N_("Heard this strongly"),
    "not_heard": N_("not heard"),
    "allows": N_("She allows"),
    "allows_nothing": N_("Nothing any more: withdrawn"),
    "recognise_in_store": N_("being recognised"),
    "show_to_staff": N_("the staff"),
    "greet_by_name": N_("her name"),
    "show_purchases": N_("purchases"),
    "show_browsing": N_("browsing"),
    "share_with_cdp": N_("the CDP"),
    "messages": N_("messages"),
    "inside": N_("{n} in the shop"),
    "per_s": N_("{n}/s"),
    "street": N_("Street"),
    "door": N_("Door"),
    "till": N_("Till"),
    "arriving": N_("coming in"),
    "browsing": N_("looking around"),
    "queueing": N_("queueing"),
    "checking_in": N_("showing her pass"),
    "paying": N_("paying"),
    "leaving": N_("leaving"),
}
