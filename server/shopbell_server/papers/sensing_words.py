"""The words of the statement of sensing, nl and en: what every sensor in every store hears.

Owns: every sentence of it.
Never: which sensors there are (`facts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.papers.shared_words import Words

SENSING: Final[Words] = {
    "title": {"nl": "Verklaring over waarneming", "en": "Statement of sensing"},
    "intro": {
        "nl": "Dit stuk zegt van elke sensor in elke winkel wat hij waarneemt, wat hij weggooit, "
        "en wat er van wordt bewaard.",
        "en": "This paper says of every sensor in every store what it senses, what it throws "
        "away, and what is kept of it.",
    },
    "kinds_title": {
        "nl": "Wat elke soort sensor waarneemt",
        "en": "What each kind of sensor senses",
    },
    "kind": {"nl": "Sensor", "en": "Sensor"},
    "takes": {"nl": "Neemt waar", "en": "Takes"},
    "drops": {"nl": "Gooit meteen weg", "en": "Drops at once"},
    "radio_takes": {
        "nl": "Signalen van onze eigen app, herkenbaar aan {uuid} (iBeacon en servicegegevens) "
        "of aan een dienst die begint met {prefix}. "
        "Elk signaal draagt een code die ieder kwartier verandert; alleen de server kan haar "
        "lezen. Plus de sterkte en de tijd.",
        "en": "Signals of our own app, known by {uuid} (iBeacon and service data) or by a "
        "service that begins with {prefix}. "
        "Each carries a token that changes every quarter of an hour; only the server can read "
        "it. And its strength and time.",
    },
    "radio_fixed": {
        "nl": "Op kastjes waar dat hieronder staat ook hangers en kaarten met een vast nummer "
        "(iBeacon, AltBeacon, Eddystone), als een klant ze heeft aangemeld.",
        "en": "At boxes where it is said below also fobs and cards with a fixed number (iBeacon, "
        "AltBeacon, Eddystone), if a customer registered them.",
    },
    "radio_drops": {
        "nl": "Alle andere signalen, in het geheugen, vóór er iets wordt geschreven of geteld. "
        "Bluetooth-adressen verlaten de ontvangst niet. "
        "Ook een signaal van onze app dat de server niet (meer) kan plaatsen, wordt niet bewaard.",
        "en": "All other signals, in memory, before anything is written or counted. Bluetooth "
        "addresses do not leave the reception. "
        "A signal of our app that the server cannot place (any more) is not kept either.",
    },
    "camera_takes": {
        "nl": "Onze pascodes (QR) die voor de camera worden gehouden{numbers}.",
        "en": "Our pass codes (QR) that are held up to the camera{numbers}.",
    },
    "barcode_takes": {
        "nl": "Onze pascodes{numbers} die een medewerker scant.",
        "en": "Our pass codes{numbers} that staff scan.",
    },
    "and_numbers": {
        "nl": " en klantnummers van de vorm die is ingesteld, versleuteld voor de server",
        "en": " and customer numbers of the configured form, sealed to the server",
    },
    "camera_drops": {
        "nl": "Elk beeld, zodra erin naar een code is gekeken. Gezichten worden niet gezocht. "
        "Van andere codes blijft alleen een telling.",
        "en": "Every picture, as soon as a code was looked for in it. Faces are not looked for. "
        "Of other codes only a count remains.",
    },
    "barcode_drops": {
        "nl": "Alle andere codes: artikelen, websites, wifi. Ze worden geteld, niet bewaard en "
        "nooit geopend.",
        "en": "All other codes: articles, websites, Wi-Fi. They are counted, not kept, and never "
        "opened.",
    },
    "phone": {"nl": "Haar eigen telefoon", "en": "Her own phone"},
    "phone_takes": {
        "nl": "Bakens in de winkel zenden uit en horen niets. Onze app hoort ze, en meldt de server "
        "dat zij er is, als zij dat toestaat.",
        "en": "Beacons in the store send, and hear nothing. Our app hears them, and tells the server "
        "that she is there, if she allows it.",
    },
    "phone_drops": {
        "nl": "Een melding van voor of na haar toestemming, en van een telefoon van een medewerker.",
        "en": "A report from before or after her consent, and of a phone of somebody who works there.",
    },
    "never": {
        "nl": "Niet gebruikt: gezichtsherkenning, wifi-signalen, geluid, het tellen van "
        "onbekende telefoons.",
        "en": "Not used: face recognition, Wi-Fi signals, sound, counting unknown phones.",
    },
    "stores_title": {"nl": "Per winkel", "en": "By store"},
    "box": {"nl": "Kastje", "en": "Box"},
    "sensors": {"nl": "Sensoren en zone", "en": "Sensors and zone"},
    "hours": {"nl": "Openingstijden", "en": "Opening hours"},
    "inactive": {"nl": "uitgeschakeld: wordt niet gehoord", "en": "not active: it is not heard"},
    "hears_fobs": {
        "nl": "hoort ook hangers en kaarten",
        "en": "hears fobs and cards as well",
    },
    "reads_numbers": {"nl": "leest ook klantnummers", "en": "reads customer numbers as well"},
    "always": {
        "nl": "luistert altijd (geen openingstijden ingesteld)",
        "en": "always listens (no opening hours set)",
    },
    "rests": {
        "nl": "Daarbuiten staat de radio uit.",
        "en": "Outside them the radio is off.",
    },
    "listens": {
        "nl": "Ook daarbuiten luistert de radio.",
        "en": "Outside them the radio listens too.",
    },
    "closed": {"nl": "dicht", "en": "closed"},
    "unknown": {
        "nl": "wat dit kastje waarneemt; de instellingen zijn niet meegegeven",
        "en": "what this box senses; its settings were not handed in",
    },
    "no_edges": {"nl": "In deze winkel luistert niets.", "en": "Nothing listens in this store."},
    "no_stores": {"nl": "Er zijn nog geen winkels ingevoerd.", "en": "No stores are known yet."},
    "kept_title": {
        "nl": "Wat waar hoe lang wordt bewaard",
        "en": "What is kept where, for how long",
    },
    "what": {"nl": "Wat", "en": "What"},
    "how_long": {"nl": "Hoe lang", "en": "How long"},
}
