"""The words of the demo page, nl and en."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Language

_WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "title": {"nl": "Een winkel die er niet is", "en": "A shop that isn't there"},
    "lead": {
        "nl": "Gesimuleerde mensen, echte edges, echte server: wat je hier ziet, is gehoord.",
        "en": "Simulated people, real edges, a real server: what you see here was heard.",
    },
    "to_board": {"nl": "Het bord alleen", "en": "The board alone"},
    "phone": {"nl": "Telefoon", "en": "Phone"},
    "phone_text": {"nl": "wat zij in haar hand heeft", "en": "what she holds in her hand"},
    "floor": {"nl": "Winkelvloer", "en": "Shop floor"},
    "floor_text": {"nl": "wie er werkelijk is", "en": "who is truly there"},
    "board": {"nl": "Bord", "en": "Board"},
    "board_text": {"nl": "wat het personeel ziet", "en": "what the staff see"},
    "events": {"nl": "Berichten aan de CDP", "en": "Events for the CDP"},
    "events_text": {"nl": "CloudEvents, het nieuwste eerst", "en": "CloudEvents, newest first"},
    "waiting": {"nl": "Wachten op de simulator …", "en": "Waiting for the simulator …"},
    "nobody": {
        "nl": "Nu is er niemand die zich laat herkennen.",
        "en": "Nobody who lets herself be recognised is here now.",
    },
    "no_events": {
        "nl": "Nog geen. Een bezoek begint na zes seconden of met een pas.",
        "en": "None yet. A visit begins after six seconds, or with a pass.",
    },
    "pass": {"nl": "Haar pas", "en": "Her pass"},
    "pass_left": {"nl": "nieuw over {n} s", "en": "a new one in {n} s"},
    "sending": {"nl": "zendt", "en": "sending"},
    "silent": {"nl": "app dicht: stil", "en": "app closed: silent"},
    "off": {"nl": "geen toestemming: stil", "en": "no consent: silent"},
    "on_air": {"nl": "In de lucht, elke {n} ms", "en": "On the air, every {n} ms"},
    "nothing_on_air": {"nl": "Niets in de lucht", "en": "Nothing on the air"},
    "heard_at": {"nl": "Zo sterk gehoord", "en": "Heard this strongly"},
    "not_heard": {"nl": "niet gehoord", "en": "not heard"},
    "allows": {"nl": "Zij staat toe", "en": "She allows"},
    "allows_nothing": {"nl": "Niets meer: ingetrokken", "en": "Nothing any more: withdrawn"},
    "recognise_in_store": {"nl": "herkend worden", "en": "being recognised"},
    "show_to_staff": {"nl": "het personeel", "en": "the staff"},
    "greet_by_name": {"nl": "haar naam", "en": "her name"},
    "show_purchases": {"nl": "aankopen", "en": "purchases"},
    "show_browsing": {"nl": "bekeken", "en": "browsing"},
    "share_with_cdp": {"nl": "de CDP", "en": "the CDP"},
    "messages": {"nl": "berichten", "en": "messages"},
    "legend_sending": {"nl": "laat zich herkennen", "en": "lets herself be recognised"},
    "legend_silent": {"nl": "app dicht", "en": "app closed"},
    "legend_off": {"nl": "geen toestemming", "en": "no consent"},
    "legend_stranger": {"nl": "vreemd baken", "en": "somebody else's beacon"},
    "inside": {"nl": "{n} in de winkel", "en": "{n} in the shop"},
    "per_s": {"nl": "{n}/s", "en": "{n}/s"},
    "street": {"nl": "Straat", "en": "Street"},
    "door": {"nl": "Deur", "en": "Door"},
    "till": {"nl": "Kassa", "en": "Till"},
    "arriving": {"nl": "komt binnen", "en": "coming in"},
    "browsing": {"nl": "kijkt rond", "en": "looking around"},
    "queueing": {"nl": "staat in de rij", "en": "queueing"},
    "checking_in": {"nl": "toont haar pas", "en": "showing her pass"},
    "paying": {"nl": "betaalt", "en": "paying"},
    "leaving": {"nl": "gaat weg", "en": "leaving"},
}

_FOR_SCRIPTS: Final = tuple(
    key
    for key in _WORDS
    if key
    not in {
        "title",
        "lead",
        "to_board",
        "phone",
        "phone_text",
        "floor",
        "floor_text",
        "board",
        "board_text",
        "events",
        "events_text",
        "no_events",
    }
)


def demo_words(language: Language) -> dict[str, str]:
    """Return all words in `language`."""
    return {key: texts[language] for key, texts in _WORDS.items()}


def demo_script_words(language: Language) -> dict[str, str]:
    """Return those that the page's scripts say."""
    return {key: _WORDS[key][language] for key in _FOR_SCRIPTS}
