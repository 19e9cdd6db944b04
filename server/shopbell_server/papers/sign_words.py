"""The words of the door sign, nl and en: for customers, on their way in.

Owns: every sentence of it. Few words, because the sign is read in passing, at two metres.
Never: what the law wants to be told at length; that is behind the QR code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.papers.shared_words import Words

SIGN: Final[Words] = {
    "title": {"nl": "Deurbord", "en": "Door sign"},
    "missing_title": {"nl": "Nog niet ophangen", "en": "Do not hang this yet"},
    "headline": {
        "nl": "Hier kunnen we je herkennen. Alleen als jij dat wilt.",
        "en": "We can recognise you here. Only if you want us to.",
    },
    "who_title": {"nl": "Wie we horen", "en": "Whom we hear"},
    "who": {
        "nl": "Alleen klanten die in onze app “ja” zeiden. Zei je niets? Dan bewaren we niets van je.",
        "en": "Only customers who said “yes” in our app. You said nothing? Then we keep nothing of you.",
    },
    "how_title": {"nl": "Hoe", "en": "How"},
    "how_phone": {
        "nl": "Via Bluetooth van je telefoon.",
        "en": "By the Bluetooth of your phone.",
    },
    "how_fob": {
        "nl": "Via Bluetooth van je telefoon of van een hanger die je zelf hebt aangemeld.",
        "en": "By the Bluetooth of your phone, or of a fob that you registered yourself.",
    },
    "how_camera": {
        "nl": "De camera leest alleen een pas die je ervoor houdt. Beelden bewaren we niet.",
        "en": "The camera only reads a pass that you hold up to it. We keep no pictures.",
    },
    "how_never": {
        "nl": "Geen gezichtsherkenning, geen wifi-tracking.",
        "en": "No face recognition, no Wi-Fi tracking.",
    },
    "why_title": {"nl": "Waarvoor", "en": "What for"},
    "why": {
        "nl": "Zodat een medewerker je beter kan helpen. Jij kiest in de app wat die van je ziet.",
        "en": "So that our staff can help you better. You choose in the app what they see of you.",
    },
    "why_share": {
        "nl": "Je bezoek delen we alleen met anderen als je dat apart aanzet.",
        "en": "We tell others of your visit only if you switch that on as well.",
    },
    "off_title": {"nl": "Uitzetten", "en": "Switching off"},
    "off": {
        "nl": "Altijd, in de app, en meteen. Je bestelling en je korting houd je gewoon.",
        "en": "Any time, in the app, at once. You keep your orders and your discounts.",
    },
    "more": {"nl": "Meer lezen", "en": "Read more"},
    "questions": {"nl": "Vragen?", "en": "Questions?"},
}
