"""The words for risks, what is done about them, and what is not, nl and en.

Owns: the risks to a customer of what this program does, each with its measure.
Never: how grave one is in a shop: that is the retailer's to judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.papers.shared_words import Words

RISKS: Final[Words] = {
    "replay": {
        "nl": "Iemand neemt haar signaal op en speelt het elders af, zodat zij daar lijkt te zijn.",
        "en": "Somebody records her signal and plays it elsewhere, so that she seems to be there.",
    },
    "follow": {
        "nl": "Iemand volgt haar aan het signaal van haar telefoon.",
        "en": "Somebody follows her by her phone's signal.",
    },
    "pass": {
        "nl": "Iemand gebruikt een foto van haar pas.",
        "en": "Somebody uses a picture of her pass.",
    },
    "number": {
        "nl": "Iemand raadt klantnummers om namen te zien.",
        "en": "Somebody guesses customer numbers to see names.",
    },
    "box": {
        "nl": "Een kastje uit de winkel wordt gestolen.",
        "en": "A box is stolen from the store.",
    },
    "staff": {
        "nl": "Een nieuwsgierige medewerker kijkt naar klanten die zij niet helpt.",
        "en": "A curious member of staff looks at customers whom they do not help.",
    },
    "household": {
        "nl": "Gezinsleden met één klantkaart zien elkaars bezoeken.",
        "en": "Members of a family with one customer card see each other's visits.",
    },
    "dump": {
        "nl": "Een kopie van de database lekt.",
        "en": "A copy of the database leaks.",
    },
    "recipient": {
        "nl": "Een ontvanger buiten de winkel weet meer van haar dan zij wil.",
        "en": "A recipient outside the shop knows more of her than she wants.",
    },
    "denied": {
        "nl": "Zij zegt: hier heb ik nooit voor gekozen.",
        "en": "She says: I never chose this.",
    },
}

MEASURES: Final[Words] = {
    "replay": {
        "nl": "Een signaal geldt hooguit een kwartier en wordt nooit als bewijs gezien: het "
        "toont een bijnaam, geen kaart. Alleen een pas telt als zeker.",
        "en": "A signal holds for a quarter of an hour at most and is never taken for proof: it "
        "shows a nickname, no card. Only a pass counts as certain.",
    },
    "follow": {
        "nl": "De code verandert elk kwartier, samen met het adres van de telefoon; de sleutel "
        "wordt na {days} dagen vernietigd.",
        "en": "The token changes every quarter of an hour, together with the phone's address; "
        "its key is destroyed after {days} days.",
    },
    "pass": {
        "nl": "Een pascode geldt {seconds} seconden, één stap eerder of later, en één keer.",
        "en": "A pass code holds for {seconds} seconds, one step earlier or later, and once.",
    },
    "number": {
        "nl": "Een klantnummer is een bewering: het toont geen kaart. Na {tries} onbekende "
        "nummers in een minuut weigert de server die scanner een minuut.",
        "en": "A customer number is a claim: it shows no card. After {tries} unknown numbers in "
        "a minute the server refuses that scanner for a minute.",
    },
    "box": {
        "nl": "Het kent niemand en heeft geen sleutel die signalen leest. Wat het bewaart tot de "
        "server het heeft, zijn codes die alleen de server kan lezen.",
        "en": "It knows nobody and has no key that reads signals. What it keeps until the server "
        "has it are tokens that only the server can read.",
    },
    "staff": {
        "nl": "Een medewerker ziet alleen wie er nu is, in de eigen winkels, en alleen wat de functie en "
        "de toestemming toelaten. Zoeken naar klanten kan niet. Wie kijkt, wordt opgeschreven voordat er "
        "iets wordt getoond, in een logboek waarin knoeien opvalt; dat blijft {audit} dagen.",
        "en": "Staff see only who is here now, in their own stores, and only what role and consent allow. "
        "There is no searching for customers. Who looks is written down before anything is shown, in an "
        "audit in which tampering shows; it is kept for {audit} days.",
    },
    "household": {
        "nl": "Toestemming en bezoeken horen bij één telefoon van één persoon, niet bij de kaart.",
        "en": "Consent and visits belong to one phone of one person, not to the card.",
    },
    "dump": {
        "nl": "Wachtwoorden en toegangssleutels staan er alleen als controlegetal in; signalen "
        "zijn na vernietiging van de dagsleutel onleesbaar. Namen, klantnummers en geheimen staan er "
        "versleuteld in, met een sleutel per klant die ergens anders ligt; wie wordt vergeten, verliest "
        "die sleutel. Bezoeken staan er leesbaar in, onder een nummer.",
        "en": "Passwords and access keys are in it as digests only; signals are unreadable once "
        "the day's key is destroyed. Names, customer numbers and secrets are in it encrypted, under a "
        "key per customer that lies elsewhere; whoever is forgotten loses that key. Visits are in it "
        "readable, under a number.",
    },
    "recipient": {
        "nl": "Alleen met aparte toestemming, opnieuw gecontroleerd op het moment van versturen. "
        "Intrekken haalt weg wat nog in de rij staat.",
        "en": "Only with a consent of its own, checked again at the moment of sending. "
        "Withdrawing removes what still waits.",
    },
    "denied": {
        "nl": "Elke keuze staat in een boek waarin niets gewijzigd kan worden, met tijd, plaats "
        "en de vingerafdruk van de tekst die zij las. Zij krijgt een ontvangstbewijs.",
        "en": "Every choice stands in a ledger in which nothing can be changed, with time, place "
        "and the fingerprint of the text that she read. She gets a receipt.",
    },
}

GAPS: Final[Words] = {
    "erase": {
        "nl": "wie in de winkel om inzage of verwijdering vraagt: nagaan dat zij het is, en het opdragen "
        "(op haar eigen pagina doet zij het zelf);",
        "en": "who asks in the shop for access or erasure: making sure that it is she, and ordering it "
        "(on her own page she does it herself);",
    },
    "key_backups": {
        "nl": "back-ups van de sleutels apart bewaren, en nooit langer dan zeven dagen;",
        "en": "keeping backups of the keys apart, and never for longer than seven days;",
    },
    "looks": {
        "nl": "geregeld nagaan wie van het personeel naar welke klant keek, en of dat nodig was;",
        "en": "checking regularly who of the staff looked at which customer, and whether they had to;",
    },
    "disk": {
        "nl": "de schijf van de server en de back-ups versleutelen;",
        "en": "encrypting the server's disk and its backups;",
    },
    "proxy": {
        "nl": "TLS voor de schermen en de app: een proxy vóór de server.",
        "en": "TLS for screens and apps: a proxy before the server.",
    },
}

SECURITY: Final[Words] = {
    "tls": {
        "nl": "Berichten van kastjes gaan over TLS naar de broker.",
        "en": "Messages of boxes go to the broker over TLS.",
    },
    "embedded": {
        "nl": "De server draait zelf de broker voor de kastjes; kastjes melden zich met een "
        "wachtwoord. Zet een kastje op een andere machine alleen achter TLS.",
        "en": "The server runs the boxes' broker itself; boxes sign in with a password. Let a "
        "box on another machine in only behind TLS.",
    },
    "local": {
        "nl": "De broker staat op dezelfde machine als de server.",
        "en": "The broker is on the same machine as the server.",
    },
    "signed_in": {
        "nl": "Medewerkers melden zich aan met een wachtwoord (argon2) en blijven {hours} uur "
        "aangemeld; te vaak proberen wordt geremd.",
        "en": "Staff sign in with a password (argon2) and stay signed in for {hours} hours; "
        "trying too often is slowed down.",
    },
    "origin": {
        "nl": "Schermen komen binnen via {origin}.",
        "en": "Screens come in by {origin}.",
    },
    "signed": {
        "nl": "Het logboek van wie keek en wie wat deed wordt elke vijf minuten ondertekend; de "
        "handtekeningen liggen buiten de database.",
        "en": "The audit of who looked and who did what is signed every five minutes; the signatures lie "
        "outside the database.",
    },
    "weekly": {
        "nl": "Eens per week krijgt de controleur te lezen welke keren inkijken iemand moet navragen, zonder "
        "namen en zonder medewerkers te tellen of te vergelijken.",
        "en": "Once a week the auditor is told which looks somebody should ask about, without names, and "
        "without counting or comparing staff.",
    },
    "logs": {
        "nl": "In logboeken en tellingen staan geen namen, adressen, signalen of codes.",
        "en": "Logs and metrics hold no names, addresses, signals or codes.",
    },
    "blank": {
        "nl": "Een scherm dat de verbinding verliest, verbergt de namen.",
        "en": "A screen that loses its connection hides the names.",
    },
    "sqlite": {
        "nl": "De database is een bestand op de server; volg de handleiding, dan leest alleen "
        "het programma haar map.",
        "en": "The database is a file on the server; installed by the manual, its folder is read "
        "by the program only.",
    },
    "postgresql": {
        "nl": "De database is PostgreSQL.",
        "en": "The database is PostgreSQL.",
    },
}
