"""Words that several papers use, nl and en: purposes, what is kept, who sees what, what is missing.

Owns: a word for every value that the facts can hold.
Never: the text of one paper alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import DocumentLanguage

    Words = Mapping[str, Mapping[DocumentLanguage, str]]

PURPOSES: Final[Words] = {
    "recognise_in_store": {
        "nl": "Herkennen in de winkel. Zonder deze toestemming gebeurt er niets, ook niets van "
        "wat hieronder staat.",
        "en": "Recognising her in the store. Without this consent nothing happens, nor anything "
        "of what follows.",
    },
    "show_to_staff": {
        "nl": "Aan medewerkers laten zien dat zij er is, onder een bijnaam.",
        "en": "Showing staff that she is here, under a nickname.",
    },
    "greet_by_name": {
        "nl": "Haar voornaam laten zien, om haar te begroeten.",
        "en": "Showing her first name, to greet her.",
    },
    "show_purchases": {
        "nl": "Haar aankopen laten zien, om haar te adviseren.",
        "en": "Showing her purchases, to advise her.",
    },
    "show_browsing": {
        "nl": "Laten zien wat zij online bekeek, om haar te adviseren.",
        "en": "Showing what she looked at online, to advise her.",
    },
    "share_with_cdp": {
        "nl": "Haar winkelbezoek doorgeven aan het klantplatform, zodat haar online profiel ervan weet.",
        "en": "Telling the customer data platform of her visit, so that her online profile knows of it.",
    },
    "messages": {
        "nl": "Haar berichten sturen naar aanleiding van een bezoek.",
        "en": "Sending her messages because of a visit.",
    },
}

KEPT: Final[Words] = {
    "strangers": {
        "nl": "Signalen van telefoons die niet meedoen, en codes die niet van ons zijn",
        "en": "Signals of phones that do not take part, and codes that are not ours",
    },
    "spool": {
        "nl": "Waarnemingen in het kastje in de winkel: codes die alleen de server kan lezen",
        "en": "Observations in the box in the store: tokens that only the server can read",
    },
    "tickets": {
        "nl": "Een uitnodiging om een telefoon aan te melden",
        "en": "An invitation to enrol a phone",
    },
    "sessions": {
        "nl": "De aanmelding van een medewerker op een scherm",
        "en": "A member of staff being signed in on a screen",
    },
    "page": {
        "nl": "Dat een klant haar eigen pagina open heeft, en de link waarmee zij die opende",
        "en": "A customer being signed in at her own page, and the link by which she came",
    },
    "answers": {
        "nl": "Antwoorden aan apps en kassa's, versleuteld, voor als ze hun vraag herhalen",
        "en": "Answers to apps and tills, encrypted, in case they repeat their request",
    },
    "helpers": {
        "nl": "Wie van het personeel u helpt; na twintig minuten zonder aanraking, of zodra het klaar is",
        "en": "Who of the staff is helping you; after twenty minutes without a touch, or once it is done",
    },
    "candidates": {
        "nl": "Wie te kort werd gehoord om een bezoek te zijn",
        "en": "Somebody who was heard too briefly for a visit",
    },
    "day_keys": {
        "nl": "De dagsleutel die signalen leesbaar maakt. Daarna is een opname van de ether voor "
        "niemand meer te lezen, ook niet voor ons",
        "en": "The day's key that makes signals readable. After that a recording of the air can "
        "be read by nobody, us included",
    },
    "notices": {
        "nl": "Het bericht aan haar telefoons dat er een telefoon bij kwam: wanneer, en van welke soort",
        "en": "What her phones are told of another phone that was added: when, and of which kind",
    },
    "conflicts": {
        "nl": "Dat één telefoon in twee winkels tegelijk leek te zijn: welke twee bezoeken dat waren",
        "en": "That one phone seemed to be in two stores at once: which two visits those were",
    },
    "looks": {
        "nl": "Het logboek: welke medewerker naar welke klant keek, en wat er met toestemmingen gebeurde",
        "en": "The audit: who of the staff looked at which customer, and what became of consents",
    },
    "profiles": {
        "nl": "Profielen: voornaam, taal, klantnummers; aangemelde telefoons en passen",
        "en": "Profiles: first name, language, customer numbers; enrolled phones and passes",
    },
    "zones": {
        "nl": "In welke zone van de winkel zij was. Daarna blijft van een bezoek welke ontvanger haar hoorde",
        "en": "In which zone of the store she was. Of a visit stays which receiver heard her",
    },
    "visits": {
        "nl": "Bezoeken met de waarnemingen waaruit ze bestaan: winkel, begin en einde",
        "en": "Visits with the observations they consist of: store, beginning and end",
    },
    "channel_service": {
        "nl": "Van andere kanalen: bestellingen, retouren, afspraken, gesprekken, reserveringen; versleuteld",
        "en": "What other channels said: orders, returns, appointments, conversations, reservations; sealed",
    },
    "channel_wishes": {
        "nl": "Wat op haar verlanglijst staat of stond; versleuteld",
        "en": "What is or was on her wish list; sealed",
    },
    "channel_tiers": {
        "nl": "Haar niveau in het spaarprogramma en de adviseur die zij verkiest; versleuteld",
        "en": "Her tier in the loyalty programme, and the advisor whom she prefers; sealed",
    },
    "receipts": {
        "nl": "Kassabonnen: nummer, winkel, kassa, tijd en wier kaart het was",
        "en": "Till receipts: number, store, till, time and whose card it was",
    },
    "deliveries": {
        "nl": "Gebeurtenissen voor ontvangers, nadat ze zijn bezorgd of opgegeven",
        "en": "Events for recipients, once they were delivered or given up",
    },
    "waiting": {
        "nl": "Gebeurtenissen die een ontvanger nooit aannam",
        "en": "Events that a recipient never took",
    },
    "told": {
        "nl": "Welke ontvanger wanneer welk soort gebeurtenis kreeg, zonder wat erin stond",
        "en": "Which recipient got which kind of event when, without what was in it",
    },
    "set_aside": {
        "nl": "Berichten van kastjes die de server niet kon verwerken; dat er een was blijft 14 dagen",
        "en": "Messages of boxes that the server could not take in; that there was one is kept for 14 days",
    },
    "observations": {
        "nl": "Hoe sterk elke ontvanger haar telefoon hoorde, melding voor melding",
        "en": "How strongly each receiver heard her phone, report by report",
    },
    "batches": {
        "nl": "Welke berichten van kastjes zijn aangekomen, zonder wat erin stond",
        "en": "Which messages of boxes arrived, without what was in them",
    },
    "issued": {
        "nl": "Voor welke kwartieren haar telefoon signalen kreeg, nadat die voorbij zijn",
        "en": "For which quarters of an hour her phone was given signals, once they are over",
    },
    "codes": {
        "nl": "Welke pascode al is gebruikt, en wanneer",
        "en": "Which pass code was used, and when",
    },
    "erasures": {
        "nl": "Dat iemand werd gewist, zonder naam: wanneer, wie dat vroeg en wat ontvangers antwoordden",
        "en": "That somebody was erased, without a name: when, who asked, and what recipients answered",
    },
    "ledger": {
        "nl": "Het toestemmingenboek: wat zij toestond of introk, wanneer, en bij welke tekst",
        "en": "The consent ledger: what she allowed or withdrew, when, and on which text",
    },
}

UNTIL: Final[Words] = {
    "spool": {"nl": "tot de server ze heeft", "en": "until the server has them"},
    "profiles": {
        "nl": "tot zij vraagt om vergeten te worden; of zij vertrok en haar laatste bezoek is gewist",
        "en": "until she asks to be forgotten; or she left, and the last of her visits was deleted",
    },
}
"""What ends the keeping of what no clock ends."""

FIELDS: Final[Words] = {
    "presence": {"nl": "dat zij er is, en sinds wanneer", "en": "that she is here, and since when"},
    "zone": {"nl": "waar in de winkel", "en": "where in the store"},
    "recognition": {"nl": "waaraan zij is herkend", "en": "how she was recognised"},
    "stay": {
        "nl": "hoe een bezoek verliep: zones en hoe lang",
        "en": "what a visit was like: zones, and how long",
    },
    "help": {
        "nl": "of zij hulp vroeg, en welke collega haar helpt",
        "en": "whether she asked for help, and which colleague helps her",
    },
    "converted": {"nl": "of zij iets kocht", "en": "whether she bought something"},
    "handle": {"nl": "bijnaam", "en": "nickname"},
    "language": {"nl": "taal", "en": "language"},
    "reason_kind": {
        "nl": "waarvoor zij komt, in één woord",
        "en": "what she comes for, in one word",
    },
    "first_name": {"nl": "voornaam", "en": "first name"},
    "reason": {"nl": "welke bestelling, welke afspraak", "en": "which order, which appointment"},
    "card": {"nl": "haar kaart", "en": "her card"},
    "purchases": {"nl": "aankopen", "en": "purchases"},
    "browsing": {"nl": "wat zij online bekeek", "en": "what she looked at online"},
    "redeem": {"nl": "tegoed verzilveren", "en": "redeeming credit"},
    "change_profile": {"nl": "gegevens wijzigen", "en": "changing her details"},
}

EVIDENCE: Final[Words] = {
    "hint": {
        "nl": "misschien: een signaal dat iedereen kan nadoen",
        "en": "maybe: a signal that anybody can imitate",
    },
    "signal": {
        "nl": "in de buurt: een signaal van dit kwartier",
        "en": "nearby: a signal of this quarter of an hour",
    },
    "fresh": {
        "nl": "in de buurt: een signaal van deze twee minuten",
        "en": "nearby: a signal of these two minutes",
    },
    "pass": {"nl": "ingecheckt: zij toonde haar pas", "en": "checked in: she showed her pass"},
    "confirmed": {"nl": "bevestigd door een medewerker", "en": "confirmed by staff"},
}

VIEWERS: Final[Words] = {
    "advisor": {"nl": "adviseur", "en": "advisor"},
    "manager": {"nl": "manager", "en": "manager"},
    "operator": {"nl": "beheerder", "en": "operator"},
    "auditor": {"nl": "controleur", "en": "auditor"},
    "tablet": {"nl": "tablet zonder aanmelding", "en": "tablet with nobody signed in"},
    "system": {
        "nl": "ander systeem (alleen van wie met het klantplatform deelt)",
        "en": "other system (only of who shares with the customer data platform)",
    },
}

SENSORS: Final[Words] = {
    "radio": {"nl": "Bluetooth-ontvanger", "en": "Bluetooth receiver"},
    "camera": {"nl": "Camera voor pascodes", "en": "Camera for pass codes"},
    "barcode": {"nl": "Codescanner", "en": "Barcode scanner"},
}

DAYS: Final[Words] = {
    "monday": {"nl": "ma", "en": "Mon"},
    "tuesday": {"nl": "di", "en": "Tue"},
    "wednesday": {"nl": "wo", "en": "Wed"},
    "thursday": {"nl": "do", "en": "Thu"},
    "friday": {"nl": "vr", "en": "Fri"},
    "saturday": {"nl": "za", "en": "Sat"},
    "sunday": {"nl": "zo", "en": "Sun"},
}

SHARED: Final[Words] = {
    "fill": {"nl": "Invullen", "en": "Fill in"},
    "missing_title": {"nl": "Nog niet af", "en": "Not finished"},
    "missing_text": {
        "nl": "Vul eerst in wat hieronder staat, in de instellingen van de server, en maak dit "
        "stuk opnieuw.",
        "en": "First fill in what stands below, in the server's settings, and make this paper again.",
    },
    "unheard_text": {
        "nl": "Van deze kastjes zijn de instellingen niet meegegeven (--edges), dus wat ze horen "
        "staat hier niet: {names}.",
        "en": "The settings of these boxes were not handed in (--edges), so what they hear does "
        "not stand here: {names}.",
    },
    "shortened_text": {
        "nl": "Dit is een demo: alle tijden zijn twintig keer zo kort. Niet voor een echte winkel.",
        "en": "This is a demo: all times are twenty times as short. Not for a real store.",
    },
    "made": {
        "nl": "Gemaakt op {day} door Shopbell uit de instellingen van {tenant}.",
        "en": "Made on {day} by Shopbell from the settings of {tenant}.",
    },
    "controller": {"nl": "Verwerkingsverantwoordelijke", "en": "Controller"},
    "address": {"nl": "Adres", "en": "Address"},
    "contact": {"nl": "Contact", "en": "Contact"},
    "dpo": {"nl": "Functionaris gegevensbescherming", "en": "Data protection officer"},
    "page": {"nl": "Privacypagina", "en": "Privacy page"},
    "stored_in": {"nl": "Waar de server staat", "en": "Where the server stands"},
    "none": {"nl": "geen", "en": "none"},
    "never_stored": {"nl": "nooit opgeslagen", "en": "never stored"},
    "webhook": {"nl": "bericht over HTTPS, ondertekend", "en": "message over HTTPS, signed"},
    "file": {"nl": "bestand op de server", "en": "file on the server"},
    "pairwise": {
        "nl": "een nummer dat alleen deze ontvanger kent",
        "en": "a number that only this recipient knows",
    },
    "known_by": {"nl": "het klantnummer “{kind}”", "en": "the customer number “{kind}”"},
    "no_recipients": {
        "nl": "Niemand buiten de winkel krijgt deze gegevens.",
        "en": "Nobody outside the shop gets these data.",
    },
    "whom": {
        "nl": "wie dit is, in welk land, en in welke rol (verwerker of zelf verantwoordelijk)",
        "en": "who this is, in which country, and in which role (processor or controller)",
    },
}
