"""What the customer's page says of values that are stored under a name.

Owns: the sentence for each; the rest of what `/me` says stands in its templates.
Never: the texts of consents (`core.consent.words`): receipts name those, and a retailer may have others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.language import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Speech

SAID: Final[Mapping[str, str]] = {
    "link_used": N_("This link was used before or has expired. Open the page again from the app."),
    "ended": N_("You are signed out. Open the page again from the app."),
    "erased": N_(
        "It is done: the store has erased you. This page is empty and your pass works no more."
    ),
    "text_changed": N_(
        "The text has changed meanwhile, so nothing was switched on. Please read it again."
    ),
}
"""What just happened, as addresses name it."""

HELD_BACK: Final[Mapping[str, str]] = {
    "ran_out": N_(
        "The store recognises you nowhere now. On {enrolled} another device was registered for you, "
        "and its permission ran out on {since}."
    ),
    "withdrawn": N_(
        "The store recognises you nowhere now. On {enrolled} another device was registered for you, "
        "and recognition was switched off there on {since}."
    ),
    "never": N_(
        "The store recognises you nowhere now. On {enrolled} another device was registered for you, "
        "and recognition was never switched on there."
    ),
}

PHONES: Final[Mapping[str, str]] = {
    "iphone": N_("an iPhone"),
    "android": N_("an Android phone"),
    "unknown": N_("a phone"),
}

CHANNEL_KINDS: Final[Mapping[str, str]] = {
    "order": N_("an order"),
    "reservation": N_("a reservation"),
    "pickup": N_("something to pick up"),
    "return": N_("a return"),
    "appointment": N_("an appointment"),
    "conversation": N_("a conversation"),
    "wish": N_("your wish list"),
    "tier": N_("what you are to the store"),
}

CHANNEL_STATES: Final[Mapping[str, str]] = {
    "completed": N_("placed"),
    "updated": N_("changed"),
    "cancelled": N_("cancelled"),
    "refunded": N_("refunded"),
    "ready": N_("ready"),
    "picked_up": N_("picked up"),
    "requested": N_("asked for"),
    "received": N_("received"),
    "reserved": N_("put aside"),
    "booked": N_("made"),
    "kept": N_("kept"),
    "opened": N_("begun"),
    "closed": N_("closed"),
    "added": N_("added"),
    "removed": N_("removed"),
    "set": N_("now"),
    "cleared": N_("taken away"),
}
"""Of what other channels said: what it is about, and how it stands."""

ROLES: Final[Mapping[str, str]] = {
    "advisor": N_("an advisor"),
    "manager": N_("a manager"),
    "operator": N_("an operator"),
    "auditor": N_("an auditor"),
    "system": N_("another system of the shop"),
}

PURPOSES_OF_LOOKS: Final[Mapping[str, str]] = {
    "serve_in_store": N_("to help you in the store"),
    "review_visits": N_("to look through visits"),
    "review_profile": N_("to look through your customer data"),
    "mend_delivery": N_("to find out why an event did not reach its receiver"),
    "share_with_cdp": N_("because you share with the customer data platform"),
}

EVENTS: Final[Mapping[str, str]] = {
    "shopbell.customer.recognized.v1": N_("that you were recognised in the store"),
    "shopbell.visit.started.v1": N_("that a visit began"),
    "shopbell.visit.revised.v1": N_("a visit, corrected"),
    "shopbell.visit.ended.v1": N_("a visit"),
    "shopbell.visit.cancelled.v1": N_("that a visit was none"),
    "shopbell.pass.scanned.v1": N_("that you had your pass scanned"),
    "shopbell.consent.changed.v1": N_("what you allowed or withdrew"),
    "shopbell.profile.merged.v1": N_("that two customer numbers are one"),
    "shopbell.profile.split.v1": N_("that customer numbers were taken apart"),
}

IDENTIFIERS: Final[Mapping[str, str]] = {
    "crm": N_("Customer records"),
    "webshop_id": N_("Web shop"),
    "email_sha256": N_("E-mail address (scrambled)"),
    "loyalty_number": N_("Loyalty card"),
    "cookie_id": N_("Browser"),
}
"""The kinds that have a limit of their own (`core.identity.guards`); others are shown as they are called."""


def said_of(words: Mapping[str, str], key: str, speech: Speech) -> str:
    """Return the word for `key`, or `key` itself where a later version of the program has another one."""
    return speech.gettext(words[key]) if key in words else key
