"""The words of the pages, nl and en.

Owns: every sentence that a page shows by itself.
Never: how somebody was recognised (`core.board.recognition_words`), or the names of handles
(`core.board.handles`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import Language

WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "board": {"nl": "Wie is er", "en": "Who is here"},
    "store": {"nl": "Winkel", "en": "Store"},
    "show": {"nl": "Tonen", "en": "Show"},
    "sign_out": {"nl": "Uitloggen", "en": "Sign out"},
    "here_one": {"nl": "1 gast", "en": "1 guest"},
    "here_many": {"nl": "{n} gasten", "en": "{n} guests"},
    "live": {"nl": "Live", "en": "Live"},
    "connecting": {"nl": "Verbinden …", "en": "Connecting …"},
    "lost": {"nl": "Verbinding weg", "en": "Connection lost"},
    "lost_long": {
        "nl": "Geen verbinding sinds {time}. Het bord zoekt vanzelf weer contact.",
        "en": "No connection since {time}. The board is trying again by itself.",
    },
    "blanked": {
        "nl": "Geen verbinding. Zo was het om {time}; namen zijn verborgen.",
        "en": "No connection. This is how it was at {time}; names are hidden.",
    },
    "outdated": {
        "nl": "Geen verbinding sinds {time}. Wie er nu is, is niet bekend.",
        "en": "No connection since {time}. Who is here now is not known.",
    },
    "empty_title": {"nl": "Nu is er niemand bekend", "en": "Nobody you know is here now"},
    "empty_text": {
        "nl": "Gasten die zich laten herkennen, verschijnen hier zodra ze binnen zijn.",
        "en": "Guests who let themselves be recognised appear here as they come in.",
    },
    "no_role": {
        "nl": "Je functie ziet geen gasten: dit bord is voor adviseurs en managers.",
        "en": "Your role sees no guests: this board is for advisors and managers.",
    },
    "no_store": {
        "nl": "Je hoort nog bij geen enkele winkel. Vraag de beheerder om je toe te voegen.",
        "en": "You belong to no store yet. Ask the operator to add you.",
    },
    "zone_unknown": {"nl": "In de winkel", "en": "In the store"},
    "since": {"nl": "sinds {time}", "en": "since {time}"},
    "just_now": {"nl": "net binnen", "en": "just in"},
    "minutes": {"nl": "{n} min", "en": "{n} min"},
    "hours": {"nl": "{h} u {n} min", "en": "{h} h {n} min"},
    "left_maybe": {"nl": "Weg?", "en": "Left?"},
    "left_since": {"nl": "niet gezien sinds {time}", "en": "not seen since {time}"},
    "deaf_since": {"nl": "geen ontvangst sinds {time}", "en": "not listening since {time}"},
    "language_nl": {"nl": "spreekt Nederlands", "en": "speaks Dutch"},
    "language_en": {"nl": "spreekt Engels", "en": "speaks English"},
    "language_de": {"nl": "spreekt Duits", "en": "speaks German"},
    "language_fr": {"nl": "spreekt Frans", "en": "speaks French"},
    "language_other": {"nl": "taal: {code}", "en": "language: {code}"},
    "came": {"nl": "{who} is er, {zone}", "en": "{who} is here, {zone}"},
    "went": {"nl": "{who} is weg", "en": "{who} has left"},
    "no_script": {
        "nl": "Dit bord heeft JavaScript nodig. Zet het aan en laad de pagina opnieuw.",
        "en": "This board needs JavaScript. Switch it on and load the page again.",
    },
    "demo": {
        "nl": "Demo: alles gaat twintig keer zo snel als in een echte winkel.",
        "en": "Demo: everything happens twenty times as fast as in a real store.",
    },
    "sign_in": {"nl": "Inloggen", "en": "Sign in"},
    "sign_in_text": {
        "nl": "Voor medewerkers. Je blijft twaalf uur ingelogd.",
        "en": "For staff. You stay signed in for twelve hours.",
    },
    "name": {"nl": "Naam", "en": "Name"},
    "password": {"nl": "Wachtwoord", "en": "Password"},
    "wrong": {
        "nl": "Naam of wachtwoord klopt niet. Probeer het nog eens.",
        "en": "The name or the password is wrong. Try again.",
    },
    "too_often": {
        "nl": "Te vaak geprobeerd. Wacht {n} seconden en probeer het dan opnieuw.",
        "en": "Tried too often. Wait {n} seconds, then try again.",
    },
    "link_used": {
        "nl": "Deze link is al gebruikt of verlopen. Log in met naam en wachtwoord.",
        "en": "This link was used before or has expired. Sign in with name and password.",
    },
}

FOR_SCRIPTS: Final = (
    "here_one", "here_many", "live", "connecting", "lost", "lost_long", "blanked", "outdated",
    "zone_unknown", "since", "just_now", "minutes", "hours", "left_maybe", "left_since",
    "deaf_since",
    "language_nl", "language_en", "language_de", "language_fr", "language_other", "came", "went",
)  # fmt: skip
"""What the board's scripts say."""


def words(language: Language) -> dict[str, str]:
    """Return all words in `language`."""
    return {key: texts[language] for key, texts in WORDS.items()}


def script_words(language: Language) -> dict[str, str]:
    """Return those that scripts need."""
    return {key: WORDS[key][language] for key in FOR_SCRIPTS}


def language_of(accept_language: str) -> Language:
    """Return the language for somebody who is not signed in yet: Dutch if the browser puts it first."""
    first = accept_language.split(",", maxsplit=1)[0].strip().lower()
    return "nl" if first.startswith("nl") else "en"
