"""The words of the customer's page, nl and en.

Owns: every sentence that `/me` shows by itself, and how times are said.
Never: the texts of consents (`core.consent.words`): receipts name those, and a retailer may have others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shopbell_server.core.language import Language


WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "title": {"nl": "Mijn pagina", "en": "My page"},
    "other_language": {"nl": "English", "en": "Nederlands"},
    "sign_out": {"nl": "Uitloggen", "en": "Sign out"},
    "back": {"nl": "Terug naar mijn pagina", "en": "Back to my page"},
    # the door
    "door_text": {
        "nl": "Hier zie je je pas, wat de winkel van je weet en wie er keek. Jij bepaalt wat er mag.",
        "en": "Here you see your pass, what the store knows about you and who looked. You decide "
        "what is allowed.",
    },
    "door_how": {
        "nl": "Open deze pagina vanuit de app van de winkel. De app maakt een link die vijf "
        "minuten geldt, voor één keer.",
        "en": "Open this page from the app of the store. The app makes a link that is good once, "
        "for five minutes.",
    },
    "door_open": {"nl": "Open mijn pagina", "en": "Open my page"},
    "door_code": {
        "nl": "Code uit de app (begint met sbm_)",
        "en": "Code from the app (begins with sbm_)",
    },
    "door_paste": {
        "nl": "Zonder JavaScript: kopieer wat in de adresbalk achter # staat naar dit veld.",
        "en": "Without JavaScript: copy what stands behind # in the address bar into this field.",
    },
    "link_used": {
        "nl": "Deze link is al gebruikt of verlopen. Open de pagina opnieuw vanuit de app.",
        "en": "This link was used before or has expired. Open the page again from the app.",
    },
    "ended": {
        "nl": "Je bent uitgelogd. Open de pagina opnieuw vanuit de app.",
        "en": "You are signed out. Open the page again from the app.",
    },
    "erased": {
        "nl": "Het is gedaan: de winkel heeft je gewist. Deze pagina is leeg en je pas werkt niet meer.",
        "en": "It is done: the store has erased you. This page is empty and your pass works no more.",
    },
    # the pass
    "pass": {"nl": "Mijn pas", "en": "My pass"},
    "pass_text": {
        "nl": "Houd de code voor de scanner. Hij werkt tien minuten door, ook zonder internet.",
        "en": "Hold the code up to the scanner. It goes on working for ten minutes, without internet too.",
    },
    "pass_label": {"nl": "QR-code van je pas", "en": "QR code of your pass"},
    "pass_reference": {"nl": "Kaartnummer", "en": "Card number"},
    "pass_next": {"nl": "Nieuwe code over {n} s", "en": "New code in {n} s"},
    "pass_old": {
        "nl": "Deze code is te oud. Zodra er internet is, komt er vanzelf een nieuwe.",
        "en": "This code is too old. As soon as there is internet, a new one comes by itself.",
    },
    "pass_ended": {
        "nl": "Je bent uitgelogd. De code werkt nog even; open de pagina daarna opnieuw vanuit de app.",
        "en": "You are signed out. The code works for a while; then open the page again from the app.",
    },
    "pass_off": {
        "nl": "Je pas werkt altijd aan de kassa. Herkennen staat uit: er wordt niets van je "
        "bewaard als je hem laat scannen.",
        "en": "Your pass always works at the till. Recognising is off: nothing about you is kept "
        "when it is scanned.",
    },
    "pass_renew": {"nl": "Nieuwe code tonen", "en": "Show a new code"},
    "pass_none": {"nl": "Er is geen pas.", "en": "There is no pass."},
    # now
    "here": {"nl": "Nu herkend", "en": "Recognised now"},
    "here_nobody": {
        "nl": "Je wordt nu in geen enkele winkel herkend.",
        "en": "You are recognised in no store at the moment.",
    },
    "here_in": {"nl": "{store} sinds {time}", "en": "{store} since {time}"},
    "here_zone": {"nl": "Laatst bij: {zone}", "en": "Last seen at: {zone}"},
    "here_unsure": {
        "nl": "Iets van je is net opgevangen. Het is nog te kort voor een bezoek; niemand ziet het.",
        "en": "Something of yours was just noticed. It is too short for a visit yet; nobody sees it.",
    },
    "here_seen": {"nl": "Medewerkers zien nu: {what}", "en": "Staff see now: {what}"},
    "here_unseen": {"nl": "Medewerkers zien je niet.", "en": "Staff do not see you."},
    "here_lost": {
        "nl": "Geen verbinding. Dit is de stand van {time}.",
        "en": "No connection. This is how it was at {time}.",
    },
    # purposes
    "purposes": {"nl": "Wat mag er", "en": "What is allowed"},
    "purposes_text": {
        "nl": "Alles staat uit tot jij het aanzet. Uitzetten werkt meteen, met één tik. Weigeren "
        "kost je niets: je pas, je bestellingen en je kortingen blijven.",
        "en": "Everything is off until you switch it on. Switching off works at once, with one "
        "tap. Saying no costs you nothing: your pass, your orders and your discounts stay.",
    },
    "on": {"nl": "Aan", "en": "On"},
    "off": {"nl": "Uit", "en": "Off"},
    "turn_on": {"nl": "Aanzetten", "en": "Switch on"},
    "turn_off": {"nl": "Uitzetten", "en": "Switch off"},
    "only_today": {"nl": "Alleen vandaag", "en": "Only today"},
    "renew": {"nl": "Nog een jaar", "en": "Another year"},
    "until": {"nl": "Aan tot {time}", "en": "On until {time}"},
    "asks_again": {
        "nl": "Dit loopt bijna af. Mag het nog een jaar?",
        "en": "This ends soon. May it go on for another year?",
    },
    "ran_out": {
        "nl": "Dit is vanzelf afgelopen op {time}. Mag het weer?",
        "en": "This ended by itself on {time}. May it go on?",
    },
    "sleeps": {
        "nl": "Je zei ja, maar het werkt pas als “{title}” aan staat.",
        "en": "You said yes, but it works only while “{title}” is on.",
    },
    "text_version": {"nl": "tekstversie {version}", "en": "text version {version}"},
    "text_changed": {
        "nl": "De tekst is intussen veranderd, dus er is niets aangezet. Lees hem opnieuw.",
        "en": "The text has changed meanwhile, so nothing was switched on. Please read it again.",
    },
    # who
    "looks": {"nl": "Wie er keek", "en": "Who looked"},
    "looks_text": {
        "nl": "Elke keer dat iemand van de winkel jou op een scherm zag, van de laatste twaalf maanden.",
        "en": "Every time somebody of the store saw you on a screen, over the last twelve months.",
    },
    "looks_none": {"nl": "Niemand heeft gekeken.", "en": "Nobody looked."},
    "told": {"nl": "Wie het ontving", "en": "Who received it"},
    "told_none": {
        "nl": "Niets over jou is aan anderen doorgegeven.",
        "en": "Nothing about you was passed on to others.",
    },
    "told_failed": {"nl": "niet aangekomen", "en": "did not arrive"},
    "when": {"nl": "Wanneer", "en": "When"},
    "who": {"nl": "Wie", "en": "Who"},
    "where": {"nl": "Waar", "en": "Where"},
    "why": {"nl": "Waarvoor", "en": "What for"},
    "what": {"nl": "Wat", "en": "What"},
    "more": {"nl": "Toon alle {n}", "en": "Show all {n}"},
    # what is known
    "known": {"nl": "Wat de winkel weet", "en": "What the store knows"},
    "first_name": {"nl": "Voornaam", "en": "First name"},
    "language": {"nl": "Taal", "en": "Language"},
    "phone": {"nl": "Telefoon", "en": "Phone"},
    "phone_since": {"nl": "{phone}, aangemeld op {time}", "en": "{phone}, registered on {time}"},
    "phone_unknown": {"nl": "Telefoon", "en": "Phone"},
    "tags": {"nl": "Labels en kaarten", "en": "Tags and cards"},
    "tag_since": {"nl": "aangemeld op {time}", "en": "registered on {time}"},
    "identifiers": {"nl": "Nummers bij anderen", "en": "Numbers elsewhere"},
    "nothing": {"nl": "niets", "en": "nothing"},
    "visits": {"nl": "Bezoeken", "en": "Visits"},
    "visits_none": {"nl": "Er zijn geen bezoeken bewaard.", "en": "No visits are kept."},
    "visit_now": {"nl": "nu bezig", "en": "going on now"},
    "visit_bought": {"nl": "iets gekocht", "en": "bought something"},
    "minutes": {"nl": "{n} min", "en": "{n} min"},
    "under_a_minute": {"nl": "even", "en": "briefly"},
    "notices": {"nl": "Let op", "en": "Please note"},
    "notice": {
        "nl": "Op {day}, rond {time}, is {phone} aangemeld bij jouw klantnummer. Was jij dat niet? "
        "Vraag ernaar in de winkel.",
        "en": "On {day}, about {time}, {phone} was registered for your customer number. Was that "
        "not you? Ask in the store.",
    },
    "held_back_ran_out": {
        "nl": "De winkel herkent je nu nergens. Op {enrolled} is nog een toestel voor jou aangemeld, en de "
        "toestemming daarvan liep af op {since}.",
        "en": "The store recognises you nowhere now. On {enrolled} another device was registered for you, "
        "and its permission ran out on {since}.",
    },
    "held_back_withdrawn": {
        "nl": "De winkel herkent je nu nergens. Op {enrolled} is nog een toestel voor jou aangemeld, en daar "
        "is herkennen uitgezet op {since}.",
        "en": "The store recognises you nowhere now. On {enrolled} another device was registered for you, "
        "and recognition was switched off there on {since}.",
    },
    "held_back_never": {
        "nl": "De winkel herkent je nu nergens. Op {enrolled} is nog een toestel voor jou aangemeld, en daar "
        "is herkennen nooit aangezet.",
        "en": "The store recognises you nowhere now. On {enrolled} another device was registered for you, "
        "and recognition was never switched on there.",
    },
    "let_go_text": {
        "nl": "Gebruik je dat toestel niet meer? Meld het af. Wat hieronder aan staat, sta je dan "
        "opnieuw toe.",
        "en": "You use that device no more? Let go of it. What is switched on below you then allow again.",
    },
    "let_go": {"nl": "Dat toestel afmelden", "en": "Let go of that device"},
    "let_go_ask": {
        "nl": "Zet herkennen daar aan, of vraag in de winkel om dat toestel van jou los te maken.",
        "en": "Switch recognition on there, or ask in the store to take that device from you.",
    },
    "notice_iphone": {"nl": "een iPhone", "en": "an iPhone"},
    "notice_android": {"nl": "een Android-telefoon", "en": "an Android phone"},
    "notice_unknown": {"nl": "een telefoon", "en": "a phone"},
    # take along, forget
    "take": {"nl": "Meenemen", "en": "Take it along"},
    "take_text": {
        "nl": "Alles wat de winkel van je weet, ook wie er keek en wie het ontving.",
        "en": "Everything that the store knows about you, with who looked and who received it.",
    },
    "take_json": {"nl": "Alles als JSON", "en": "All of it as JSON"},
    "take_csv": {"nl": "Alles als CSV (zip)", "en": "All of it as CSV (zip)"},
    "take_receipt": {"nl": "Bewijs van toestemming", "en": "Consent receipt"},
    "stale_title": {"nl": "Ben jij het nog?", "en": "Is it still you?"},
    "stale_text": {
        "nl": "Dit kan alleen in de eerste vijf minuten nadat je de pagina vanuit de app hebt "
        "geopend. Open de pagina opnieuw en kies het dan meteen.",
        "en": "This can be done only in the first five minutes after you opened the page from the "
        "app. Open it again and choose it right away.",
    },
    "forget": {"nl": "Mij vergeten", "en": "Forget me"},
    "forget_text": {
        "nl": "Wis alles wat deze winkel van je heeft.",
        "en": "Erase everything that this store has about you.",
    },
    "forget_first": {
        "nl": "Alleen stoppen? Zet dan “{title}” uit; dat werkt meteen.",
        "en": "Only want it to stop? Switch “{title}” off; that works at once.",
    },
    "forget_what": {"nl": "Dit gebeurt er:", "en": "This is what happens:"},
    "forget_1": {
        "nl": "Je naam, je nummers, je bezoeken en je telefoon verdwijnen meteen uit de systemen "
        "van de winkel.",
        "en": "Your name, your numbers, your visits and your phone go from the store's systems at once.",
    },
    "forget_2": {
        "nl": "In reservekopieën zijn je naam en je gegevens binnen 7 dagen voor niemand meer leesbaar.",
        "en": "In backups your name and your details are unreadable for everybody within 7 days.",
    },
    "forget_3": {
        "nl": "Wie iets over je ontving, krijgt te horen dat het gewist moet worden.",
        "en": "Whoever received something about you is told to erase it.",
    },
    "forget_4": {
        "nl": "Je pas werkt niet meer. Je kunt je later opnieuw aanmelden, maar dan begin je van "
        "voren af aan.",
        "en": "Your pass works no more. You can register again later, and then begin anew.",
    },
    "forget_5": {
        "nl": "Anderen met hetzelfde klantnummer houden hun eigen telefoon en hun eigen bezoeken.",
        "en": "Others with the same customer number keep their own phone and their own visits.",
    },
    "forget_6": {
        "nl": "Eén ding blijft: dat er toestemming was en dat die is ingetrokken, en wie er keek, "
        "onder een nummer zonder naam. Dat moet de winkel kunnen aantonen.",
        "en": "One thing stays: that there was a permission and that it was withdrawn, and who "
        "looked, under a number without a name. The store has to be able to show that.",
    },
    "forget_sure": {"nl": "Ja, wis alles van mij", "en": "Yes, erase everything about me"},
    "forget_sure_text": {
        "nl": "Ik weet dat dit niet ongedaan gemaakt kan worden.",
        "en": "I know that this cannot be undone.",
    },
    # who answers for it
    "responsible": {"nl": "Wie hiervoor verantwoordelijk is", "en": "Who is responsible for this"},
    "ask": {"nl": "Vragen: {contact}", "en": "Questions: {contact}"},
    "dpo": {
        "nl": "Functionaris gegevensbescherming: {dpo}",
        "en": "Data protection officer: {dpo}",
    },
    "privacy_page": {"nl": "Privacyverklaring", "en": "Privacy notice"},
}

ROLES: Final[Mapping[str, Mapping[Language, str]]] = {
    "advisor": {"nl": "een adviseur", "en": "an advisor"},
    "manager": {"nl": "een manager", "en": "a manager"},
    "operator": {"nl": "een beheerder", "en": "an operator"},
    "auditor": {"nl": "een controleur", "en": "an auditor"},
    "system": {"nl": "een ander systeem van de winkel", "en": "another system of the shop"},
}

PURPOSES_OF_LOOKS: Final[Mapping[str, Mapping[Language, str]]] = {
    "serve_in_store": {"nl": "om je in de winkel te helpen", "en": "to help you in the store"},
    "review_visits": {"nl": "om bezoeken na te kijken", "en": "to look through visits"},
    "review_profile": {
        "nl": "om je klantgegevens na te kijken",
        "en": "to look through your customer data",
    },
    "share_with_cdp": {
        "nl": "omdat je met het klantplatform deelt",
        "en": "because you share with the customer data platform",
    },
}

EVENTS: Final[Mapping[str, Mapping[Language, str]]] = {
    "shopbell.customer.recognized.v1": {
        "nl": "dat je in de winkel bent herkend",
        "en": "that you were recognised in the store",
    },
    "shopbell.visit.started.v1": {"nl": "dat een bezoek begon", "en": "that a visit began"},
    "shopbell.visit.revised.v1": {"nl": "een bezoek, verbeterd", "en": "a visit, corrected"},
    "shopbell.visit.ended.v1": {"nl": "een bezoek", "en": "a visit"},
    "shopbell.visit.cancelled.v1": {
        "nl": "dat een bezoek er geen was",
        "en": "that a visit was none",
    },
    "shopbell.pass.scanned.v1": {
        "nl": "dat je je pas liet scannen",
        "en": "that you had your pass scanned",
    },
    "shopbell.consent.changed.v1": {
        "nl": "wat je toestond of introk",
        "en": "what you allowed or withdrew",
    },
    "shopbell.profile.merged.v1": {
        "nl": "dat twee klantnummers één zijn",
        "en": "that two customer numbers are one",
    },
    "shopbell.profile.split.v1": {
        "nl": "dat klantnummers uit elkaar zijn gehaald",
        "en": "that customer numbers were taken apart",
    },
}

IDENTIFIERS: Final[Mapping[str, Mapping[Language, str]]] = {
    "crm": {"nl": "Klantenadministratie", "en": "Customer records"},
    "webshop_id": {"nl": "Webwinkel", "en": "Web shop"},
    "email_sha256": {"nl": "E-mailadres (versleuteld)", "en": "E-mail address (scrambled)"},
    "loyalty_number": {"nl": "Klantenkaart", "en": "Loyalty card"},
    "cookie_id": {"nl": "Browser", "en": "Browser"},
}
"""The kinds that have a limit of their own (`core.identity.guards`); others are shown as they are called."""

LANGUAGE_NAMES: Final[Mapping[str, Mapping[Language, str]]] = {
    "nl": {"nl": "Nederlands", "en": "Dutch"},
    "en": {"nl": "Engels", "en": "English"},
    "de": {"nl": "Duits", "en": "German"},
    "fr": {"nl": "Frans", "en": "French"},
}

_MONTHS: Final[Mapping[Language, tuple[str, ...]]] = {
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
        "oktober", "november", "december",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
}  # fmt: skip


def me_words(language: Language) -> dict[str, str]:
    """Return all words of the page in `language`."""
    return {key: texts[language] for key, texts in WORDS.items()}


def said_of(words: Mapping[str, Mapping[Language, str]], key: str, language: Language) -> str:
    """Return the word for `key`, or `key` itself where a later version of the program has another one."""
    return words[key][language] if key in words else key


def day_of(at: datetime, timezone: str, language: Language) -> str:
    """Return a day as people say it: "22 november 2026"."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}"


def clock_of(at: datetime, timezone: str) -> str:
    """Return the time of day: "13:05"."""
    return f"{at.astimezone(ZoneInfo(timezone)):%H:%M}"
