"""The words of the record of processing activities (article 30 GDPR), nl and en.

Owns: every sentence of it.
Never: facts of one installation (`facts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.papers.shared_words import Words

RECORD: Final[Words] = {
    "title": {
        "nl": "Register van verwerkingsactiviteiten",
        "en": "Record of processing activities",
    },
    "intro": {
        "nl": "Artikel 30 AVG, voor één verwerking: klanten herkennen in de winkel.",
        "en": "Article 30 GDPR, for one activity: recognising customers in the store.",
    },
    "activity": {"nl": "Verwerking", "en": "Activity"},
    "activity_text": {
        "nl": "Klanten die dat willen herkennen in de winkel, en hun bezoek verbinden met hun "
        "klantprofiel",
        "en": "Recognising customers who want it in the store, and joining their visit to their profile",
    },
    "places": {"nl": "Waar", "en": "Where"},
    "purpose": {"nl": "Doel", "en": "Purpose"},
    "basis": {"nl": "Grondslag", "en": "Legal basis"},
    "basis_text": {
        "nl": "Toestemming, per doel, {months} maanden geldig",
        "en": "Consent, by purpose, valid for {months} months",
    },
    "people": {"nl": "Betrokkenen", "en": "Data subjects"},
    "people_text": {
        "nl": "Klanten van 16 jaar en ouder die zich aanmeldden; medewerkers die met het "
        "programma werken",
        "en": "Customers of 16 and older who enrolled; staff who work with the program",
    },
    "data": {"nl": "Gegevens en bewaartermijn", "en": "Data and time limit"},
    "staff_data": {
        "nl": "Van medewerkers: naam, functie, winkels, taal, wachtwoord (argon2)",
        "en": "Of staff: name, role, stores, language, password (argon2)",
    },
    "staff_limit": {
        "nl": "zolang zij er werken: verwijder wie vertrekt",
        "en": "while they work here: remove who leaves",
    },
    "recipients": {"nl": "Ontvanger", "en": "Recipient"},
    "transfer": {"nl": "Doorgifte buiten de EER", "en": "Transfers outside the EEA"},
    "transfer_fill": {
        "nl": "per ontvanger: geen, of welk land en welke waarborg",
        "en": "for each recipient: none, or which country and which safeguard",
    },
    "transfer_none": {
        "nl": "geen: er zijn geen ontvangers",
        "en": "none: there are no recipients",
    },
    "security": {"nl": "Beveiliging", "en": "Security"},
    "item": {"nl": "Onderdeel", "en": "Item"},
    "says": {"nl": "Inhoud", "en": "Content"},
    "limit": {"nl": "Bewaartermijn", "en": "Time limit"},
}
